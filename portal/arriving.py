"""A body on its way in, for a thread that stores it: pieces of a mebibyte, never all of it, each waited for in time."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from anyio import from_thread
from starlette.requests import ClientDisconnect

from domain.artifact import CHUNK_BYTES, chunks_of
from domain.errors import Fault, Mistake
from domain.text import Text
from portal.bodies import too_large
from portal.problems import TooSlow, WrongChecksum

MOST_CHECKED: Final = 64 * 1024 * 1024  # a piece with a checksum is set aside until it has held
SLOWEST_BYTES_PER_S: Final = 16 * 1024  # of such a piece, on average: until it is whole, nothing of it is of use
GRACE_S: Final = 30.0  # what it may take besides, so that a line may begin slowly


class Arriving:
    """Iterate over it in a thread that the event loop started. What came before any trouble is given first.

    Each part is waited for `idle_s`; with `paced` all of it has to come at SLOWEST_BYTES_PER_S, after GRACE_S.
    """

    def __init__(
        self,
        stream: AsyncIterator[bytes],
        idle_s: float,
        *,
        paced: bool = False,
        read: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._idle_s = idle_s
        self._paced = paced
        self._read = read
        self._since = read()
        self._came = 0
        self._is_over = False
        self._trouble: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        while piece := from_thread.run(self._next):
            yield piece
        if self._trouble:
            raise self._trouble

    async def _next(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while not self._is_over and size < CHUNK_BYTES:
            part = await self._part()
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    async def _part(self) -> bytes:
        left_s = self._left_s()
        try:
            if left_s <= 0:
                raise TimeoutError
            async with asyncio.timeout(min(self._idle_s, left_s)):
                part = await anext(self._stream)
        except StopAsyncIteration:
            self._is_over = True
        except TimeoutError:
            self._is_over, self._trouble = True, self._too_slow(left_s)
        except ClientDisconnect as gone:
            self._is_over, self._trouble = True, gone
        else:
            self._came += len(part)
            return part
        return b""

    def _left_s(self) -> float:
        """How long the rest of the pace lets the next part take."""
        if not self._paced:
            return self._idle_s
        return GRACE_S + self._came / SLOWEST_BYTES_PER_S - (self._read() - self._since)

    def _too_slow(self, left_s: float) -> TooSlow:
        if left_s < self._idle_s:
            zh = f"带校验和的一段平均不足 {SLOWEST_BYTES_PER_S} 字节/秒，该段未保存：请改发更小的段，或不带校验和"
            en = (
                f"A piece with a checksum came at less than {SLOWEST_BYTES_PER_S} bytes/s, and nothing of it was stored"
            )
            return TooSlow(Text(zh, f"{en}: send smaller pieces, or without a checksum"))
        return TooSlow(Text(f"{self._idle_s:g} 秒内没有数据到达", f"Nothing came for {self._idle_s:g} s"))


def digest_of(header: str | None) -> bytes | None:
    """The SHA-256 of `Upload-Checksum: sha256 BASE64`. Raises Mistake."""
    if header is None:
        return None
    name, _, word = header.strip().partition(" ")
    try:
        digest = base64.b64decode(word, validate=True) if name == "sha256" else b""
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        text = Text("应为 sha256 加 Base64 的校验和", "Must be sha256 and the checksum in Base64")
        raise Mistake(text, (Fault("Upload-Checksum", text),))
    return digest


def checked(chunks: Iterator[bytes], digest: bytes) -> Iterator[bytes]:
    """All of it, once its checksum has held. Nothing is read before the first piece is asked for.

    Raises WrongChecksum, TooLarge: then it has given nothing.
    """
    with SpooledTemporaryFile(max_size=CHUNK_BYTES) as aside:
        found, size = hashlib.sha256(), 0
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_CHECKED:
                raise too_large(MOST_CHECKED)
            found.update(chunk)
            aside.write(chunk)
        if not hmac.compare_digest(found.digest(), digest):
            raise WrongChecksum(Text("校验和不符，该段未保存：请重新发送", "The checksum is wrong: send it again"))
        aside.seek(0)
        yield from chunks_of(cast(BinaryIO, aside))
