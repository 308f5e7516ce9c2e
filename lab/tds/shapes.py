"""How a column's type and values look on the wire, and what an older client gets instead."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from lab.tds import moments
from lab.tds.answers import Column, SqlType
from lab.tds.collations import codec
from lab.tds.dialect import Dialect

INTEGERS: Final = {SqlType.TINYINT: 1, SqlType.SMALLINT: 2, SqlType.INT: 4, SqlType.BIGINT: 8}
DATES: Final = frozenset({SqlType.DATE, SqlType.DATETIME2})
DATES_AS_TEXT_CHARACTERS: Final = 27
DECIMAL_BYTES: Final = 16
DIGITS: Final = 77  # enough for 38 digits times 38
LARGEST: Final = {SqlType.NVARCHAR: 4000, SqlType.VARCHAR: 8000, SqlType.VARBINARY: 8000}
SHORT: Final = {SqlType.NVARCHAR: 0xE7, SqlType.VARCHAR: 0xA7, SqlType.VARBINARY: 0xA5}
LONG: Final = {SqlType.NVARCHAR: 0x63, SqlType.VARCHAR: 0x23, SqlType.VARBINARY: 0x22}  # ntext, text, image
NULL_LENGTH: Final = b"\xff\xff"
NULL_CHUNKS: Final = b"\xff" * 8
POINTER: Final = b"\x10" + b"lab text pointer" + b"\0" * 8  # its length, 16 bytes of it, a timestamp

Encode = Callable[[Any], bytes]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A column's TYPE_INFO, how it writes a value, and whether COLMETADATA must name a table (the old long types)."""

    info: bytes
    encode: Encode
    names_table: bool = False


def shape(column: Column, dialect: Dialect, collation: bytes) -> Shape:
    """The wire's side of a column."""
    if column.type in DATES and not dialect.has_dates:
        return _text_shape(
            Column(name=column.name, type=SqlType.NVARCHAR, size=DATES_AS_TEXT_CHARACTERS), dialect, collation
        )
    if column.type is SqlType.BIGINT and not dialect.has_collations:  # 7.0 knows no bigint
        return _decimal_shape(19, 0)
    if column.type in SHORT:
        return _text_shape(column, dialect, collation)
    if column.type is SqlType.DECIMAL:
        return _decimal_shape(column.precision, column.scale)
    return _sized_shape(column.type)


def _sized_shape(kind: SqlType) -> Shape:
    if kind in INTEGERS:
        size = INTEGERS[kind]
        return Shape(info=bytes([0x26, size]), encode=_counted(_integer(size, signed=kind is not SqlType.TINYINT)))
    info, encode = SIZED[kind]
    return Shape(info=info, encode=_counted(encode))


def _integer(size: int, *, signed: bool) -> Encode:
    return lambda value: int(value).to_bytes(size, "little", signed=signed)


def _counted(encode: Encode) -> Encode:
    def write(value: Any) -> bytes:
        if value is None:
            return b"\0"
        data = encode(value)
        return bytes([len(data)]) + data

    return write


def _money(value: Any) -> bytes:
    high, low = divmod(_scaled(value, 4), 1 << 32)
    return struct.pack("<iI", high, low)


def _decimal_shape(precision: int, scale: int) -> Shape:
    def write(value: Any) -> bytes:
        number = _scaled(value, scale)
        if abs(number) >= 10**precision:
            raise OverflowError(f"{value} does not fit in decimal({precision}, {scale})")
        return bytes([number >= 0]) + abs(number).to_bytes(DECIMAL_BYTES, "little")

    return Shape(info=bytes([0x6A, DECIMAL_BYTES + 1, precision, scale]), encode=_counted(write))


def _scaled(value: Any, scale: int) -> int:
    with localcontext() as context:
        context.prec = DIGITS
        exact = Decimal(str(value)).scaleb(scale)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _text_shape(column: Column, dialect: Dialect, collation: bytes) -> Shape:
    kind, size = column.type, column.size
    to_bytes = _to_bytes(kind, collation)
    tail = collation if kind is not SqlType.VARBINARY and dialect.has_collations else b""
    if size is not None and size <= LARGEST[kind]:
        width = size * 2 if kind is SqlType.NVARCHAR else size
        info = bytes([SHORT[kind]]) + struct.pack("<H", max(width, 1)) + tail
        return Shape(info=info, encode=_short(to_bytes, width))
    if dialect.is_wide:
        return Shape(info=bytes([SHORT[kind]]) + NULL_LENGTH + tail, encode=_chunked(to_bytes))
    info = bytes([LONG[kind]]) + struct.pack("<I", 0x7FFFFFFF) + tail
    return Shape(info=info, encode=_pointed(to_bytes), names_table=True)


def _to_bytes(kind: SqlType, collation: bytes) -> Encode:
    if kind is SqlType.VARBINARY:
        return bytes
    if kind is SqlType.NVARCHAR:
        return lambda value: str(value).encode("utf-16-le", "surrogatepass")
    return lambda value: str(value).encode(codec(collation), "replace")


def _short(to_bytes: Encode, width: int) -> Encode:
    def write(value: Any) -> bytes:
        if value is None:
            return NULL_LENGTH
        data = to_bytes(value)
        if len(data) > width:
            raise OverflowError(f"{len(data)} bytes in a column of {width}")
        return struct.pack("<H", len(data)) + data

    return write


def _chunked(to_bytes: Encode) -> Encode:
    def write(value: Any) -> bytes:
        if value is None:
            return NULL_CHUNKS
        data = to_bytes(value)
        chunk = struct.pack("<I", len(data)) + data if data else b""
        return struct.pack("<Q", len(data)) + chunk + struct.pack("<I", 0)

    return write


def _pointed(to_bytes: Encode) -> Encode:
    def write(value: Any) -> bytes:
        if value is None:
            return b"\0"
        data = to_bytes(value)
        return POINTER + struct.pack("<I", len(data)) + data

    return write


SIZED: Final[dict[SqlType, tuple[bytes, Encode]]] = {
    SqlType.BIT: (b"\x68\x01", lambda value: bytes([bool(value)])),
    SqlType.FLOAT: (b"\x6d\x08", lambda value: struct.pack("<d", value)),
    SqlType.MONEY: (b"\x6e\x08", _money),
    SqlType.DATETIME: (b"\x6f\x08", moments.write_datetime),
    SqlType.DATETIME2: (bytes([0x2A, moments.SCALE]), moments.write_datetime2),
    SqlType.DATE: (b"\x28", moments.write_date),
    SqlType.UNIQUEIDENTIFIER: (b"\x24\x10", lambda value: UUID(str(value)).bytes_le),
}
