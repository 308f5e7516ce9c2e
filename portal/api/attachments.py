"""Files of a request: add one, list them, fetch one. They are handed out as downloads only, never shown."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse, Response

from intake.attach import MAX_BYTES, PLAIN, attach, attachments, read_attachment
from intake.read import show
from intake.view import of_attachment
from portal import asked, shapes
from portal.api.lists import Number
from portal.bodies import RawBody
from portal.contract import file_body, problems
from portal.identity import Asker, Reader, TheDesk

router: Final = APIRouter(prefix="/requests/{number}/attachments", tags=["requests"])
_Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["0123456789abcdef"])]
_DISPOSITION: Final = {"Content-Disposition": {"schema": {"type": "string"}, "required": True}}
CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, as it was sent",
        "content": {PLAIN: {"schema": {"type": "string", "format": "binary"}}},
        "headers": _DISPOSITION,
    }
}


def _sees_request(desk: TheDesk, actor: Asker, number: Number) -> None:
    show(desk, actor, number)


@router.post(
    "",
    status_code=201,
    response_model=shapes.Attachment,
    dependencies=[Depends(_sees_request)],
    responses=problems(404, 408, 409, 413),
    openapi_extra=file_body(MAX_BYTES),
)
def add_attachment(
    request: Request,
    desk: TheDesk,
    actor: Asker,
    number: Number,
    query: Annotated[asked.FileName, Query()],
    content: RawBody,
) -> JSONResponse:
    """Add a file of at most 5 MiB to a request that has not ended: the body is the file, whatever its Content-Type."""
    added = attach(desk, actor, number, query.name, content, _media_type(request))
    return JSONResponse(of_attachment(added), 201)


@router.get("", response_model=shapes.Items[shapes.Attachment], responses=problems(404))
def list_attachments(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """The files of a request, the first one first, without their content."""
    return JSONResponse({"items": [of_attachment(a) for a in attachments(desk, actor, number)]})


@router.get("/{attachment_id}", response_class=Response, responses={**problems(404), **CONTENT})
def read_content(desk: TheDesk, actor: Reader, number: Number, attachment_id: _Id) -> Response:
    """The file, byte for byte. Always application/octet-stream: what somebody sent must not run in a browser."""
    found = read_attachment(desk, actor, number, attachment_id)
    return downloaded(found.name, found.content)


def _media_type(request: Request) -> str:
    """The Content-Type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip() or PLAIN


def downloaded(name: str, content: bytes) -> Response:
    """A file as a download. Always application/octet-stream: what somebody sent must not run in a browser."""
    headers = {"Content-Disposition": disposition(name), "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=PLAIN, headers=headers)


def disposition(name: str) -> str:
    """A download under this name: in ASCII for old clients, whole as RFC 5987 writes it (RFC 6266, appendix D)."""
    plain = "".join(c if c.isascii() and c not in '"%\\' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
