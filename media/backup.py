"""A backup device as its file tells it: the media, the backup sets on it, and whether the end is there."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from media.configuration import BackupType, Configuration, read_configuration
from media.tape import Block, Broken, Chain, Stream, moment, read_block, walk
from media.window import Spent, Window

BUDGET = 32 * 1024 * 1024  # bytes read for one file, however large it is
MOST_CONFIGURATION = 8 * 1024 * 1024
TAIL = 64 * 1024
NUMBERED = 28  # bytes of the RAID stream that we read


class Ending(StrEnum):
    """How the file ends."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class BackupSet:
    """One backup on the device. Times are local to the server, whose zone the file does not say reliably."""

    number: int
    name: str | None
    description: str | None
    user: str | None
    machine: str | None
    password: bool
    copy: bool  # the format's COPY attribute
    differential: bool  # the format's DIFFERENTIAL attribute
    written: datetime | None
    streams: tuple[str, ...]  # kinds of streams seen, in the order of their first appearance
    ended: bool  # its end block was seen
    configuration: Configuration | None

    @property
    def type(self) -> BackupType | None:
        """What SQL Server says it is; failing that, what the blocks leave no doubt about."""
        if self.configuration and self.configuration.type:
            return self.configuration.type
        return BackupType.DIFFERENTIAL if self.differential else None


@dataclass(frozen=True, kw_only=True)
class Media:
    """The device. `families` is how many files (stripes) make up the media set, `family` which of them this is."""

    media_family_id: int
    sequence: int
    mtf_version: int
    name: str | None
    description: str | None
    software: str | None
    logical_block: int
    written: datetime | None
    password: bool
    media_set: str | None
    families: int | None
    family: int | None
    sets: tuple[BackupSet, ...]
    ending: Ending
    sound_bytes: int  # how far the chain is sound
    trailing: int  # bytes after the end that belong to nothing
    all_sets_seen: bool


def read_media(window: Window) -> Media:
    """The device in this file; raises `Broken` when it does not begin with a sound TAPE block."""
    chain = walk(window)
    if not chain.blocks or chain.blocks[0][0].kind != "TAPE":
        raise chain.broken or Broken(0, truncated=False)
    return _media(window, chain)


def _media(window: Window, chain: Chain) -> Media:
    tape, streams = chain.blocks[0]
    at = next((s.data for s in streams if s.kind == "RAID" and s.size >= NUMBERED), None)
    number = b"" if at is None else _read(window, at, NUMBERED)
    ending = _ending(window, chain)
    return Media(
        media_family_id=tape.long(52),
        sequence=tape.word(60),
        mtf_version=tape.body[93] if len(tape.body) > 93 else 0,
        name=tape.text(68),
        description=tape.text(72),
        software=tape.text(80),
        logical_block=tape.word(84),
        written=moment(tape.body[88:93]),
        password=bool(tape.word(76)),
        media_set=str(UUID(bytes_le=number[:16])) if number else None,
        families=int.from_bytes(number[20:22], "little") or None,
        family=int.from_bytes(number[24:26], "little") or None,
        sets=tuple(_sets(window, chain)),
        ending=ending,
        sound_bytes=chain.end,
        trailing=_trailing(window, chain, ending),
        all_sets_seen=not chain.limited and chain.broken is None,
    )


def _ending(window: Window, chain: Chain) -> Ending:
    """A whole file ends with a filemark after an end-of-set block, or with an end-of-tape block."""
    if chain.limited:
        return _ending_of_tail(window)
    kinds = [block.kind for block, _ in chain.blocks]
    closed = kinds[-1] == "EOTM" or (kinds[-1] == "SFMB" and kinds[-2:-1] == ["ESET"])
    if closed and (chain.broken is None or not chain.broken.truncated):
        return Ending.COMPLETE
    if chain.broken is not None and not chain.broken.truncated:
        return Ending.DAMAGED
    return Ending.TRUNCATED


def _ending_of_tail(window: Window) -> Ending:
    """Too many blocks to follow: is there an end-of-set block before a filemark at the very end?"""
    first = max(0, window.size - TAIL) // 512 * 512
    sound = (_sound(window, at) for at in range(first, window.size, 512))
    ends = [block.kind for block in sound if block is not None]
    return Ending.COMPLETE if ends[-2:] == ["ESET", "SFMB"] else Ending.UNKNOWN


def _sound(window: Window, offset: int) -> Block | None:
    try:
        block = read_block(window, offset)
    except (Broken, Spent):
        return None
    return block if block.kind in ("ESET", "SFMB", "EOTM") else None


def _read(window: Window, offset: int, count: int) -> bytes:
    """The bytes, or none when the budget is spent: what they would have told stays unknown."""
    try:
        return window.read(offset, count)
    except Spent:
        return b""


def _trailing(window: Window, chain: Chain, ending: Ending) -> int:
    if ending is not Ending.COMPLETE or chain.limited or chain.broken is None:
        return 0
    return window.size - chain.end


def _sets(window: Window, chain: Chain) -> list[BackupSet]:
    found: list[BackupSet] = []
    for block, streams in chain.blocks:
        if block.kind == "SSET":
            found.append(_set(block))
        elif found and not found[-1].ended:
            found[-1] = _grown(window, found[-1], block, streams)
    return found


def _set(block: Block) -> BackupSet:
    attributes = block.long(52)
    return BackupSet(
        number=block.word(62),
        name=block.text(64),
        description=block.text(68),
        password=bool(block.word(72)),
        user=block.text(76),
        written=moment(block.body[88:93]),
        copy=bool(attributes & 0x2),
        differential=bool(attributes & 0x8),
        machine=None,
        streams=(),
        ended=False,
        configuration=None,
    )


def _grown(window: Window, known: BackupSet, block: Block, streams: tuple[Stream, ...]) -> BackupSet:
    """The set with what one more of its blocks tells; the closing configuration replaces the opening one."""
    kinds = dict.fromkeys((*known.streams, *(s.kind for s in streams)))
    known = replace(known, streams=tuple(kinds), ended=block.kind == "ESET")
    if block.kind == "VOLB":
        return replace(known, machine=block.text(64))
    for stream in streams:
        if stream.kind == "MQCI" and stream.size <= MOST_CONFIGURATION:
            read = read_configuration(_read(window, stream.data, stream.size))
            known = replace(known, configuration=read or known.configuration)
    return known
