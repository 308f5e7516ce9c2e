"""Around every answer: security headers, how long it took, and an incident number where we failed."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.text import Text
from portal.bodies import too_large
from portal.limits import Limits
from portal.problems import Ours, answer

log = logging.getLogger("yunwei.portal")
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Timed = Callable[[str, str, int, float], None]


class Guard:
    """ASGI middleware. `timed(route, method, status, seconds)` hears of each answer as it begins."""

    def __init__(self, app: ASGIApp, limits: Limits, timed: Timed) -> None:
        self._app = app
        self._limits = limits
        self._timed = timed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = _Answering(scope, send, self._timed)
        try:
            await self._pass(scope, receive, answering)
        except Exception as error:
            if answering.begun:  # half an answer is out: nothing better can be said
                raise
            response = answer(_incident(scope, error), Request(scope))
            await response(scope, receive, answering)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._limits.bytes_at(scope["path"])
        if _announced(scope) > most:  # before anything of it is read
            await answer(too_large(most), Request(scope))(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Answering:
    """Sends on, adding headers to the first message and measuring the time until then."""

    def __init__(self, scope: Scope, send: Send, timed: Timed) -> None:
        self._scope = scope
        self._send = send
        self._timed = timed
        self._since = time.perf_counter()
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._add_headers(message)
            took_s = time.perf_counter() - self._since
            self._timed(_template(self._scope), self._scope["method"], message["status"], took_s)
        await self._send(message)

    def _add_headers(self, message: Message) -> None:
        there = {name.lower() for name, _ in message["headers"]}
        extra = {**HEADERS, **self._scope.get("state", {}).get("headers", {})}
        new = [(n.lower().encode(), v.encode()) for n, v in extra.items() if n.lower().encode() not in there]
        message["headers"] = [*message["headers"], *new]


def _announced(scope: Scope) -> int:
    value: bytes = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


def _incident(scope: Scope, error: Exception) -> Ours:
    number = uuid.uuid4().hex
    log.error("incident %s: %s %s", number, scope["method"], _template(scope), exc_info=error)
    zh, en = f"请将事件编号 {number} 告知服务商", f"Tell the provider this incident number: {number}"
    return Ours(Text(zh, en), incident=number)


def _template(scope: Scope) -> str:
    """The route, not the path: numbers and names would make a figure of every request."""
    return str(getattr(scope.get("route"), "path", "none"))
