"""Downloads over HTTP: whole or in part, at the client's pace, and counted as they are handed to the socket."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.artifact import Range
from domain.errors import Mistake
from domain.keeping import Record
from intake.downloads import Download
from portal.api.attachments import disposition

PIECE_BYTES: Final = 64 * 1024  # small, so that what was counted when the client breaks off is what left, or nearly
IDLE_S: Final = 60.0  # who reads nothing for so long is gone
PLAIN: Final = "application/octet-stream"


def range_of(request: Request, record: Record) -> Range | None:
    """The one range that is asked for. What cannot be served in part is served whole, as RFC 9110 allows."""
    header, if_range = request.headers.get("range"), request.headers.get("if-range")
    if header is None or (if_range is not None and if_range.strip() != etag(record)):
        return None
    try:
        return Range.parse(header)
    except Mistake:
        return None


def is_known(request: Request, record: Record) -> bool:
    """Whether the client has these very bytes already."""
    told = request.headers.get("if-none-match", "")
    return etag(record) in (tag.strip().removeprefix("W/") for tag in told.split(",")) or told.strip() == "*"


def etag(record: Record) -> str:
    return f'"{record.sha256}"'


def headers_of(record: Record) -> dict[str, str]:
    """What every answer with an artifact's bytes says, and the one that there is nothing new."""
    return {
        "ETag": etag(record),
        "Accept-Ranges": "bytes",
        "Last-Modified": format_datetime(record.added_at.astimezone(UTC), usegmt=True),
        "Content-Disposition": disposition(record.name),
    }


def head_answer(record: Record) -> Response:
    """The same as a download of the whole, without its bytes: nothing is counted."""
    return Response(None, 200, {**headers_of(record), "Content-Length": str(record.size)}, PLAIN)


class Leaving(Response):
    """The answer that is a download: 200, or 206 for a range."""

    def __init__(self, download: Download, *, part: bool) -> None:
        opened = download.opened
        extra = {"Content-Range": opened.content_range} if part else {}
        headers: Mapping[str, str] = {**headers_of(download.record), **extra, "Content-Length": str(opened.length)}
        super().__init__(None, 206 if part else 200, headers, PLAIN)
        self._download = download

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if await self._sent(send, gone.done):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await asyncio.shield(run_in_threadpool(self._download.close))

    async def _sent(self, send: Send, is_gone: Callable[[], bool]) -> bool:
        """False if the client left, or reads no more: then the connection is closed without an end."""
        chunks = iter(self._download)
        while chunk := await run_in_threadpool(next, chunks, b""):
            for piece in _pieces(chunk):
                if is_gone():
                    return False
                self._download.handed(len(piece))
                try:
                    async with asyncio.timeout(IDLE_S):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                except (TimeoutError, OSError):
                    return False
        return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _pieces(chunk: bytes) -> Iterator[bytes]:
    return (chunk[at : at + PIECE_BYTES] for at in range(0, len(chunk), PIECE_BYTES))
