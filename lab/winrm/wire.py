"""HTTP/1.1 as WinRM needs it: one POST in, one answer out in one write, keep-alive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import BinaryIO, Final

MAX_LINE_BYTES: Final = 65536  # an NTLM token with a large target name still fits
MAX_HEADERS: Final = 64
MAX_DRAIN_BYTES: Final = 8 * 1024 * 1024  # a body larger than allowed is read up to here, so that the fault arrives

REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
}


class BadRequest(Exception):
    """What came in is no HTTP request we answer; `status` says why. The connection is closed after the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One HTTP request. Header names are in lower case; `body` is None when it was larger than allowed."""

    headers: Mapping[str, str]
    body: bytes | None
    keep_alive: bool


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    challenges: tuple[str, ...] = field(default=())  # one WWW-Authenticate line each


def read_request(stream: BinaryIO, send: Callable[[bytes], object], *, max_body_bytes: int) -> Incoming | None:
    """The next request, or None when the client has closed. Raises BadRequest."""
    line = _line(stream)
    if line is None:
        return None
    method, path, version = _request_line(line)
    headers = _headers(stream)
    _check_target(method, path)
    if headers.get("expect", "").lower() == "100-continue":
        send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _body(stream, headers, max_body_bytes)
    wishes = headers.get("connection", "").lower()
    keep_alive = wishes != "close" and (version == "HTTP/1.1" or wishes == "keep-alive")
    return Incoming(headers=headers, body=body, keep_alive=keep_alive)


def compose(answer: Outgoing, *, keep_alive: bool) -> bytes:
    """The answer as bytes: head and body together, so that one write sends it."""
    lines = [f"HTTP/1.1 {answer.status} {REASONS[answer.status]}"]
    if answer.content_type:
        lines.append(f"Content-Type: {answer.content_type}")
    lines.append("Server: Microsoft-HTTPAPI/2.0")
    lines += [f"WWW-Authenticate: {challenge}" for challenge in answer.challenges]
    lines.append(f"Date: {formatdate(usegmt=True)}")
    if not keep_alive:
        lines.append("Connection: close")
    lines.append(f"Content-Length: {len(answer.body)}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1") + answer.body


def _line(stream: BinaryIO) -> str | None:
    raw = stream.readline(MAX_LINE_BYTES)
    if not raw:
        return None
    if not raw.endswith(b"\n"):
        raise BadRequest(400)
    return raw.decode("latin-1").rstrip("\r\n")


def _request_line(line: str) -> tuple[str, str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(400)
    return parts[0], parts[1], parts[2]


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = _line(stream)
        if line is None:
            raise BadRequest(400)
        if line == "":
            return headers
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BadRequest(400)
        headers[name.strip().lower()] = value.strip()
    raise BadRequest(400)


def _check_target(method: str, path: str) -> None:
    if path.partition("?")[0].rstrip("/").lower() != "/wsman":
        raise BadRequest(404)
    if method != "POST":
        raise BadRequest(405)


def _body(stream: BinaryIO, headers: Mapping[str, str], max_body_bytes: int) -> bytes | None:
    if "transfer-encoding" in headers:
        raise BadRequest(411)
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise BadRequest(400)
    length = int(text)
    if length > max_body_bytes:
        _drain(stream, length)
        return None
    body = stream.read(length)
    if len(body) != length:
        raise BadRequest(400)
    return body


def _drain(stream: BinaryIO, length: int) -> None:
    """Read the oversized body away: a client that is still writing would not see the answer."""
    if length > MAX_DRAIN_BYTES:
        raise BadRequest(413)
    while length > 0:
        piece = stream.read(min(length, MAX_LINE_BYTES))
        if not piece:
            raise BadRequest(400)
        length -= len(piece)
