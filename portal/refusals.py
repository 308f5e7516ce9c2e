"""What FastAPI and Starlette raise becomes our problems: parameters with mistakes, wrong addresses and methods."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from domain.errors import Fault, Mistake, Trouble
from domain.text import Text
from portal.problems import NoMethod, NoRoute, TooMany, answer

_MISSING: Final = Text("必填", "Required")


def install(app: FastAPI) -> None:
    """Have every error of this app answered as a problem document."""
    app.add_exception_handler(Trouble, _trouble)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)


async def known_parameters(request: Request) -> None:
    """A query parameter that nobody reads, or that comes twice, is a mistake. Raises Mistake."""
    faults = _unread(request)
    if faults:
        raise Mistake(Text("参数有误", "The parameters have mistakes"), faults)


async def _trouble(request: Request, error: Exception) -> Response:
    if not isinstance(error, Trouble):
        raise TypeError(f"not one of our errors: {type(error).__name__}")
    headers: dict[str, str] = error.facts["headers"] if isinstance(error, TooMany) else {}  # type: ignore[assignment]
    return answer(error, request, headers)


async def _parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"not a validation error: {type(error).__name__}")
    faults = (*_unread(request), *map(_fault, error.errors()))
    return answer(Mistake(Text("参数有误", "The parameters have mistakes"), faults), request)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(f"not an HTTP error: {type(error).__name__}")
    path = request.url.path
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        zh, en = f"此地址支持：{allowed}", f"This address answers to: {allowed}"
        return answer(NoMethod(Text(zh, en)), request, {"Allow": allowed})
    if error.status_code == 404:
        return answer(NoRoute(Text(f"没有这个地址：{path}", f"There is no such address: {path}")), request)
    return answer(Mistake(Text("请求无法理解", "The request cannot be understood")), request)


def _methods(request: Request) -> list[str]:
    """Every method that some route has for this path."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)


def _unread(request: Request) -> tuple[Fault, ...]:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return ()
    known = {p.alias for p in route.dependant.query_params}
    times = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [_unknown(name, known) for name in times if name not in known]
    twice = [n for n in times if n in known and n != "execution" and times[n] > 1]
    return (*unknown, *(Fault(n, Text("参数重复", "It is there twice"), "duplicate") for n in twice))


def _unknown(name: str, known: set[str]) -> Fault:
    zh = f"未知参数；可用：{'、'.join(sorted(known)) or '（无）'}"
    en = f"Unknown; allowed: {', '.join(sorted(known)) or '(none)'}"
    return Fault(name[:100], Text(zh, en), "unknown")


def _fault(error: Mapping[str, Any]) -> Fault:
    path = ".".join(str(part) for part in error["loc"][1:])
    limits = error.get("ctx", {})
    if error["type"] == "missing":
        return Fault(path, _MISSING, "missing")
    if "zh" in limits:  # raised by us, in both languages
        return Fault(path, Text(limits["zh"], limits["en"]), error["type"])
    if "expected" in limits:
        return Fault(path, Text(f"只能是：{limits['expected']}", f"Must be one of: {limits['expected']}"))
    return Fault(path, Text(f"取值无效（{error['msg']}）", str(error["msg"])))
