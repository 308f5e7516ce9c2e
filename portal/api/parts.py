"""The batches of a request's script, page by page; and the way back to before it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse

from intake.parts import parts
from intake.read import show
from intake.script_view import of_parts
from intake.submit import MAX_KEY
from intake.view import of_answer
from intake.way_back import restore_of, written_since
from portal import asked, script_shapes, shapes
from portal.api.lists import Number
from portal.bodies import OptionalBody
from portal.contract import body, problems, problems_with_body
from portal.identity import Asker, Reader, TheDesk

router: Final = APIRouter(prefix="/requests/{number}", tags=["scripts"])
_Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=MAX_KEY)]
_LOCATION: Final = {"Location": {"schema": {"type": "string"}, "required": True}}


@router.get("/parts", response_model=script_shapes.Parts, responses=problems(404))
def list_parts(
    request: Request, desk: TheDesk, actor: Reader, number: Number, query: Annotated[asked.PartsWanted, Query()]
) -> JSONResponse:
    """How the batches of a request's script stand. Ask for `colour=red` first: errors do not drown among successes."""
    page = parts(desk, actor, number, after=query.after, limit=query.limit, colour=query.colour)
    headers: dict[str, str] = {}
    if page.next:
        headers["Link"] = f'<{request.url.include_query_params(after=page.next)}>; rel="next"'
    return JSONResponse(of_parts(page), 200, headers)


@router.get("/way-back", response_model=script_shapes.WayBack, responses=problems(404, 409))
def show_way_back(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """What a restore from the backup that this request took would undo."""
    return JSONResponse(dict(written_since(desk, show(desk, actor, number))))


@router.post(
    "/restore",
    status_code=201,
    response_model=shapes.Accepted,
    responses={
        **problems_with_body(404, 409),
        200: {"model": shapes.Accepted, "description": "The same key asked before: the first answer again"},
        201: {"headers": _LOCATION},
    },
    openapi_extra=body(asked.Back, required=False),
)
def restore_request(desk: TheDesk, actor: Asker, number: Number, word: OptionalBody, key: _Key = None) -> JSONResponse:
    """Restore the request's data center from the backup taken before it: a new request, with its own policies."""
    answer = restore_of(desk, actor, number, word, key)
    headers: dict[str, Any] = {"Location": f"/api/v1/requests/{answer.number}"}
    return JSONResponse(of_answer(answer), 200 if answer.replayed else 201, headers)
