"""What a client asks for after its login: batches, calls, transactions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lab.tds.answers import Parameter
from lab.tds.dialect import Dialect
from lab.tds.packets import Malformed
from lab.tds.parameters import read_parameter
from lab.tds.reading import Reading, wide_text

TRANSACTION_HEADER: Final = 2
BY_NUMBER: Final = 0xFFFF
MOST_PARAMETERS: Final = 2100
BEGINS_ANOTHER: Final = 0x01
KINDS: Final[dict[int, Literal["begin", "commit", "rollback"]]] = {5: "begin", 7: "commit", 8: "rollback"}
WELL_KNOWN: Final = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A remote call."""

    procedure: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, kw_only=True)
class Transact:
    """A request to the transaction manager; `then_begins` another in the same breath."""

    event: Literal["begin", "commit", "rollback"]
    then_begins: bool = False


def split_headers(payload: bytes, dialect: Dialect) -> tuple[int | None, Reading]:
    """The transaction that the client believes in (None: it does not say), and the rest. Raises Malformed."""
    reading = Reading(payload)
    if not dialect.is_wide:
        return None, reading
    end, transaction = reading.unsigned(4), None
    if not 4 <= end <= len(payload):
        raise Malformed(f"headers of {end} bytes")
    while reading.at < end:
        length, kind = reading.unsigned(4), reading.unsigned(2)
        if length < 6 or reading.at + length - 6 > end:
            raise Malformed(f"a header of {length} bytes")
        body = Reading(reading.take(length - 6))
        if kind == TRANSACTION_HEADER:
            transaction = body.unsigned(8)
    return transaction, reading


def read_batch(reading: Reading) -> str:
    """The text of a batch. Raises Malformed."""
    return wide_text(reading.take(reading.left))


def read_calls(reading: Reading, dialect: Dialect) -> Iterator[Call]:
    """The calls of one RPC message. Raises Malformed."""
    separators = (0xFF, 0xFE) if dialect.is_wide else (0x80,)
    while reading.left:
        procedure = _procedure(reading)
        reading.take(2)  # option flags: recompile, no metadata
        parameters: list[Parameter] = []
        while reading.left and reading.peek() not in separators:
            if len(parameters) == MOST_PARAMETERS:
                raise Malformed("too many parameters")
            parameters.append(read_parameter(reading, dialect))
        if reading.left:
            reading.take(1)
        yield Call(procedure=procedure, parameters=tuple(parameters))


def read_transact(reading: Reading) -> Transact:
    """What the transaction manager shall do. Raises Malformed, for distributed transactions too."""
    kind = reading.unsigned(2)
    if kind not in KINDS:
        raise Malformed(f"transaction manager request {kind}")
    if KINDS[kind] == "begin":
        return Transact(event="begin")
    reading.take(reading.unsigned(1) if reading.left else 0)  # its name
    flags = reading.unsigned(1) if reading.left else 0
    return Transact(event=KINDS[kind], then_begins=bool(flags & BEGINS_ANOTHER))


def _procedure(reading: Reading) -> str:
    length = reading.unsigned(2)
    if length != BY_NUMBER:
        return reading.text(length)
    number = reading.unsigned(2)
    if number not in WELL_KNOWN:
        raise Malformed(f"procedure number {number}")
    return WELL_KNOWN[number]
