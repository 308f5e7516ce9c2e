"""Artifacts: list them, look at one, delete it, download it whole or in part, make a link to it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse, Response

from domain.request import Actor
from intake.artifact_view import of_artifact, of_link
from intake.artifacts import Wanted, artifacts, cursor_of, delete, get
from intake.desk import Desk
from intake.downloads import allowed, fetch
from intake.links import make, seconds
from portal import artifact_shapes, asked, shapes
from portal.bodies import OptionalBody
from portal.contract import body, problems, problems_with_body
from portal.identity import Asker, Reader, TheDesk
from portal.leaving import PLAIN, Leaving, head_answer, headers_of, is_known, range_of

router: Final = APIRouter(prefix="/artifacts", tags=["artifacts"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["0123456789abcdef"])]
_BYTES: Final = {PLAIN: {"schema": {"type": "string", "format": "binary"}}}
_HEADERS: Final = {
    name: {"schema": {"type": "string"}, "required": True}
    for name in ("ETag", "Accept-Ranges", "Content-Disposition", "Last-Modified")
}
CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The artifact", "content": _BYTES, "headers": _HEADERS},
    206: {"description": "The range that was asked for", "content": _BYTES, "headers": _HEADERS},
    304: {"description": "If-None-Match names these very bytes", "headers": _HEADERS},
}


@router.get("", response_model=shapes.Paged[artifact_shapes.Artifact], responses=problems())
def list_artifacts(
    request: Request, desk: TheDesk, actor: Reader, query: Annotated[asked.WantedArtifacts, Query()]
) -> JSONResponse:
    """Artifacts, newest first: backups, uploads, packages, scripts."""
    found = artifacts(desk, actor, Wanted(**query.model_dump()))
    after = cursor_of(found[-1]) if len(found) == query.limit else None
    headers = {"Link": f'<{request.url.include_query_params(cursor=after)}>; rel="next"'} if after else {}
    return JSONResponse({"items": [of_artifact(each) for each in found], "next": after}, 200, headers)


@router.get("/{artifact_id}", response_model=artifact_shapes.Artifact, responses=problems(404))
def show_artifact(desk: TheDesk, actor: Reader, artifact_id: Id) -> JSONResponse:
    """One artifact: how it stands, and what is known of it."""
    return JSONResponse(of_artifact(get(desk, actor, artifact_id)))


@router.delete("/{artifact_id}", response_model=artifact_shapes.Artifact, responses=problems(404, 409))
def delete_artifact(desk: TheDesk, actor: Asker, artifact_id: Id) -> JSONResponse:
    """Delete an artifact and its bytes. Not while a request that has not ended uses it."""
    return JSONResponse(of_artifact(delete(desk, actor, artifact_id)))


@router.get("/{artifact_id}/content", response_class=Response, responses={**problems(404, 409, 416, 502), **CONTENT})
def download(request: Request, desk: TheDesk, actor: Reader, artifact_id: Id) -> Response:
    """The bytes, whole or the one Range that is asked for (If-Range and If-None-Match are honoured).

    A tenant's people need an effective download letter and traffic that is left; what leaves is counted.
    """
    return answer_with(request, desk, actor, artifact_id, "api")


@router.head("/{artifact_id}/content", response_class=Response, responses={**problems(404, 409), 200: CONTENT[200]})
def look_at_content(desk: TheDesk, actor: Reader, artifact_id: Id) -> Response:
    """What a download would answer, without the bytes: size, ETag, name."""
    return head_answer(allowed(desk, actor, artifact_id))


@router.post(
    "/{artifact_id}/links",
    status_code=201,
    response_model=artifact_shapes.Link,
    responses=problems_with_body(404, 409),
    openapi_extra=body(asked.AskLink, required=False),
)
def make_link(request: Request, desk: TheDesk, actor: Reader, artifact_id: Id, given: OptionalBody) -> JSONResponse:
    """An address that opens this artifact without a token for a while, at most seven days.

    It is the artifact store's own where that can sign (S3): then the whole size counts as traffic at once. Else it is
    the portal's, and what leaves is counted as it leaves.
    """
    link = make(desk, actor, artifact_id, seconds(given))
    return JSONResponse(of_link(link, str(request.base_url)), 201)


def answer_with(request: Request, desk: Desk, actor: Actor, artifact_id: str, by: str) -> Response:
    """A download, if the policies allow it."""
    record = allowed(desk, actor, artifact_id)
    if is_known(request, record):
        return Response(None, 304, headers_of(record))
    range_ = range_of(request, record)
    return Leaving(fetch(desk, actor, record, range_, by), part=range_ is not None)
