"""Changing: edit, cancel, rate by those who asked; accept, reject, resolve by the provider's operators."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import JSONResponse

from domain.errors import Conflict
from domain.request import Actor
from domain.text import Text
from intake.approve import accept, reject, resolve
from intake.change import cancel, edit, rate
from intake.desk import Desk
from intake.read import show
from portal import asked, shapes
from portal.api.lists import WITH_ETAG, Number, shown
from portal.bodies import Body, OptionalBody
from portal.contract import body, problems_with_body
from portal.identity import Asker, Canceller, Operator, TheDesk
from portal.revisions import IfMatch, matched, stale

router: Final = APIRouter(prefix="/requests/{number}", tags=["requests"])
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {**problems_with_body(404, 409), **WITH_ETAG}
_EDIT_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {**problems_with_body(404, 409, 412, 428), **WITH_ETAG}


@router.patch("", response_model=shapes.Request, responses=_EDIT_ANSWERS, openapi_extra=body(asked.Edit))
def edit_request(desk: TheDesk, actor: Asker, number: Number, change: Body, if_match: IfMatch = None) -> JSONResponse:
    """Give a request another time or description, before it has begun. Makes a new version."""
    noun = Text(f"运维单 {number} ", f"Request {number}")
    rev = matched(show(desk, actor, number).job.rev, if_match, noun)
    try:
        edit(desk, actor, number, rev, change)
    except Conflict as conflict:
        raise stale(conflict) from conflict
    return shown(desk, show(desk, actor, number))


def _route(path: str, shape: type[asked.Asked], *, required: bool = True) -> Callable[..., Any]:
    extra = body(shape, required=required)
    return router.post(path, response_model=shapes.Request, responses=_ANSWERS, openapi_extra=extra)


@_route("/cancel", asked.Reason)
def cancel_request(desk: TheDesk, actor: Canceller, number: Number, why: Body) -> JSONResponse:
    """Withdraw what is pending, cancel what waits, or (operators) stop what runs. Refused inside the cutoff."""
    return _done(desk, actor, number, cancel, why)


@_route("/accept", asked.Opinion, required=False)
def accept_request(desk: TheDesk, actor: Operator, number: Number, word: OptionalBody) -> JSONResponse:
    """A pending request may run at its time."""
    return _done(desk, actor, number, accept, word)


@_route("/reject", asked.Rejection)
def reject_request(desk: TheDesk, actor: Operator, number: Number, word: Body) -> JSONResponse:
    """A pending request will not run; the opinion says why."""
    return _done(desk, actor, number, reject, word)


@_route("/resolve", asked.Resolution)
def resolve_request(desk: TheDesk, actor: Operator, number: Number, word: Body) -> JSONResponse:
    """Say what became of a step that nobody else can tell: `done`, `run-again` or `failed`."""
    return _done(desk, actor, number, resolve, word)


@_route("/rating", asked.Rating)
def rate_request(desk: TheDesk, actor: Asker, number: Number, rating: Body) -> JSONResponse:
    """Rate work that has ended, once: the request is then completed."""
    return _done(desk, actor, number, rate, rating)


def _done(
    desk: Desk,
    actor: Actor,
    number: int,
    do: Callable[[Desk, Actor, int, Mapping[str, Any]], object],
    word: Mapping[str, Any],
) -> JSONResponse:
    do(desk, actor, number, word)
    return shown(desk, show(desk, actor, number))
