"""Looking: lists of requests that stay stable while others come in, one request, its versions."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse

from domain.job import RequestState, State
from domain.request import Request as Version
from intake.desk import Desk
from intake.read import MOST, Filter, Item, search, show, versions
from intake.view import of_item
from portal import shapes
from portal.asked import Moment, PlainText
from portal.contract import problems
from portal.identity import Reader, TheDesk

router: Final = APIRouter(prefix="/requests", tags=["requests"])
MAX_NUMBER: Final = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER, examples=[1])]
_Name = Annotated[PlainText | None, Query(min_length=1, max_length=200)]
_Cursor = Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,17}$", description="`next` of the page before")]
_ETAG: Final = {"ETag": {"schema": {"type": "string"}, "required": True}}
WITH_ETAG: Final[dict[int | str, dict[str, Any]]] = {200: {"headers": _ETAG}}


@router.get("", response_model=shapes.Paged[shapes.Request], responses=problems())
def list_requests(
    request: Request,
    desk: TheDesk,
    actor: Reader,
    state: RequestState | None = None,
    execution: Annotated[list[State], Query(max_length=len(State))] = [],  # noqa: B006  FastAPI copies it
    operation: _Name = None,
    place: _Name = None,
    tenant: _Name = None,
    asked_from: Annotated[Moment, Query(description="Asked at this time or later")] = None,
    asked_to: Annotated[Moment, Query(description="Asked before this time")] = None,
    text: Annotated[PlainText | None, Query(max_length=200, description="In description, opinion, submitter")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: _Cursor = None,
) -> JSONResponse:
    """Requests, newest first. Follow `next` (also in the Link header): no page has a gap or a double."""
    wanted = Filter(
        tenant=tenant,
        operation=operation,
        place=place,
        states=tuple(execution),
        request_state=state,
        asked_from=asked_from,
        asked_to=asked_to,
        text=text or "",
        before=int(cursor) if cursor else None,
        limit=limit,
    )
    items = search(desk, actor, wanted)
    after = str(items[-1].request.number) if len(items) == limit else None
    headers = {"Link": f'<{request.url.include_query_params(cursor=after)}>; rel="next"'} if after else {}
    return JSONResponse({"items": [of_item(i, desk.catalog) for i in items], "next": after}, 200, headers)


@router.get("/{number}", response_model=shapes.Request, responses={**problems(404), **WITH_ETAG})
def show_request(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """One request with its job. Its ETag is what an edit names in If-Match."""
    return shown(desk, show(desk, actor, number))


@router.get("/{number}/versions", response_model=shapes.Items[shapes.Version], responses=problems(404))
def list_versions(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """Every version of a request, the first one first."""
    return JSONResponse({"items": [_version(v) for v in versions(desk, actor, number)]})


def shown(desk: Desk, item: Item) -> JSONResponse:
    """A request as it is now, with its revision as the ETag."""
    return JSONResponse(of_item(item, desk.catalog), 200, {"ETag": f'"{item.job.rev}"'})


def _version(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "version": version.version,
        "params": version.params,
        "planned_at": version.planned_at.isoformat(),
        "asked_at": version.asked_at.isoformat(),
        "asked_by": version.asked_by,
        "description": version.description,
        "email": version.email,
    }
