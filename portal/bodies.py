"""Request bodies: read within their limits, and understood strictly, with every mistake at its path."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any, Final

from anyio import CapacityLimiter
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from domain.errors import Fault, Mistake
from domain.text import Text
from portal.limits import Limits
from portal.problems import TooLarge, TooSlow, WrongType

WHOLE: Final = "body"  # the path of a mistake that concerns all of it
_TYPES: Final = frozenset({"application/json", "application/merge-patch+json"})
_MOST_FAULTS: Final = 100
_LONG: Final = 64 * 1024  # bodies above this are read by a thread: others are answered meanwhile


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came twice."""

    twice: tuple[str, ...] = ()


class _NoNumber:
    """NaN, Infinity, or a number too large to hold: Python reads them, JSON does not know them."""


def understood(raw: bytes, depth: int) -> Any:
    """Bytes as JSON. Raises Mistake: not UTF-8, not JSON, duplicate keys, no numbers, lone surrogates, too deep."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_number, parse_float=_real)
    except UnicodeDecodeError as error:
        zh, en = f"第 {error.start} 字节起不是 UTF-8", f"Not UTF-8 from byte {error.start} on"
        raise _wrong(Fault(WHOLE, Text(zh, en), "not-utf-8")) from None
    except json.JSONDecodeError as error:
        where = f"{error.lineno}:{error.colno}"
        zh, en = f"不是有效的 JSON（{where}）", f"Not valid JSON ({where}: {error.msg})"
        raise _wrong(Fault(WHOLE, Text(zh, en), "not-json")) from None
    except RecursionError:
        raise _wrong(_too_deep(WHOLE)) from None
    except ValueError:  # Python refuses whole numbers of thousands of digits
        raise _wrong(Fault(WHOLE, Text("数字过大", "It holds a number that is too large"), "no-number")) from None
    faults = [fault for fault, _ in zip(_faults(value, "", depth), range(_MOST_FAULTS), strict=False)]
    if faults:
        raise _wrong(*faults)
    return value


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[bytes]:
    """The body as it is, if it is not too long and comes in time. Raises TooLarge, TooSlow.

    Of bodies longer than `body_bytes` only so many are held at once, each until it has been dealt with: others wait
    before anything of them is read. A slow sender keeps its place for `body_s` at most.
    """
    limits: Limits = request.app.state.limits
    most = limits.bytes_at(request.scope["path"])
    room: CapacityLimiter = request.app.state.large_bodies
    async with room if _longest(request, most) > limits.body_bytes else nullcontext():
        yield await _whole(request, most, limits.body_s)


async def raw_body(request: Request) -> AsyncIterator[bytes]:
    """The same for a route that has nothing to ask before it reads."""
    async with received(request) as raw:
        yield raw


async def _whole(request: Request, most: int, within_s: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise too_large(most)
                parts.append(part)
    except TimeoutError:
        zh, en = f"请求体应在 {within_s:g} 秒内到达", f"A body must arrive within {within_s:g} s"
        raise TooSlow(Text(zh, en)) from None
    return b"".join(parts)


def _longest(request: Request, most: int) -> int:
    """How long the body can be. A length beside chunks says nothing: the chunks count."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() and "transfer-encoding" not in request.headers else most


def too_large(most: int) -> TooLarge:
    """What a body of more than `most` bytes is answered with."""
    return TooLarge(Text(f"请求体最多 {most} 字节", f"A body has at most {most} bytes"), limit=most)


async def json_bytes(request: Request, raw: Annotated[bytes, Depends(raw_body)]) -> bytes:
    """The body, if it is JSON by its type. Raises WrongType."""
    if raw:
        _check_type(request)
    return raw


async def json_object(request: Request, raw: Annotated[bytes, Depends(json_bytes)]) -> dict[str, Any]:
    """The body as a JSON object. Raises Mistake."""
    depth = request.app.state.limits.depth
    value = await _off_the_loop(raw, depth) if len(raw) > _LONG else understood(raw or b"null", depth)
    if not isinstance(value, dict):
        raise _wrong(Fault(WHOLE, Text("应为 JSON 对象", "Must be a JSON object"), "not-an-object"))
    return value


async def optional_object(request: Request, raw: Annotated[bytes, Depends(json_bytes)]) -> dict[str, Any]:
    """The same, where nothing at all means an empty object."""
    return await json_object(request, raw) if raw else {}


async def _off_the_loop(raw: bytes, depth: int) -> Any:
    return await run_in_threadpool(understood, raw, depth)


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    kind, _, parameters = given.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() not in _TYPES or charset not in ("", "utf-8"):
        zh, en = "请使用 Content-Type: application/json（UTF-8）", "Send Content-Type: application/json, in UTF-8"
        raise WrongType(Text(zh, en))


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) != len(pairs):
        found.twice = tuple(k for k, times in Counter(k for k, _ in pairs).items() if times > 1)
    return found


def _no_number(_word: str) -> _NoNumber:
    return _NoNumber()


def _real(digits: str) -> float | _NoNumber:
    value = float(digits)
    return value if abs(value) != float("inf") else _NoNumber()


def _faults(value: Any, path: str, left: int) -> Iterator[Fault]:
    here = path or WHOLE
    if isinstance(value, dict | list) and left == 0:
        yield _too_deep(here)
    elif isinstance(value, _Object):
        for key in value.twice:
            yield Fault(_join(path, key), Text("字段重复", "The field is there twice"), "duplicate")
        for key, inner in value.items():
            yield from _text_faults(key, here)
            yield from _faults(inner, _join(path, key), left - 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, f"{path}[{index}]", left - 1)
    elif isinstance(value, _NoNumber):
        yield Fault(here, Text("不是 JSON 数字", "Not a number that JSON knows"), "no-number")
    elif isinstance(value, str):
        yield from _text_faults(value, here)


def _text_faults(text: str, path: str) -> Iterator[Fault]:
    if not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        yield Fault(path, Text("含有不成对的代理字符", "Holds half of a surrogate pair"), "not-utf-8")


def _join(path: str, key: str) -> str:
    shown = key[:100].encode("utf-8", "replace").decode()
    return f"{path}.{shown}" if path else shown


def _too_deep(path: str) -> Fault:
    return Fault(path, Text("嵌套过深", "Nested too deeply"), "too-deep")


def _wrong(*faults: Fault) -> Mistake:
    return Mistake(Text("请求体有误", "The body has mistakes"), faults)


RawBody = Annotated[bytes, Depends(raw_body)]
Body = Annotated[dict[str, Any], Depends(json_object)]
OptionalBody = Annotated[dict[str, Any], Depends(optional_object)]
