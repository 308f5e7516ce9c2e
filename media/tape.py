"""Microsoft Tape Format 1.00a: descriptor blocks, their streams and the order they must come in.

Source of the layout: "Microsoft Tape Format Specification 1.00a", document revision 1.8 (Seagate, 1997-2000); what
SQL Server adds (RAID, MSCI, MSDA, MSTL, MSLS, MQCI, MQDA, MQTL) was read off real files. See docs/media.md.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import xor

from media.window import Spent, Window

HEADER = 52  # of a descriptor block; its last word is the checksum
STREAM = 22  # of a stream header, likewise
FILEMARK_UNIT = 512
LARGER_MARKS = tuple(1_024 << n for n in range(7))  # to 64 KiB, the largest BLOCKSIZE of BACKUP
MOST_BLOCKS = 4_096
MOST_STREAMS = 20_000
MOST_IN_BLOCK = 65_535  # an address in a block has 16 bits


class Broken(Exception):
    """The chain does not go on at `offset`: `truncated` when the file ends there, else damaged."""

    def __init__(self, offset: int, *, truncated: bool) -> None:
        super().__init__(f"at {offset}")
        self.offset = offset
        self.truncated = truncated


@dataclass(frozen=True, kw_only=True)
class Block:
    """One descriptor block (DBLK): `body` holds its bytes up to its first stream."""

    kind: str
    offset: int
    attributes: int
    first_stream: int
    body: bytes

    def word(self, at: int) -> int:
        return int.from_bytes(self.body[at : at + 2], "little")

    def long(self, at: int) -> int:
        return int.from_bytes(self.body[at : at + 4], "little")

    def text(self, at: int) -> str | None:
        """The string that the address at `at` points to; None when there is none or it lies outside the block."""
        size, offset = self.word(at), self.word(at + 2)
        raw = self.body[offset : offset + size]
        if not size or len(raw) < size:
            return None
        encoding = "utf-16-le" if self.body[48:49] == b"\x02" else "cp1252"
        return raw.decode(encoding, "replace").rstrip("\0") or None


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream of a block: `data` is the offset of its first byte in the file, `size` its length in bytes."""

    kind: str
    data: int
    size: int

    @property
    def end(self) -> int:
        return -(-(self.data + self.size) // 4) * 4


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What a walk found: blocks with their streams, where it stopped and why."""

    blocks: tuple[tuple[Block, tuple[Stream, ...]], ...]
    end: int  # the first byte after the last sound block
    broken: Broken | None  # why the walk stopped, if not at an end
    limited: bool  # the walk stopped at our limits, not at the file's


def checked(raw: bytes, size: int) -> bool:
    """Do the words before the last of these `size` bytes add up (by exclusive or) to the last one?"""
    if len(raw) < size:
        return False
    words = struct.unpack_from(f"<{size // 2}H", raw)
    return reduce(xor, words[:-1]) == words[-1] and any(words)


def moment(raw: bytes) -> datetime | None:
    """The time in five packed bytes: 14 bits year, 4 month, 5 day, 5 hour, 6 minute, 6 second; local, zone unknown."""
    bits = int.from_bytes(raw, "big")
    try:
        return datetime(  # noqa: DTZ001  the file does not say which zone
            bits >> 26, bits >> 22 & 15, bits >> 17 & 31, bits >> 12 & 31, bits >> 6 & 63, bits & 63
        )
    except ValueError:
        return None


def walk(window: Window) -> Chain:
    """Follows the chain from the first byte: bounded in blocks, streams and bytes, and always forward."""
    found: list[tuple[Block, tuple[Stream, ...]]] = []
    offset, streams, mark = 0, 0, FILEMARK_UNIT
    try:
        while not _ended(window, found, offset):
            if len(found) >= MOST_BLOCKS or streams >= MOST_STREAMS:
                return Chain(blocks=tuple(found), end=offset, broken=None, limited=True)
            block = read_block(window, offset)
            mark = max(1, block.word(64)) * FILEMARK_UNIT if block.kind == "TAPE" else mark
            if block.kind in ("SFMB", "EOTM"):
                offset = _past_mark(window, block, mark) if block.kind == "SFMB" else _past(window, block)
                found.append((block, ()))
                continue
            inside = tuple(_streams(window, block))
            found.append((block, inside))
            streams += len(inside)
            offset = inside[-1].data + inside[-1].size  # the pad's end
    except Broken as broken:
        return Chain(blocks=tuple(found), end=offset, broken=broken, limited=False)
    except Spent:
        return Chain(blocks=tuple(found), end=offset, broken=None, limited=True)
    return Chain(blocks=tuple(found), end=offset, broken=None, limited=False)


def _ended(window: Window, found: list[tuple[Block, tuple[Stream, ...]]], offset: int) -> bool:
    """After the last filemark comes nothing, or zeros up to the device's block size."""
    if found and found[-1][0].kind == "EOTM":
        return True
    if offset >= window.size:
        return True
    return bool(found) and found[-1][0].kind == "SFMB" and not any(window.read(offset, HEADER))


def read_block(window: Window, offset: int) -> Block:
    """The descriptor block at `offset`; raises `Broken` when there is none or its checksum is wrong."""
    header = window.read(offset, HEADER)
    if len(header) < HEADER:
        raise Broken(offset, truncated=True)
    kind, attributes, first = struct.unpack_from("<4sIH", header)
    if not kind.isalnum() or not checked(header, HEADER):
        raise Broken(offset, truncated=False)
    # A soft filemark is as long as its unit; its array of addresses is of no use here.
    body = header if kind == b"SFMB" else window.read(offset, min(max(first, HEADER), MOST_IN_BLOCK))
    if first < HEADER:
        raise Broken(offset, truncated=False)
    return Block(kind=kind.decode("latin-1"), offset=offset, attributes=attributes, first_stream=first, body=body)


def _streams(window: Window, block: Block) -> Iterator[Stream]:
    """The streams of a block, up to the pad that fills it."""
    offset = block.offset + block.first_stream
    for _ in range(MOST_STREAMS):
        header = window.read(offset, STREAM)
        if len(header) < STREAM:
            raise Broken(offset, truncated=True)
        kind, size = struct.unpack_from("<4s4xQ", header)
        if not checked(header, STREAM):
            raise Broken(offset, truncated=False)
        stream = Stream(kind=kind.decode("latin-1"), data=offset + STREAM, size=size)
        if stream.data + stream.size > window.size:
            raise Broken(offset, truncated=True)
        yield stream
        if stream.kind == "SPAD":
            return
        offset = stream.end
    raise Spent


def _past(window: Window, block: Block) -> int:
    """The end of a block without streams, which must be in the file."""
    if block.offset + block.first_stream > window.size:
        raise Broken(block.offset, truncated=True)
    return block.offset + block.first_stream


def _past_mark(window: Window, block: Block, mark: int) -> int:
    """What follows a filemark: where the label says, or at the end of a larger block of the device."""
    if block.offset + mark > window.size:
        raise Broken(block.offset, truncated=True)
    after = block.offset + mark
    # Only zeros may be passed over: a damaged block must not be.
    if any(window.read(after, HEADER)):
        return after
    larger = (block.offset + size for size in LARGER_MARKS if size > mark)
    return next((at for at in larger if _is_block(window, at)), after)


def _is_block(window: Window, offset: int) -> bool:
    header = window.read(offset, HEADER)
    return header[:4].isalnum() and checked(header, HEADER)
