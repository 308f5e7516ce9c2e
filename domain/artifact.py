"""Artifacts: the large files of the product (backups, uploads, exports), and the protocol of a store of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO, Final, Protocol

from domain.errors import Fault, Mistake
from domain.text import Text

CHUNK_BYTES: Final = 1024 * 1024
MOST_OF_PART: Final = 100
MOST_OF_KEY: Final = 200  # SQL Server backs up to addresses of at most 259 characters

# Lower case only: on Windows `A` and `a` are one file. No dot at the ends: `..` leads out, and Windows drops the last.
_PART: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9_-])?")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # names that Windows keeps for itself
_RANGE: Final = re.compile(r"bytes=[ \t]*(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})[ \t]*", re.IGNORECASE)

Said = Callable[[int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class ArtifactKey:
    """Names an artifact: whose it is, what kind of thing, which run made it, and its file name. Raises Mistake."""

    tenant: str
    kind: str
    run: str
    name: str

    def __post_init__(self) -> None:
        faults = [_fault(f.name, getattr(self, f.name)) for f in fields(self)]
        found = tuple(f for f in faults if f)
        if not found and len(str(self)) > MOST_OF_KEY:
            found = (
                Fault("key", Text(f"不得超过 {MOST_OF_KEY} 个字符", f"at most {MOST_OF_KEY} characters"), "too-long"),
            )
        if found:
            why = "; ".join(f"{f.path}: {f.text.en}" for f in found)
            raise Mistake(
                Text("文件键无效：" + "；".join(f"{f.path}：{f.text.zh}" for f in found), f"No key: {why}"), found
            )

    def __str__(self) -> str:
        return f"{self.tenant}/{self.kind}/{self.run}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> "ArtifactKey":
        """From `tenant/kind/run/name`. Raises Mistake."""
        parts = text.split("/")
        if len(parts) != 4:
            fault = Fault("key", Text("应为 租户/种类/运行号/文件名", "a key is tenant/kind/run/name"))
            raise Mistake(Text(f"文件键无效：{text[:80]!r}", f"No key: {text[:80]!r}: {fault.text.en}"), (fault,))
        return cls(tenant=parts[0], kind=parts[1], run=parts[2], name=parts[3])


def prefix_parts(prefix: str) -> tuple[str, ...]:
    """The parts of `tenant`, `tenant/kind` or `tenant/kind/run`; whole parts only, so `acme` does not reach `acme2`."""
    parts = tuple(prefix.rstrip("/").split("/")) if prefix else ()
    if len(parts) > 3 or any(_fault("prefix", part) for part in parts):
        fault = Fault("prefix", Text("应为 租户[/种类[/运行号]]", "a prefix is tenant[/kind[/run]]"))
        raise Mistake(Text(f"前缀无效：{prefix[:80]!r}", f"No prefix: {prefix[:80]!r}: {fault.text.en}"), (fault,))
    return parts


def _fault(path: str, part: str) -> Fault | None:
    if not 0 < len(part) <= MOST_OF_PART:
        return Fault(path, Text(f"长度须为 1–{MOST_OF_PART}", f"1 to {MOST_OF_PART} characters"), "length")
    if not _PART.fullmatch(part) or _DEVICE.fullmatch(part):
        zh, en = (
            "只能用小写字母、数字、. _ -，首尾不能是点",
            "only a-z 0-9 . _ - with no dot at either end, and no device name",
        )
        return Fault(path, Text(zh, en), "characters")
    return None


class OutOfRange(Mistake):
    """No byte of the artifact is asked for (HTTP 416): the facts tell its `size` and the `content_range` to answer."""

    code = "out-of-range"
    title = Text("范围超出文件", "Out of range")


@dataclass(frozen=True, kw_only=True)
class Range:
    """One HTTP byte range: `first` to `last` inclusive; without `last` to the end; without `first` the last bytes."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, header: str) -> "Range":
        """From `bytes=a-b`, `bytes=a-` or `bytes=-n`. Several ranges, or anything else, are a Mistake."""
        if "," in header:
            raise Mistake(Text("只支持单个范围", "Only one range at a time"), range=header[:80])
        found = _RANGE.fullmatch(header)
        first, last = (int(n) if n else None for n in found.group("first", "last")) if found else (None, None)
        if (first is None and last is None) or (first is not None and last is not None and last < first):
            raise Mistake(Text(f"范围无效：{header[:80]!r}", f"No byte range: {header[:80]!r}"), range=header[:80])
        return cls(first=first, last=last)

    def of(self, size: int) -> tuple[int, int]:
        """First byte and length within `size` bytes, the end cut off there. Raises OutOfRange."""
        if self.first is None:
            length = min(self.last or 0, size)
            first = size - length
        else:
            first = self.first
            length = min(size if self.last is None else self.last + 1, size) - first
        if length <= 0:
            text = Text(f"范围超出文件（{size} 字节）", f"The range is outside of the {size} bytes")
            raise OutOfRange(text, size=size, content_range=f"bytes */{size}")
        return first, length


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A finished artifact: `sha256` in hexadecimal, `etag` as HTTP clients see it (without quotes)."""

    key: ArtifactKey
    size: int
    sha256: str
    etag: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A finished artifact in a list. Its hash is not told there (S3 does not list it): ask `head`."""

    key: ArtifactKey
    size: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An artifact on its way in. `size` is None where a put does not know it. A client needs to keep `id` only."""

    id: str
    key: ArtifactKey
    size: int | None
    begun: datetime


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An artifact being read: `first` and `length` say which bytes. Close it, or use it in a `with`."""

    stored: Stored
    first: int
    length: int
    chunks: Iterator[bytes] = field(repr=False)
    close: Callable[[], None] = field(repr=False)

    @property
    def content_range(self) -> str:
        """The header that goes with HTTP 206."""
        return f"bytes {self.first}-{self.first + self.length - 1}/{self.stored.size}"

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def quiet(_: int) -> None:
    """Nobody listens to the progress."""


def never() -> bool:
    """Nobody asks to stop."""
    return False


def chunks_of(file: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The rest of a file in pieces."""
    return iter(partial(file.read, size), b"")


class ArtifactStore(Protocol):
    """Keeps artifacts. Nobody ever sees half of one, and a finished one is never overwritten by other bytes.

    All raise NotFound, Conflict and Mistake (fix the call), Unreachable (try again), Denied, Broke, Stopped (asked to).
    What the source of the bytes raises is passed on as it is. After any of these a `put` leaves no bytes behind.
    """

    def put(
        self,
        key: ArtifactKey,
        stream: Iterable[bytes],
        *,
        size: int | None = None,
        sha256: str | None = None,
        said: Said = quiet,
        stop: Stop = never,
    ) -> Stored:
        """Store the stream. `said` hears the bytes stored so far. Other size or hash than told: Mistake.

        The key is taken by the same bytes: the answer is the artifact that is there. By other bytes: Conflict.
        Severed means that the last call was lost and nobody could look: the artifact is there whole or not at all.
        """

    def head(self, key: ArtifactKey) -> Stored: ...

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        """The bytes, or some of them. Raises OutOfRange."""

    def delete(self, key: ArtifactKey) -> bool:
        """Whether there was something to delete."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """All under `tenant`, `tenant/kind` or `tenant/kind/run`, in the order of their keys, read as asked for."""

    def link(self, key: ArtifactKey, *, valid_s: int, file_name: str) -> str | None:
        """An address from which anybody may read for `valid_s`. None: it has none, and the portal signs its own."""

    def begin(self, key: ArtifactKey, size: int) -> Upload:
        """A resumable upload."""

    def upload(self, id_: str) -> Upload:
        """An upload that was begun, perhaps by another process."""

    def append(self, upload: Upload, offset: int, chunks: Iterable[bytes]) -> int:
        """Write at `offset`, which must be the one of `offset()`; the new offset, durable. One writer at a time.

        When the chunks end early, by an error too, what came is kept.
        """

    def offset(self, upload: Upload) -> int:
        """How many bytes are durable."""

    def finish(self, upload: Upload, sha256: str | None = None) -> Stored:
        """Make the artifact of a complete upload; with another hash than told the upload is gone, and it is a Mistake.

        Finishing again what was finished gives the same answer.
        """

    def abandon(self, upload: Upload) -> None:
        """Drop an upload and its bytes. Nothing happens if it is gone already."""

    def stale(self, older_than: timedelta) -> Iterator[Upload]:
        """Uploads untouched for longer, and what dead puts left: for a sweeper to abandon."""
