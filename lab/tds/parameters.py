"""The parameters of a remote call: every type that a client may send, as the seam's own types."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from lab.tds import moments
from lab.tds.answers import Column, Parameter, SqlType
from lab.tds.collations import codec
from lab.tds.dialect import Dialect
from lab.tds.packets import LARGEST_MESSAGE_BYTES, Malformed
from lab.tds.reading import Reading, wide_text

OUTPUT: Final = 0x01
MAX: Final = 0xFFFF
NULL_CHUNKS: Final = 0xFFFFFFFFFFFFFFFF
MONEY_SCALE: Final = 4
MOST_DIGITS: Final = 38

Decode = Callable[[bytes], Any]


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A parameter's type: the column it stands for, how its bytes are found, and what they mean."""

    column: Column
    extent: Callable[[Reading], bytes | None]
    decode: Decode


def read_parameter(reading: Reading, dialect: Dialect) -> Parameter:
    """One parameter. Raises Malformed."""
    name = reading.text(reading.unsigned(1))
    status = reading.unsigned(1)
    incoming = _incoming(reading, name, dialect)
    data = incoming.extent(reading)
    try:
        value = None if data is None else incoming.decode(data)
    except (ValueError, ArithmeticError, struct.error) as error:
        raise Malformed(f"parameter {name}: {error}") from None
    return Parameter(name=name, column=incoming.column, value=value, output=bool(status & OUTPUT))


def _incoming(reading: Reading, name: str, dialect: Dialect) -> Incoming:
    token = reading.unsigned(1)
    if token in FIXED:
        kind, size, decode = FIXED[token]
        return Incoming(column=Column(name=name, type=kind), extent=lambda r: r.take(size), decode=decode)
    if token in COUNTED:
        kinds, decode = COUNTED[token]
        size = reading.unsigned(1)
        if size not in kinds:
            raise Malformed(f"type {token:#04x} of {size} bytes")
        return Incoming(column=Column(name=name, type=kinds[size]), extent=_counted, decode=decode)
    if token in DECIMALS:
        return _decimal(reading, name)
    if token in TIMES:
        return _time(reading, name, token)
    if token in TEXTS:
        return _text(reading, name, token, dialect)
    if token == XML:
        return _xml(reading, name)
    raise Malformed(f"parameter {name} of type {token:#04x}")


def _counted(reading: Reading) -> bytes | None:
    length = reading.unsigned(1)
    return reading.take(length) if length else None


def _decimal(reading: Reading, name: str) -> Incoming:
    _, precision, scale = reading.unsigned(1), reading.unsigned(1), reading.unsigned(1)
    if not (1 <= precision <= MOST_DIGITS and scale <= precision):
        raise Malformed(f"decimal({precision}, {scale})")

    def decode(data: bytes) -> Decimal:
        digits = tuple(int(d) for d in str(int.from_bytes(data[1:], "little")))
        return Decimal((int(data[0] == 0), digits, -scale))

    column = Column(name=name, type=SqlType.DECIMAL, precision=precision, scale=scale)
    return Incoming(column=column, extent=_counted, decode=decode)


def _time(reading: Reading, name: str, token: int) -> Incoming:
    if token == DATE:
        return Incoming(column=Column(name=name, type=SqlType.DATE), extent=_counted, decode=moments.read_date)
    kind, extra, read = TIMES[token]
    scale = reading.unsigned(1)
    if scale > moments.SCALE:
        raise Malformed(f"a scale of {scale}")
    size = moments.TIME_BYTES[scale] + extra

    def decode(data: bytes) -> Any:
        if len(data) != size:
            raise ValueError(f"{len(data)} bytes")
        return read(data, scale)

    text = moments.SCALE + 27 if kind is SqlType.NVARCHAR else None
    return Incoming(column=Column(name=name, type=kind, size=text), extent=_counted, decode=decode)


def _text(reading: Reading, name: str, token: int, dialect: Dialect) -> Incoming:
    kind, width = TEXTS[token]
    size = reading.unsigned(width)
    collation = reading.take(5) if kind is not SqlType.VARBINARY and dialect.has_collations and width > 1 else b""
    is_max = width == 4 or (width == 2 and size == MAX)
    unit = 2 if kind is SqlType.NVARCHAR else 1
    column = Column(name=name, type=kind, size=None if is_max else size // unit)
    extent = _chunks if width == 2 and is_max else _prefixed(width)
    return Incoming(column=column, extent=extent, decode=_decoder(kind, collation))


def _decoder(kind: SqlType, collation: bytes) -> Decode:
    if kind is SqlType.VARBINARY:
        return bytes
    if kind is SqlType.NVARCHAR:
        return wide_text
    return lambda data: data.decode(codec(collation), "replace")


def _prefixed(width: int) -> Callable[[Reading], bytes | None]:
    def extent(reading: Reading) -> bytes | None:
        length = reading.unsigned(width)
        null = 0 if width == 1 else (1 << 8 * width) - 1
        return None if length == null else reading.take(length)

    return extent


def _chunks(reading: Reading) -> bytes | None:
    if reading.unsigned(8) == NULL_CHUNKS:
        return None
    data = bytearray()
    while length := reading.unsigned(4):
        data += reading.take(length)
        if len(data) > LARGEST_MESSAGE_BYTES:
            raise Malformed("a value without an end")
    return bytes(data)


def _xml(reading: Reading, name: str) -> Incoming:
    if reading.unsigned(1):
        raise Malformed("xml with a schema")
    return Incoming(column=Column(name=name, type=SqlType.NVARCHAR), extent=_chunks, decode=wide_text)


def _integer(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=len(data) > 1)  # a tinyint has no sign


def _money(data: bytes) -> Decimal:
    if len(data) == 4:
        return Decimal(int.from_bytes(data, "little", signed=True)).scaleb(-MONEY_SCALE)
    whole = int.from_bytes(data[:4], "little", signed=True) << 32 | int.from_bytes(data[4:], "little")
    return Decimal(whole).scaleb(-MONEY_SCALE)


def _floating(data: bytes) -> float:
    return Reading(data).floating(len(data))


def _bit(data: bytes) -> bool:
    return data != b"\0"


def _guid(data: bytes) -> UUID:
    return UUID(bytes_le=data)


XML: Final = 0xF1
DATE: Final = 0x28
DECIMALS: Final = frozenset({0x37, 0x3F, 0x6A, 0x6C})
INTEGERS: Final = {1: SqlType.TINYINT, 2: SqlType.SMALLINT, 4: SqlType.INT, 8: SqlType.BIGINT}
FIXED: Final[dict[int, tuple[SqlType, int, Decode]]] = {
    0x1F: (SqlType.INT, 0, lambda _: None),
    0x30: (SqlType.TINYINT, 1, _integer),
    0x32: (SqlType.BIT, 1, _bit),
    0x34: (SqlType.SMALLINT, 2, _integer),
    0x38: (SqlType.INT, 4, _integer),
    0x3A: (SqlType.DATETIME, 4, moments.read_datetime),
    0x3B: (SqlType.FLOAT, 4, _floating),
    0x3C: (SqlType.MONEY, 8, _money),
    0x3D: (SqlType.DATETIME, 8, moments.read_datetime),
    0x3E: (SqlType.FLOAT, 8, _floating),
    0x7A: (SqlType.MONEY, 4, _money),
    0x7F: (SqlType.BIGINT, 8, _integer),
}
COUNTED: Final[dict[int, tuple[dict[int, SqlType], Decode]]] = {
    0x24: ({16: SqlType.UNIQUEIDENTIFIER}, _guid),
    0x26: (INTEGERS, _integer),
    0x68: ({1: SqlType.BIT}, _bit),
    0x6D: ({4: SqlType.FLOAT, 8: SqlType.FLOAT}, _floating),
    0x6E: ({4: SqlType.MONEY, 8: SqlType.MONEY}, _money),
    0x6F: ({4: SqlType.DATETIME, 8: SqlType.DATETIME}, moments.read_datetime),
}
TIMES: Final[dict[int, tuple[SqlType, int, Callable[[bytes, int], Any]]]] = {
    DATE: (SqlType.DATE, 0, lambda data, _: moments.read_date(data)),
    0x29: (SqlType.NVARCHAR, 0, lambda data, scale: moments.read_time(data, scale).isoformat()),
    0x2A: (SqlType.DATETIME2, 3, moments.read_datetime2),
    0x2B: (SqlType.NVARCHAR, 5, moments.read_offset),
}
TEXTS: Final = {  # the type, and how many bytes its length has
    0x22: (SqlType.VARBINARY, 4),
    0x23: (SqlType.VARCHAR, 4),
    0x25: (SqlType.VARBINARY, 1),
    0x27: (SqlType.VARCHAR, 1),
    0x2D: (SqlType.VARBINARY, 1),
    0x2F: (SqlType.VARCHAR, 1),
    0x63: (SqlType.NVARCHAR, 4),
    0xA5: (SqlType.VARBINARY, 2),
    0xA7: (SqlType.VARCHAR, 2),
    0xAD: (SqlType.VARBINARY, 2),
    0xAF: (SqlType.VARCHAR, 2),
    0xE7: (SqlType.NVARCHAR, 2),
    0xEF: (SqlType.NVARCHAR, 2),
}
