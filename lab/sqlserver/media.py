"""Backup files: a chain of Microsoft Tape Format blocks with our own data stream in each set.

A file is a TAPE block (behind a block with `MSSQLBAK` when compressed), then per set: an SSET block, one stream with
the bytes of the database and their description, and an ESET block. A set without its ESET was never finished.
"""

import hashlib
import json
import struct
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from lab.sqlserver.errors import SqlError
from lab.sqlserver.texts import BAD_BYTES, DENIED, NO_FILE, NO_PATH

BLOCK = 512
MAGIC_COMPRESSED = b"MSSQLBAK"
_HEADER = struct.Struct("<4sIHBBQQH6xIIHHBBH")
_STREAM = struct.Struct("<4sHHQHHH")
_WINDOWS_NT = 14
_MICROSOFT = 0x1200


@dataclass(frozen=True, kw_only=True)
class SetOf:
    """What a set says of itself. Times are kept as text."""

    database: str
    name: str
    description: str
    server: str
    user: str
    started: str
    finished: str
    created: str
    version: list[int]
    database_version: int
    compatibility: int
    collation: str
    recovery: str
    access: str
    family: str
    uuid: str
    media: str
    copy_only: bool
    checksums: bool
    compressed: bool
    size: int
    sha256: str
    files: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finished set in a file."""

    position: int
    said: SetOf
    offset: int
    stored: int


def _block(kind: bytes, body: bytes) -> bytes:
    """A block of 512 bytes, closed by a padding stream. The last word of its header is the XOR of the rest."""
    start = -(-(_HEADER.size + len(body)) // 4) * 4
    head = _HEADER.pack(kind, 0, start, _WINDOWS_NT, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0)
    check = 0
    for (word,) in struct.iter_unpack("<H", head[:-2]):
        check ^= word
    block = (head[:-2] + struct.pack("<H", check) + body).ljust(start, b"\0")
    padding = BLOCK - start - _STREAM.size
    return block + _STREAM.pack(b"SPAD", 0, 0, padding, 0, 0, 0) + b"\0" * padding


def head_of_file(*, compressed: bool) -> bytes:
    """The start of a new media."""
    software = "yunwei lab".encode("utf-16-le")
    fixed = struct.pack("<IIHHHHIIIHHHH", 1, 0, 1, 0, 0, 0, 0, 0, 0, len(software), 94, BLOCK, _MICROSOFT)
    block = _block(b"TAPE", fixed + b"\0" * 5 + b"\1" + software)
    return (MAGIC_COMPRESSED.ljust(BLOCK, b"\0") if compressed else b"") + block


def set_of(said: SetOf, data: bytes, number: int) -> bytes:
    """The bytes of one whole set."""
    tail = json.dumps(asdict(said), ensure_ascii=False).encode()
    body = struct.pack("<QQ", len(data), len(tail)) + data + tail
    whole = _block(b"SSET", struct.pack("<IHHHH", 0, 0, 0, _MICROSOFT, number) + b"\0" * 34)
    whole += _STREAM.pack(b"MQDA", 0, 0, len(body), 0, 0, 0) + body
    return whole + b"\0" * (-len(whole) % BLOCK) + _block(b"ESET", struct.pack("<IIHH", 0, 0, number, 0))


def packed(data: bytes, *, compressed: bool) -> tuple[bytes, str]:
    """The bytes as they are stored, and their hash."""
    stored = zlib.compress(data, 6) if compressed else data
    return stored, hashlib.sha256(stored).hexdigest()


def opened(path: Path, shown: str) -> BinaryIO:
    """Raises SqlError 3201 with the reason of the operating system."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise SqlError(3201, shown, NO_FILE if path.parent.is_dir() else NO_PATH) from error
    except OSError as error:
        raise SqlError(3201, shown, DENIED) from error


def sets_in(path: Path, shown: str) -> list[Found]:
    """All finished sets. Raises SqlError 3201, and 3241 for anything that is no backup."""
    with opened(path, shown) as file:
        start = file.read(4 * BLOCK)
        at = BLOCK if start.startswith(MAGIC_COMPRESSED) else 0
        if start[at : at + 4] != b"TAPE":
            raise SqlError(3241, shown)
        found: list[Found] = []
        at += BLOCK
        while (one := _set_at(file, at, len(found) + 1, shown)) is not None:
            found.append(one[0])
            at = one[1]
    if not found:
        raise SqlError(3241, shown)
    return found


def _set_at(file: BinaryIO, at: int, position: int, shown: str) -> tuple[Found, int] | None:
    file.seek(at)
    if file.read(BLOCK)[:4] != b"SSET":
        return None
    stream = file.read(_STREAM.size)
    if len(stream) < _STREAM.size or stream[:4] != b"MQDA":
        return None
    length = _STREAM.unpack(stream)[3]
    begin = at + BLOCK + _STREAM.size
    end = -(-(begin + length) // BLOCK) * BLOCK
    file.seek(end)
    if file.read(4) != b"ESET":
        return None
    file.seek(begin)
    stored, tail = struct.unpack("<QQ", file.read(16))
    file.seek(begin + 16 + stored)
    try:
        said = SetOf(**json.loads(file.read(tail)))
    except (ValueError, TypeError) as error:
        raise SqlError(3241, shown) from error
    return Found(position=position, said=said, offset=begin + 16, stored=stored), end + BLOCK


def data_of(path: Path, shown: str, found: Found) -> bytes:
    """The database's bytes, proved by their hash. Raises SqlError 3203."""
    with opened(path, shown) as file:
        file.seek(found.offset)
        stored = file.read(found.stored)
    if hashlib.sha256(stored).hexdigest() != found.said.sha256:
        raise SqlError(3203, shown, BAD_BYTES)
    return zlib.decompress(stored) if found.said.compressed else stored
