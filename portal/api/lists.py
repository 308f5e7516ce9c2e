"""Looking: lists of requests that stay stable while others come in, one request, its versions."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse

from domain.request import Request as Version
from intake.desk import Desk
from intake.read import Filter, Item, search, show, versions
from intake.view import of_item
from portal import shapes
from portal.asked import MAX_NUMBER, Wanted
from portal.contract import problems
from portal.identity import Reader, TheDesk

router: Final = APIRouter(prefix="/requests", tags=["requests"])
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER, examples=[1])]
_ETAG: Final = {"ETag": {"schema": {"type": "string"}, "required": True}}
WITH_ETAG: Final[dict[int | str, dict[str, Any]]] = {200: {"headers": _ETAG}}


@router.get("", response_model=shapes.Paged[shapes.Request], responses=problems())
def list_requests(request: Request, desk: TheDesk, actor: Reader, query: Annotated[Wanted, Query()]) -> JSONResponse:
    """Requests, newest first. Follow `next` (also in the Link header): no page has a gap or a double."""
    items = search(desk, actor, _filter(query))
    after = str(items[-1].request.number) if len(items) == query.limit else None
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


def _filter(query: Wanted) -> Filter:
    same = ("tenant", "operation", "place", "asked_from", "asked_to", "limit")
    return Filter(
        **{name: getattr(query, name) for name in same},
        states=tuple(query.execution),
        request_state=query.state,
        text=query.text or "",
        before=int(query.cursor) if query.cursor else None,
    )


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
