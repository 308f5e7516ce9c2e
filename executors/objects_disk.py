"""The local disk: durable writes, one writer a file, and its errors as ours."""

import errno
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Final

from domain.artifact import ArtifactKey
from domain.errors import Broke, Denied, Trouble
from domain.text import Text
from executors.objects_words import busy

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FAR: Final = 2**62  # Windows locks bytes, and forbids others to read them: lock one that no file reaches

_ADVICE: Final[dict[int | None, tuple[type[Trouble], str, str]]] = {
    errno.ENOSPC: (Broke, "磁盘已满：请清理或扩容", "the disk is full: free some space"),
    errno.EDQUOT: (Broke, "磁盘配额已用尽：请清理或扩容", "the disk quota is used up: free some space"),
    errno.EACCES: (
        Denied,
        "没有文件权限：请检查目录属主与权限",
        "no rights on the files: check the folder's owner and mode",
    ),
    errno.EPERM: (
        Denied,
        "没有文件权限：请检查目录属主与权限",
        "no rights on the files: check the folder's owner and mode",
    ),
    errno.EROFS: (Denied, "文件系统只读：请检查挂载", "the file system is read-only: check the mount"),
}
_ELSE: Final = (Broke, "磁盘读写失败：请检查磁盘", "the disk failed: look at it")


@contextmanager
def disk(what: object) -> Iterator[None]:
    """Translates the errors of the disk. Only our own file calls belong inside: the caller's stream has errors too."""
    try:
        yield
    except OSError as cause:
        error, zh, en = _ADVICE.get(cause.errno, _ELSE)
        why = os.strerror(cause.errno) if cause.errno else type(cause).__name__
        raise error(Text(f"{what}：{zh}。[{why}]", f"{what}: {en}. [{why}]"), cause=why) from cause


@contextmanager
def writing(file: Path, key: ArtifactKey) -> Iterator[FileIO]:
    """The file, open for writing by this caller alone. Raises Conflict when somebody else is writing."""
    with disk(key):
        handle = FileIO(file, "r+b")
    try:
        if not _locked(handle.fileno()):
            raise busy(key)
        yield handle
    finally:
        handle.close()  # gives the lock back


def is_being_written(file: Path) -> bool:
    """Raises FileNotFoundError."""
    with FileIO(file, "r+b") as handle:
        return not _locked(handle.fileno())


def _locked(number: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(number, _FAR, os.SEEK_SET)
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
            os.lseek(number, 0, os.SEEK_SET)
        else:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_all(handle: FileIO, chunk: bytes, key: ArtifactKey) -> None:
    """Unbuffered, so that a full disk shows here and not at the close."""
    rest = memoryview(chunk)
    with disk(key):
        while rest:
            rest = rest[handle.write(rest) :]


def begin_to_keep(handle: FileIO, first: int, length: int) -> None:
    """Have the system write these bytes out while more come, so that the sync at the end has little left to do.

    A hint, and Linux takes it so: what is dirty is handed to the disk, and stays readable from memory.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle.fileno(), first, length, os.POSIX_FADV_DONTNEED)


def write_json(file: Path, value: dict[str, Any]) -> None:
    """Whole and durable, or as before."""
    fresh = file.with_name(f".{file.name}.{uuid.uuid4().hex}.new")  # two threads may write the same one
    with fresh.open("w", encoding="utf-8") as handle:
        json.dump(value, handle)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
    keep_folder(file.parent)


def keep_folder(folder: Path) -> None:
    """The names in a folder made durable. Windows has no such call and does it by itself."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def make_folders(folder: Path, root: Path) -> None:
    """Every folder down to `folder`, each name durable in its parent."""
    for parent in [*reversed(folder.relative_to(root).parents), folder.relative_to(root)][1:]:
        with suppress(FileExistsError):
            (root / parent).mkdir()
            keep_folder((root / parent).parent)


def prune(folder: Path, root: Path) -> None:
    """Remove folders that became empty, up to the root. One that somebody fills at this moment stays."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def discard(folder: Path, rubbish: Path) -> bool:
    """Remove a folder at once for all readers (a rename), and then its files. False if it is not there."""
    try:
        folder.rename(rubbish)
    except FileNotFoundError:
        return False
    keep_folder(folder.parent)
    shutil.rmtree(rubbish, ignore_errors=True)
    return True
