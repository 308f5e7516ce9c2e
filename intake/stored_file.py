"""An artifact as a file that can be sought in: for those who read here and there, wherever the bytes lie."""

import os
from typing import Final

from domain.artifact import ArtifactKey, ArtifactStore, Range
from media.window import Spent

BLOCK_BYTES: Final = 4 * 1024 * 1024
MOST_TIMES: Final = 4  # so often the whole file may be fetched: a recognition goes through it three times at most,
MOST_SPARE: Final = 32  # and so many blocks besides, for what it reads here and there


class StoredFile:
    """Reads by blocks and keeps the last one: memory is that of one block, or of the longest read.

    Whoever reads to and fro has whole blocks fetched for a few bytes: beyond MOST_TIMES its size a read raises Spent.
    """

    def __init__(self, store: ArtifactStore, key: ArtifactKey, size: int) -> None:
        self._store, self._key, self._size = store, key, size
        self._at = 0
        self._left = MOST_TIMES * size + MOST_SPARE * BLOCK_BYTES
        self._first, self._block = 0, b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        size = left if size < 0 else min(size, left)
        parts: list[bytes] = []
        while size:
            part = self._from_block(size)
            parts.append(part)
            size -= len(part)
            self._at += len(part)
        return b"".join(parts)

    def _from_block(self, most: int) -> bytes:
        if not self._first <= self._at < self._first + len(self._block):
            self._first = self._at
            last = min(self._at + BLOCK_BYTES, self._size) - 1
            self._left -= last + 1 - self._at
            if self._left < 0:
                raise Spent
            with self._store.open(self._key, Range(first=self._at, last=last)) as opened:
                self._block = b"".join(opened)
        start = self._at - self._first
        return self._block[start : start + most]
