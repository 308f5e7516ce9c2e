"""A file seen through a window: every read is inside the file, and all of them together stay under a budget."""

from typing import Protocol


class Seekable(Protocol):
    """What we need of a binary file."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes: ...


class Spent(Exception):
    """More would have to be read than this inspection may: the recognition says so."""


class Window:
    """Reads at offsets; a read past the end comes back short, never wrong. Sizes in bytes."""

    def __init__(self, file: Seekable, size: int, budget: int) -> None:
        self.size = size
        self._file = file
        self._left = budget

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; raises `Spent` when the budget does not allow them."""
        count = max(0, min(count, self.size - offset)) if offset >= 0 else 0
        if count > self._left:
            raise Spent
        self._left -= count
        if not count:
            return b""
        self._file.seek(offset)
        return self._file.read(count)
