"""What SQL Server writes about a backup set into its MQCI stream: chunks SCIN (set), SFGI (filegroup), SFIN (file).

The layout is not published. The offsets below were read off 100 backups of SQL Server 2008 R2 and 2016 in the public
repository dataplat/appveyor-lab and hold in all of them; see docs/media.md. What does not look as expected is None.
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from media.tape import moment

MOST_FILES = 32_767  # SQL Server's own limit for a database
LEAST = 120  # bytes of SCIN that we read
CHECKSUMS, DAMAGED = 0x10, 0x20  # bits of Flags as documented for RESTORE HEADERONLY


class BackupType(StrEnum):
    """The letters that msdb.dbo.backupset.type documents."""

    FULL = "D"
    DIFFERENTIAL = "I"
    LOG = "L"
    FILE = "F"
    DIFFERENTIAL_FILE = "G"
    PARTIAL = "P"
    DIFFERENTIAL_PARTIAL = "Q"


@dataclass(frozen=True, kw_only=True)
class DatabaseFile:
    """A data or log file of the database in the backup; `size` in bytes is what a restore will allocate."""

    number: int
    logical: str | None
    physical: str | None
    size: int


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The head of a backup set as SQL Server wrote it. None: the file does not say, or not in a way we know."""

    type: BackupType | None
    database: str | None
    server: str | None
    software: tuple[int, int, int] | None  # major, minor, build
    database_version: int | None
    compatibility: int | None
    created: datetime | None  # the database; all times are the server's local ones
    started: datetime | None
    finished: datetime | None  # only in the copy that closes a set (block MSLS)
    first_lsn: str | None
    last_lsn: str | None
    checkpoint_lsn: str | None
    database_backup_lsn: str | None
    has_checksums: bool | None
    damaged: bool | None
    files: tuple[DatabaseFile, ...]


def read_configuration(raw: bytes) -> Configuration | None:
    """The chunks of one MQCI stream; None when it does not begin with a SCIN chunk that we understand."""
    if len(raw) < LEAST or raw[:4] != b"SCIN":
        return None
    size = int.from_bytes(raw[4:8], "little")
    if not LEAST <= size <= len(raw):
        return None
    scin, flags = raw[:size], int.from_bytes(raw[8:12], "little")
    build, minor, major, version = struct.unpack_from("<HBB66xH", scin, 24)
    known = 7 <= major <= 99 and 400 <= version <= 9_999
    return Configuration(
        type=_type(scin[87]),
        database=chunk_text(scin, 104),
        server=chunk_text(scin, 108),
        software=(major, minor, build) if known else None,
        database_version=version if known else None,
        compatibility=scin[91] if known and scin[91] >= 60 else None,
        created=moment(scin[72:77]),
        started=moment(scin[77:82]),
        finished=moment(scin[82:87]),
        first_lsn=lsn(scin[32:42]),
        last_lsn=lsn(scin[42:52]),
        checkpoint_lsn=lsn(scin[52:62]),
        database_backup_lsn=lsn(scin[62:72]),
        has_checksums=bool(flags & CHECKSUMS) if known else None,
        damaged=bool(flags & DAMAGED) if known else None,
        files=tuple(_files(raw, size)),
    )


def _type(letter: int) -> BackupType | None:
    try:
        return BackupType(chr(letter))
    except ValueError:
        return None


def chunk_text(chunk: bytes, at: int) -> str | None:
    """The UTF-16 string that the address (size, offset) at `at` points to inside this chunk."""
    size, offset = struct.unpack_from("<HH", chunk, at)
    raw = chunk[offset : offset + size]
    if not size or size % 2 or len(raw) < size:
        return None
    return raw.decode("utf-16-le", "replace").rstrip("\0") or None


def lsn(raw: bytes) -> str | None:
    """A log sequence number as HEADERONLY prints it: file, block (10 digits), slot (5 digits)."""
    file, block, slot = struct.unpack("<IIH", raw)
    return f"{file}{block:010d}{slot:05d}" if file else None


def _files(raw: bytes, offset: int) -> list[DatabaseFile]:
    found: list[DatabaseFile] = []
    while len(found) < MOST_FILES and raw[offset : offset + 4] in (b"SFGI", b"SFIN"):
        size = int.from_bytes(raw[offset + 4 : offset + 8], "little")
        chunk = raw[offset : offset + size]
        if size < 8 or len(chunk) < size:
            break  # a chunk that reaches outside: what follows cannot be found
        if chunk[:4] == b"SFIN" and size >= 56:
            found.append(_file(chunk))
        offset += size
    return found


def _file(chunk: bytes) -> DatabaseFile:
    return DatabaseFile(
        number=int.from_bytes(chunk[20:24], "little"),
        logical=chunk_text(chunk, 48),
        physical=chunk_text(chunk, 52),
        size=int.from_bytes(chunk[40:48], "little"),
    )
