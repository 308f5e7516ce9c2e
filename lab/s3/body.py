"""The body of a request, through its wrappings, into a file: HTTP chunks, aws-chunks, payload hash, checksums."""

import base64
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.s3.refusal import Refusal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

BLOCK: Final = 256 * 1024
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KNOWN: Final = ("x-amz-checksum-crc32", "x-amz-checksum-sha1", "x-amz-checksum-sha256")


@dataclass(frozen=True, kw_only=True)
class Body:
    """What came: in `file`, with its MD5 in hexadecimal."""

    file: Path
    size: int
    md5: str


class Limited(io.RawIOBase):
    """The next `length` bytes of a connection; a connection that ends before is an error."""

    def __init__(self, source: BufferedIOBase, length: int) -> None:
        self._source, self._left = source, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        view = memoryview(buffer)
        data = self._source.read(min(len(view), self._left))
        if not data and self._left and len(view):
            raise ConnectionError("the client went away in mid-body")
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)


class Chunked(io.RawIOBase):
    """A body in HTTP/1.1 chunks."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source, self._left, self._over = source, 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        view = memoryview(buffer)
        if self._left == 0 and not self._over:
            self._next()
        if self._over or not len(view):
            return 0
        data = self._source.read(min(len(view), self._left))
        if not data:
            raise ConnectionError("the client went away in mid-chunk")
        view[: len(data)] = data
        self._left -= len(data)
        if self._left == 0:
            self._source.readline()
        return len(data)

    def _next(self) -> None:
        line = self._source.readline(100)
        if not line.endswith(b"\n"):
            raise ConnectionError("the client went away between chunks")
        self._left = int(line.split(b";")[0], 16)
        if self._left == 0:
            self._over = True
            while self._source.readline(1000).strip():
                pass


def wire(source: BufferedIOBase, headers: dict[str, str]) -> io.BufferedReader:
    """The body without what HTTP puts around it."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return io.BufferedReader(Chunked(source), BLOCK)
    return io.BufferedReader(Limited(source, int(headers.get("content-length") or 0)), BLOCK)


def take(body: io.BufferedReader, headers: dict[str, str], payload: str, file: Path) -> Body:
    """Write the body to `file` and check all that was told about it. Raises Refusal; the file is then gone."""
    try:
        return _take(body, headers, payload, file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _take(body: io.BufferedReader, headers: dict[str, str], payload: str, file: Path) -> Body:
    if payload.startswith("STREAMING-") and payload != TRAILER:
        raise Refusal("NotImplemented", f"This server does not know {payload}")
    told, size, crc = dict(headers), 0, 0
    md5, sha1, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    blocks = _unwrapped(body, told) if payload == TRAILER else iter(lambda: body.read(BLOCK), b"")
    with file.open("wb") as out:
        for block in blocks:
            out.write(block)
            size, crc = size + len(block), zlib.crc32(block, crc)
            for digest in (md5, sha1, sha256):
                digest.update(block)
    if payload not in (UNSIGNED, TRAILER) and payload != sha256.hexdigest():
        raise Refusal(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match what was computed."
        )
    found = {
        "content-md5": md5.digest(),
        "x-amz-checksum-crc32": crc.to_bytes(4, "big"),
        "x-amz-checksum-sha1": sha1.digest(),
        "x-amz-checksum-sha256": sha256.digest(),
    }
    _check(told, found, size)
    return Body(file=file, size=size, md5=md5.hexdigest())


def _check(told: dict[str, str], found: dict[str, bytes], size: int) -> None:
    unknown = [n for n in told if n.startswith("x-amz-checksum-") and n not in (*KNOWN, "x-amz-checksum-mode")]
    if unknown:
        raise Refusal("NotImplemented", f"This server does not know {unknown}")
    for name, digest in found.items():
        if name in told and told[name].strip() != base64.b64encode(digest).decode():
            raise Refusal("BadDigest", f"The {name} you specified did not match what was received.")
    if told.get("x-amz-decoded-content-length", str(size)) != str(size):
        raise Refusal("IncompleteBody", "The decoded length is not the one you specified.")


def _unwrapped(body: io.BufferedReader, told: dict[str, str]) -> Iterator[bytes]:
    """aws-chunked without chunk signatures; the trailing checksums are added to `told`."""
    while left := _chunk_length(body):
        while left:
            block = body.read(min(left, BLOCK))
            if not block:
                raise Refusal("IncompleteBody", "The request body ended in mid-chunk.")
            left -= len(block)
            yield block
        if body.readline() != b"\r\n":
            raise Refusal("IncompleteBody", "A chunk does not end where its length says.")
    promised = told.get("x-amz-trailer", "")
    while line := body.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        told[name.lower()] = value
    if promised and promised not in told:
        raise Refusal("InvalidRequest", f"The trailer {promised} was promised and did not come.")


def _chunk_length(body: io.BufferedReader) -> int:
    line = body.readline().strip()
    try:
        return int(line, 16)
    except ValueError:
        raise Refusal("InvalidRequest", f"{line[:40]!r} is no chunk length") from None
