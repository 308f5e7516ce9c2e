"""Our errors as RFC 9457 problem documents: one table, for everything that can go wrong on the way to an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from domain.artifact import OutOfRange
from domain.decision import Refused
from domain.errors import (
    Broke,
    Conflict,
    Denied,
    Fault,
    Gone,
    Mistake,
    NotFound,
    Overtaken,
    Severed,
    Stopped,
    StoreDown,
    TimedOut,
    Trouble,
    Unreachable,
)
from domain.text import Text
from portal.languages import preferred

MEDIA_TYPE: Final = "application/problem+json"
RETRY_S: Final = 5


class NoEntry(Denied):
    """Nobody has shown a token that opens anything."""

    code = "no-entry"
    title = Text("需要令牌", "A token is needed")


class PreconditionMissing(Mistake):
    """An edit must say which revision it was made from."""

    code = "precondition-required"
    title = Text("缺少 If-Match", "If-Match is missing")


class PreconditionFailed(Conflict):
    """The request has changed since it was read."""

    code = "precondition-failed"
    title = Text("内容已被修改", "It has changed")


class TooLarge(Mistake):
    """The body is longer than we read."""

    code = "too-large"
    title = Text("请求体过大", "The body is too large")


class TooSlow(Mistake):
    """The body did not arrive in time."""

    code = "too-slow"
    title = Text("请求体传输超时", "The body came too slowly")


class WrongType(Mistake):
    """The body is of a type that we do not read."""

    code = "wrong-content-type"
    title = Text("内容类型不支持", "The content type is not supported")


class WrongVersion(Mistake):
    """The client speaks another version of the upload protocol (tus) than we do."""

    code = "wrong-version"
    title = Text("协议版本不支持", "The version of the protocol is not supported")


class WrongChecksum(Mistake):
    """A piece of an upload does not have the checksum that came with it; nothing of it was stored."""

    code = "wrong-checksum"
    title = Text("校验和不符", "The checksum is wrong")


class TooMany(Trouble):
    """This token asks too often."""

    code = "too-many"
    title = Text("请求过于频繁", "Too many requests")


class NoRoute(NotFound):
    """There is no such address."""

    code = "no-route"
    title = Text("地址不存在", "There is no such address")


class NoMethod(Mistake):
    """The address exists, the method does not."""

    code = "no-method"
    title = Text("方法不支持", "The method is not supported")


class Ours(Trouble):
    """A mistake of ours. `incident` finds it in the log; nothing else about it leaves the house."""

    code = "internal"
    title = Text("服务器内部错误", "An error of ours")


# The status of each error; a class that is not here has the one of its nearest base.
STATUS: Final[dict[type[Trouble], int]] = {
    Mistake: 422,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    PreconditionFailed: 412,
    WrongVersion: 412,
    OutOfRange: 416,
    PreconditionMissing: 428,
    TooLarge: 413,
    TooSlow: 408,
    WrongType: 415,
    WrongChecksum: 460,
    NoMethod: 405,
    Refused: 403,
    Denied: 403,
    NoEntry: 401,
    TooMany: 429,
    Unreachable: 503,
    TimedOut: 504,
    Broke: 502,
    Severed: 502,
    Overtaken: 409,
    Stopped: 409,
    Trouble: 500,
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem document before it is put on the wire."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def status_of(trouble: Trouble) -> int:
    """The HTTP status that this error answers with."""
    return next(STATUS[kind] for kind in type(trouble).__mro__ if kind in STATUS)


def problem_of(trouble: Trouble, accept_language: str | None = None, instance: str = "") -> Problem:
    """The document of an error, its title and detail in the client's language, `text` in both."""
    language, status = preferred(accept_language), status_of(trouble)
    text = _told(trouble)
    body: dict[str, Any] = {
        "type": f"urn:yunwei:problem:{trouble.code}",
        "title": trouble.title.to(language),
        "status": status,
        "detail": text.to(language),
        "code": trouble.code,
        "text": text.as_dict(),
        **({"instance": instance} if instance else {}),
        **_extras(trouble),
    }
    return Problem(status=status, body=body, headers=_headers(trouble))


def answer(trouble: Trouble, request: Request, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The error as the response to a request."""
    problem = problem_of(trouble, request.headers.get("accept-language"), request.url.path)
    all_headers = {**problem.headers, **(headers or {}), "Vary": "Accept-Language"}
    return JSONResponse(problem.body, problem.status, all_headers, media_type=MEDIA_TYPE)


def _told(trouble: Trouble) -> Text:
    """What may be said outside: where our database lives is nobody's business."""
    if isinstance(trouble, StoreDown):
        zh = "服务暂时不可用；您的请求可能已执行，也可能未执行：请先查询，或用相同的 Idempotency-Key 重试"
        en = "Not available now; what you asked for may or may not be done"
        return Text(zh, f"{en}: look, or repeat it with the same Idempotency-Key")
    return trouble.text


def _extras(trouble: Trouble) -> dict[str, Any]:
    if isinstance(trouble, Refused):
        decision = trouble.decision.as_dict()
        return {"decision": decision, "until": decision["until"]}
    if isinstance(trouble, Conflict):
        return {"facts": dict(trouble.facts)}
    if isinstance(trouble, Mistake) and trouble.faults:
        return {"errors": [_fault(f) for f in trouble.faults]}
    return {"incident": trouble.facts["incident"]} if isinstance(trouble, Ours) else {}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"path": fault.path, "code": fault.code, **fault.text.as_dict()}


def _headers(trouble: Trouble) -> dict[str, str]:
    if isinstance(trouble, NoEntry):
        return {"WWW-Authenticate": 'Bearer realm="yunwei"'}
    if isinstance(trouble, Denied) and "scope" in trouble.facts:
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{trouble.facts["scope"]}"'}
    if isinstance(trouble, OutOfRange):
        return {"Content-Range": str(trouble.facts["content_range"])}
    if isinstance(trouble, WrongVersion):
        return {"Tus-Version": "1.0.0"}
    if isinstance(trouble, TooMany):
        return {"Retry-After": str(trouble.facts["retry_s"])}
    return {"Retry-After": str(RETRY_S)} if isinstance(trouble, Unreachable) else {}
