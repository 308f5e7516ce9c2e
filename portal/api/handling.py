"""Changing: edit, cancel, rate by those who asked; accept, reject, resolve by the provider's operators."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
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
from portal.problems import PreconditionFailed, PreconditionMissing

router: Final = APIRouter(prefix="/requests/{number}", tags=["requests"])
_IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=200, description="The ETag that the edit was made from, or *")
]
_TAG: Final = re.compile(r'\s*(W/)?"([^"]*)"\s*')
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {**problems_with_body(404, 409), **WITH_ETAG}
_EDIT_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {**problems_with_body(404, 409, 412, 428), **WITH_ETAG}


@router.patch("", response_model=shapes.Request, responses=_EDIT_ANSWERS, openapi_extra=body(asked.Edit))
def edit_request(desk: TheDesk, actor: Asker, number: Number, change: Body, if_match: _IfMatch = None) -> JSONResponse:
    """Give a request another time or description, before it has begun. Makes a new version."""
    rev = _revision(desk, actor, number, if_match)
    try:
        edit(desk, actor, number, rev, change)
    except Conflict as conflict:
        raise _stale(conflict) from conflict
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


def _revision(desk: Desk, actor: Actor, number: int, if_match: str | None) -> int:
    """The revision that the edit is made from. Raises PreconditionMissing, PreconditionFailed, NotFound."""
    current = show(desk, actor, number).job.rev
    if if_match is None:
        zh, en = "请发送 If-Match：读取时得到的 ETag", "Send If-Match with the ETag that you read"
        raise PreconditionMissing(Text(zh, en))
    if if_match.strip() == "*":
        return current
    tags = [_TAG.fullmatch(t) for t in if_match.split(",")]
    strong = {t.group(2) for t in tags if t and not t.group(1)}
    if str(current) not in strong:
        zh, en = (
            f"运维单 {number} 已被修改，请重新读取",
            f"Request {number} has changed since you read it; read it again",
        )
        raise PreconditionFailed(Text(zh, en), number=number, yours=if_match, current=current)
    return current


def _stale(conflict: Conflict) -> Conflict:
    """Somebody was faster between our look and the edit: that is a failed precondition too."""
    return PreconditionFailed(conflict.text, (), **conflict.facts) if "current" in conflict.facts else conflict
