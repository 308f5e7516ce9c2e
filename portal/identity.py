"""Who is asking: a Bearer token becomes an actor, and its scopes say what it may be used for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.errors import Denied
from domain.request import Actor
from domain.secret import Secret
from domain.text import Text
from intake.desk import Desk
from intake.people import actor_of
from portal.problems import NoEntry

_ID_LENGTH: Final = 15  # yw_ and the token's id: what may be remembered of it
_bearer = HTTPBearer(auto_error=False, description="A token of `yunwei token issue`: `Authorization: Bearer yw_…`")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody with a token. `again` looks once more whether it still opens the door."""

    actor: Actor
    token_id: str
    again: Callable[[], Actor]


async def desk_of(request: Request) -> Desk:
    """The desk of this app."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]


def caller(request: Request, desk: TheDesk, credentials: _Credentials) -> Caller:
    """Who shows this token. Raises NoEntry, or TooMany."""
    if credentials is None:
        zh = "请求缺少令牌；请发送 Authorization: Bearer <令牌>"
        raise NoEntry(Text(zh, "There is no token; send Authorization: Bearer <token>"))
    presented = Secret(credentials.credentials)
    actor = _enter(desk, presented)
    token_id = presented.open()[:_ID_LENGTH]
    request.state.headers = {**getattr(request.state, "headers", {}), **request.app.state.rates.take(token_id)}
    return Caller(actor=actor, token_id=token_id, again=lambda: _enter(desk, presented))


def _enter(desk: Desk, presented: Secret) -> Actor:
    try:
        return actor_of(desk, presented)
    except Denied as denied:
        raise NoEntry(denied.text) from None


def _holder_of(*scopes: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency: the caller, if the token has one of these scopes. Raises Denied."""

    async def check(known: Annotated[Caller, Depends(caller)]) -> Caller:
        if not known.actor.scopes.intersection(scopes):
            wanted = " or ".join(scopes)
            zh, en = f"令牌缺少所需范围：{wanted}", f"The token lacks the scope: {wanted}"
            raise Denied(Text(zh, en), scope=scopes[0])
        return known

    return check


def actor_with(*scopes: str) -> Any:
    """The same for routes that need only the actor."""
    holder = _holder_of(*scopes)

    async def actor(known: Annotated[Caller, Depends(holder)]) -> Actor:
        return known.actor

    return Depends(actor)


def of_the_provider(actor: Actor, *, operator: bool) -> None:
    """Some things are no tenant's business. Raises Denied."""
    if actor.tenant is None and (actor.is_operator or not operator):
        return
    zh, en = "只有服务商人员可以这样做", "Only the provider's people may do this"
    raise Denied(Text(zh, en), role="operator")


Watching = Annotated[Caller, Depends(_holder_of("read"))]
Anybody = Annotated[Caller, Depends(caller)]
Reader = Annotated[Actor, actor_with("read")]
Checker = Annotated[Actor, actor_with("read", "submit")]
Asker = Annotated[Actor, actor_with("submit")]
Canceller = Annotated[Actor, actor_with("submit", "operate")]
Operator = Annotated[Actor, actor_with("operate")]
Administrator = Annotated[Actor, actor_with("admin")]
