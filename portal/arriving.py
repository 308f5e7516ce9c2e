"""A body on its way in, for a thread that stores it: pieces of a mebibyte, never all of it, each waited for in time."""

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from anyio import from_thread
from starlette.requests import ClientDisconnect

from domain.artifact import CHUNK_BYTES
from domain.errors import Fault, Mistake
from domain.text import Text
from portal.bodies import too_large
from portal.problems import TooSlow, WrongChecksum

MOST_CHECKED: Final = 64 * 1024 * 1024  # a piece with a checksum is set aside until it has held


class Arriving:
    """Iterate over it in a thread that the event loop started. What came before any trouble is given first."""

    def __init__(self, stream: AsyncIterator[bytes], idle_s: float) -> None:
        self._stream = stream
        self._idle_s = idle_s
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
        try:
            async with asyncio.timeout(self._idle_s):
                return await anext(self._stream)
        except StopAsyncIteration:
            self._is_over = True
        except TimeoutError:
            zh, en = f"{self._idle_s:g} 秒内没有数据到达", f"Nothing came for {self._idle_s:g} s"
            self._is_over, self._trouble = True, TooSlow(Text(zh, en))
        except ClientDisconnect as gone:
            self._is_over, self._trouble = True, gone
        return b""


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


def checked(chunks: Iterator[bytes], digest: bytes) -> AbstractContextManager[BinaryIO]:
    """All of it, once its checksum has held. Raises WrongChecksum, TooLarge: then nothing of it was stored."""
    aside = SpooledTemporaryFile(max_size=CHUNK_BYTES)  # noqa: SIM115  closed by whoever reads it
    try:
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
    except BaseException:
        aside.close()
        raise
    return cast(AbstractContextManager[BinaryIO], aside)
