"""What happened: of one request or of everything, as pages, or live as server-sent events."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse, Response

from domain.request import Actor
from intake.desk import Desk
from intake.read import Stretch, events_of, feed, show
from intake.view import of_event
from portal import shapes, stream
from portal.api.lists import Number
from portal.asked import MAX_NUMBER, After
from portal.contract import problems
from portal.identity import TheDesk, Watching

router: Final = APIRouter(tags=["events"])
_From = Annotated[After, Query()]
_LastId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=MAX_NUMBER, description="Where a broken stream goes on")
]
_TWO_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page, or with `Accept: text/event-stream` a stream: each event's id is its sequence number",
        "content": {stream.MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.get("/requests/{number}/events", response_model=shapes.Events, responses={**problems(404), **_TWO_FORMS})
def request_events(
    request: Request,
    desk: TheDesk,
    caller: Watching,
    number: Number,
    query: _From,
    last_event_id: _LastId = None,
) -> Response:
    """A request's events. The stream ends with an `end` event when the job is over and all was sent."""
    if not _wants_stream(request):
        return _page(_of_one(desk, caller.actor, number, query))
    show(desk, caller.actor, number)  # raises NotFound before the stream begins
    read = stream.of_job(desk, caller.actor, number)
    return stream.follow(request.app.state.tail, read, last_event_id or query.after, caller.again)


@router.get("/events", response_model=shapes.Events, responses={**problems(), **_TWO_FORMS})
def all_events(
    request: Request,
    desk: TheDesk,
    caller: Watching,
    query: _From,
    last_event_id: _LastId = None,
) -> Response:
    """All events that you may see, in the order in which they were committed; for portals that keep a copy."""
    if not _wants_stream(request):
        return _page(feed(desk, caller.actor, query.after, query.limit))
    read = stream.of_everything(desk, caller.actor)
    return stream.follow(request.app.state.tail, read, last_event_id or query.after, caller.again)


def _wants_stream(request: Request) -> bool:
    return stream.MEDIA_TYPE in request.headers.get("accept", "")


def _of_one(desk: Desk, actor: Actor, number: int, query: After) -> Stretch:
    events = events_of(desk, actor, number, query.after, query.limit)
    position = events[-1].seq if events else query.after
    return Stretch(events=events, position=position, more=len(events) == query.limit)


def _page(found: Stretch) -> JSONResponse:
    items, position = [of_event(e) for e in found.events], found.position
    return JSONResponse({"items": items, "next": position if found.more else None, "position": position})
