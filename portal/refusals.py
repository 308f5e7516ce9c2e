"""What FastAPI and Starlette raise becomes our problems: parameters with mistakes, wrong addresses and methods."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from domain.errors import Fault, Mistake, Trouble
from domain.text import Text
from portal.problems import NoMethod, NoRoute, TooMany, answer

_MISSING: Final = Text("必填", "Required")
_PARAMETERS: Final = Text("参数有误", "The parameters have mistakes")
_WORDS: Final = {  # of pydantic, as we say it
    "int_parsing": ("应为整数", "Must be a whole number"),
    "int_parsing_size": ("整数过大", "The number is too large"),
    "greater_than_equal": ("不能小于 {ge}", "Must be at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "Must be at most {le}"),
    "string_too_short": ("至少 {min_length} 个字符", "At least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字符", "At most {max_length} characters"),
    "string_pattern_mismatch": ("格式应为 {pattern}", "Must match {pattern}"),
    "too_long": ("最多 {max_length} 项", "At most {max_length} of them"),
}


def install(app: FastAPI) -> None:
    """Have every error of this app answered as a problem document."""
    app.add_exception_handler(Trouble, _trouble)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)


async def known_parameters(request: Request) -> None:
    """A query parameter that nobody reads, or that comes twice, is a mistake. Raises Mistake."""
    faults = _unread(request)
    # Where the parameters have a model, it finds unknown ones too, together with all other mistakes.
    if faults and not (_names(request) and any(f.code == "unknown" for f in faults)):
        raise Mistake(_PARAMETERS, faults)


async def _trouble(request: Request, error: Exception) -> Response:
    if not isinstance(error, Trouble):
        raise TypeError(f"not one of our errors: {type(error).__name__}")
    headers: dict[str, str] = error.facts["headers"] if isinstance(error, TooMany) else {}  # type: ignore[assignment]
    return answer(error, request, headers)


async def _parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"not a validation error: {type(error).__name__}")
    others = [e for e in error.errors() if e["type"] != "extra_forbidden"]
    return answer(Mistake(_PARAMETERS, (*_unread(request), *map(_fault, others))), request)


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
    """Every method that the document has for this path."""
    found: set[str] = set()
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            found |= {method.upper() for method in operations}
    return sorted(found)


def _unread(request: Request) -> tuple[Fault, ...]:
    known = _names(request)
    times = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [_unknown(name, known) for name in times if name not in known]
    twice = [n for n in times if n in known and n != "execution" and times[n] > 1]
    return (*unknown, *(Fault(n, Text("参数重复", "It is there twice"), "duplicate") for n in twice))


def _names(request: Request) -> set[str]:
    """The query parameters of this route: the fields of their model."""
    route = request.scope.get("route")
    models = [p.field_info.annotation for p in route.dependant.query_params] if isinstance(route, APIRoute) else []
    return {name for m in models if isinstance(m, type) and issubclass(m, BaseModel) for name in m.model_fields}


def _unknown(name: str, known: set[str]) -> Fault:
    zh = f"未知参数；可用：{'、'.join(sorted(known)) or '（无）'}"
    en = f"Unknown; allowed: {', '.join(sorted(known)) or '(none)'}"
    return Fault(name[:100], Text(zh, en), "unknown")


def _fault(error: Mapping[str, Any]) -> Fault:
    path = ".".join(str(part) for part in error["loc"][1:])
    limits = error.get("ctx", {})
    if error["type"] == "missing":
        return Fault(path, _MISSING, "missing")
    if error["type"] in _WORDS:
        zh, en = _WORDS[error["type"]]
        return Fault(path, Text(zh.format(**limits), en.format(**limits)))
    if "zh" in limits:  # raised by us, in both languages
        return Fault(path, Text(limits["zh"], limits["en"]), error["type"])
    if "expected" in limits:
        return Fault(path, Text(f"只能是：{limits['expected']}", f"Must be one of: {limits['expected']}"))
    return Fault(path, Text(f"取值无效（{error['msg']}）", str(error["msg"])))
