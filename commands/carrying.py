"""Bytes on their way, as a bar on a terminal; elsewhere nothing is said until the end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from commands.screen import Screen
from domain.artifact import chunks_of
from domain.text import Text


@contextmanager
def bar(screen: Screen, title: Text, size: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """What is yielded hears how many bytes have moved on. `done` of `size` bytes were there before."""
    if not screen.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True))
    with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(screen.of(title), total=size, completed=done)
        yield lambda moved: progress.advance(task, moved)


def told(chunks: Iterable[bytes], moved: Callable[[int], None]) -> Iterator[bytes]:
    """The chunks, each told of when it was taken."""
    for chunk in chunks:
        yield chunk
        moved(len(chunk))


def hashed(screen: Screen, file: BinaryIO, size: int) -> str:
    """The SHA-256 of all of it, in hexadecimal."""
    import hashlib

    found = hashlib.sha256()
    file.seek(0)
    with bar(screen, Text("计算校验和", "Hashing"), size) as moved:
        for chunk in told(chunks_of(file), moved):
            found.update(chunk)
    return found.hexdigest()
