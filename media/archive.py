"""A zip archive read with suspicion: its directory is checked against the file before anything is inflated.

Source of the layout: PKWARE APPNOTE 6.3. The standard library's zipfile trusts more than we do (in 3.11 it lets
entries overlap and reads a directory of any size), so only zlib is taken from there.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from media.window import Window

END, END64, LOCATOR64, ENTRY, LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"
LONGEST_COMMENT = 65_535
STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8 = 0x1 | 0x40 | 0x2000, 0x800
NONE32, NONE16 = 0xFFFF_FFFF, 0xFFFF
PIECE = 64 * 1024


class Unsafe(Exception):
    """The archive is refused: `code` says why (see media/sentences.py), `entry` where."""

    def __init__(self, code: str, entry: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.entry = entry[:200]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one archive may cost us. `ratio` is of all inflated bytes to the file's (deflate itself stops at 1032)."""

    entries: int = 100_000
    directory: int = 32 * 1024 * 1024
    inflated: int = 256 * 1024**3
    ratio: int = 200
    slack: int = 64 * 1024 * 1024  # inflated bytes that any archive may have, however small


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of the archive, as its directory describes it."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def read_directory(window: Window, limits: Limits) -> tuple[Entry, ...]:
    """Every entry, each safe to inflate; raises `Unsafe`."""
    count, offset, size = _end(window)
    if count > limits.entries:
        raise Unsafe("too-many-entries")
    if size > limits.directory:
        raise Unsafe("directory-too-large")
    entries = tuple(_entries(window.read(offset, size), count))
    _check_names(entries)
    _check_sizes(window, entries, limits)
    _check_places(window, entries, offset)
    return entries


def _end(window: Window) -> tuple[int, int, int]:
    """Number of entries, offset and size of the directory, which must end where the end record begins."""
    first = max(0, window.size - LONGEST_COMMENT - 22)
    tail = window.read(first, window.size - first)
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise Unsafe("truncated-archive")
    disk, start, here, count, size, offset, comment = struct.unpack_from("<4x4H2IH", tail, at)
    if at + 22 + comment != len(tail):
        raise Unsafe("bytes-after-archive")
    end = first + at
    if NONE32 in (size, offset) or NONE16 in (disk, start, here, count):
        return _end64(window, end)
    if disk or start or here != count:
        raise Unsafe("split-archive")
    if offset + size != end:
        raise Unsafe("directory-misplaced")
    return count, offset, size


def _end64(window: Window, end: int) -> tuple[int, int, int]:
    locator = window.read(end - 20, 20)
    if len(locator) < 20 or locator[:4] != LOCATOR64:
        raise Unsafe("zip64-inconsistent")
    disk, at, disks = struct.unpack("<4xIQI", locator)
    record = window.read(at, 56)
    if len(record) < 56 or record[:4] != END64 or disk or disks > 1:
        raise Unsafe("zip64-inconsistent")
    length, number, start, here, count, size, offset = struct.unpack("<4xQ4xIIQQQQ", record)
    if number or start or here != count:
        raise Unsafe("split-archive")
    if at + 12 + length != end - 20 or offset + size != at:
        raise Unsafe("zip64-inconsistent")
    return count, offset, size


def _entries(raw: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        if raw[at : at + 4] != ENTRY or len(raw) < at + 46:
            raise Unsafe("directory-damaged")
        names, extras, comments = struct.unpack_from("<3H", raw, at + 28)
        end = at + 46 + names + extras + comments
        if end > len(raw):
            raise Unsafe("directory-damaged")
        yield _entry(raw[at:end], names, extras)
        at = end
    if at != len(raw):
        raise Unsafe("directory-damaged")


def _entry(raw: bytes, names: int, extras: int) -> Entry:
    made, flags, method, crc, packed, size = struct.unpack_from("<4xH2xHH4x3I", raw)
    disk, external, offset = struct.unpack_from("<34xH2xII", raw)
    name = _name(raw[46 : 46 + names], flags)
    if flags & ENCRYPTED:
        raise Unsafe("encrypted-entry", name)
    if method not in (STORED, DEFLATED):
        raise Unsafe("unknown-compression", name)
    mode = external >> 16
    if made >> 8 == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Unsafe("link-entry", name)
    wide = _wide(raw[46 + names : 46 + names + extras], [size, packed, offset], name)
    if disk not in (0, NONE16):
        raise Unsafe("split-archive", name)
    return Entry(name=name, method=method, crc=crc, size=wide[0], packed=wide[1], offset=wide[2])


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & UTF8 else "cp437")
    except UnicodeDecodeError:
        raise Unsafe("unreadable-name") from None


def _wide(extra: bytes, values: list[int], name: str) -> list[int]:
    """Size, packed size and offset, from the zip64 field where the directory holds the mark for "see there"."""
    wanted = [i for i, value in enumerate(values) if value == NONE32]
    at = 0
    while wanted and at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if kind == 1 and len(field) >= 8 * len(wanted):
            for place, i in enumerate(wanted):
                values[i] = int.from_bytes(field[8 * place : 8 * place + 8], "little")
            return values
        at += 4 + length
    if wanted:
        raise Unsafe("zip64-inconsistent", name)
    return values


def _check_names(entries: tuple[Entry, ...]) -> None:
    seen: set[str] = set()
    for entry in entries:
        _check_name(entry.name)
        # A package percent-encodes its part names: a way up may be hidden in there, and so may a twin.
        plain = unquote(entry.name)
        if ".." in plain.replace("\\", "/").split("/"):
            raise Unsafe("escaping-name", entry.name)
        key = plain.casefold().rstrip("/")
        if key in seen:
            raise Unsafe("duplicate-name", entry.name)
        seen.add(key)


def _check_name(name: str) -> None:
    parts = name.removesuffix("/").split("/")
    if "\\" in name or name[1:2] == ":" or any(p in ("..", ".", "") for p in parts):
        raise Unsafe("escaping-name", name)
    if any(ord(c) < 32 for c in name) or len(name) > 1_024:
        raise Unsafe("escaping-name", name)


def _check_sizes(window: Window, entries: tuple[Entry, ...], limits: Limits) -> None:
    total = sum(e.size for e in entries)
    if total > min(limits.inflated, window.size * limits.ratio + limits.slack):
        raise Unsafe("bomb")


def _check_places(window: Window, entries: tuple[Entry, ...], directory: int) -> None:
    """Each entry has its own bytes, in front of the directory, under the name that the directory gives it."""
    free = 0
    for entry in sorted(entries, key=lambda e: e.offset):
        if entry.offset < free:
            raise Unsafe("overlapping-entries", entry.name)
        free = data_offset(window, entry) + entry.packed
        if free > directory:
            raise Unsafe("overlapping-entries", entry.name)


def data_offset(window: Window, entry: Entry) -> int:
    """Where the packed bytes of an entry begin; raises `Unsafe` when its own header disagrees with the directory."""
    header = window.read(entry.offset, 30)
    if len(header) < 30 or header[:4] != LOCAL:
        raise Unsafe("directory-damaged", entry.name)
    flags, method, names, extras = (int(n) for n in struct.unpack_from("<6xHH16xHH", header))
    own = _name(window.read(entry.offset + 30, names), flags)
    if own != entry.name or method != entry.method or flags & ENCRYPTED:
        raise Unsafe("header-disagrees", entry.name)
    return entry.offset + 30 + names + extras


def inflate(window: Window, entry: Entry) -> Iterator[bytes]:
    """The bytes of an entry in pieces; raises `Unsafe` as soon as there are more than declared, or other ones."""
    at, left = data_offset(window, entry), entry.packed
    unpack = zlib.decompressobj(-15) if entry.method == DEFLATED else None
    size = crc = 0
    while left:
        raw = window.read(at, min(PIECE, left))
        if not raw:
            raise Unsafe("truncated-archive", entry.name)
        at, left = at + len(raw), left - len(raw)
        for piece in _pieces(unpack, raw, entry):
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if size > entry.size:
                raise Unsafe("bomb", entry.name)
            yield piece
    whole = unpack is None or (unpack.eof and not unpack.unused_data)
    if not whole or size != entry.size or crc != entry.crc:
        raise Unsafe("damaged-entry", entry.name)


def _pieces(unpack: "zlib._Decompress | None", raw: bytes, entry: Entry) -> Iterator[bytes]:
    if unpack is None:
        yield raw
        return
    piece = b"-"
    while piece:  # also when all is fed: a full piece may have left bytes inside
        try:
            piece = unpack.decompress(raw, PIECE)
        except zlib.error:
            raise Unsafe("damaged-entry", entry.name) from None
        raw = unpack.unconsumed_tail
        yield piece
