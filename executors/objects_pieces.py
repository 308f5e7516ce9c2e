"""A stream cut into the parts of a multipart upload: sizes within S3's 10,000 parts, memory bounded by spooling."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Final

MOST_PARTS: Final = 10_000
PLANNED_PARTS: Final = 9_000
GROWS_AFTER: Final = 1_000
IN_MEMORY: Final = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One part: `full` tells that more may follow. Its bytes are on disk when they are many."""

    number: int
    size: int
    sha256: str
    full: bool
    file: "SpooledTemporaryFile[bytes]" = field(repr=False)


def part_bytes(size: int | None, number: int, least: int) -> int:
    """How large part `number` is. Of a known size: least, or a 9,000th; else doubled after every 1,000 parts."""
    if size is None:
        return least << ((number - 1) // GROWS_AFTER)
    return max(least, -(-size // PLANNED_PARTS))


def pieces_of(chunks: Iterable[bytes], size: int | None, least: int, folder: Path) -> Iterator[Piece]:
    """The stream in parts; an empty stream is one empty part. Large parts lie in nameless files in `folder`.

    Who takes a piece closes its file.
    """
    source = _Source(chunks)
    for number in count(1):
        piece = _piece(source, number, part_bytes(size, number, least), folder)
        if piece.size or number == 1:
            yield piece
        else:
            piece.file.close()
        if not piece.full:
            return


class _Source:
    """A stream of chunks of any size, taken in pieces of any other."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), memoryview(b"")

    def take(self, most: int) -> memoryview:
        """Some bytes; none at the end only."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest = memoryview(chunk)
        some, self._rest = self._rest[:most], self._rest[most:]
        return some


def _piece(source: _Source, number: int, wanted: int, folder: Path) -> Piece:
    file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115
    got, digest = 0, hashlib.sha256()
    try:
        while got < wanted and (some := source.take(wanted - got)):
            file.write(some)
            digest.update(some)
            got += len(some)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Piece(number=number, size=got, sha256=digest.hexdigest(), full=got == wanted, file=file)
