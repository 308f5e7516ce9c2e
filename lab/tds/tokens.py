"""The tokens of an answer, as bytes of one dialect."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, Final

from lab.tds.answers import Changed, Column, Message, Transaction
from lab.tds.dialect import Dialect
from lab.tds.shapes import Shape, shape

ERROR, INFO, LOGIN_ACK, FEATURE_ACK, CHANGE = 0xAA, 0xAB, 0xAD, 0xAE, 0xE3
COLUMNS, ROW, RETURN_STATUS, RETURN_VALUE = 0x81, 0xD1, 0x79, 0xAC
WORST_INFORMATION: Final = 10  # severity: above it an error
NULLABLE, UPDATABLE_UNKNOWN = 0x01, 0x08
PRODUCT: Final = "Microsoft SQL Server"
LONGEST_TEXT: Final = 16000  # characters of a message
CHANGES: Final = {"database": 1, "language": 2}
TRANSACTIONS: Final = {"began": 8, "committed": 9, "rolled-back": 10}
PACKET_SIZE, COLLATION, WAS_RESET = 4, 7, 18
ATTENTION_COMMAND: Final = 0x00FD


class End(IntEnum):
    """Which token closes a statement."""

    STATEMENT = 0xFD
    PROCEDURE = 0xFE
    IN_PROCEDURE = 0xFF


class Status(IntFlag):
    """The bits of such a token."""

    FINAL = 0
    MORE = 0x01
    ERROR = 0x02
    COUNT = 0x10
    ATTENTION = 0x20


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Writes tokens for one client. `server` is the name in its messages."""

    dialect: Dialect
    server: str
    collation: bytes

    def message(self, message: Message) -> bytes:
        """ERROR or INFO, by the severity."""
        body = struct.pack("<iBB", message.number, message.state & 0xFF, message.severity)
        body += _long_text(message.text[:LONGEST_TEXT]) + short_text(self.server) + short_text(message.procedure)
        body += struct.pack("<I" if self.dialect.is_wide else "<H", message.line & 0xFFFF)
        return _sized(ERROR if message.severity > WORST_INFORMATION else INFO, body)

    def done(self, end: End, status: Status, command: int = 0, count: int = 0) -> bytes:
        """DONE, DONEPROC or DONEINPROC."""
        layout = "<BHHQ" if self.dialect.is_wide else "<BHHI"
        return struct.pack(layout, end, status, command, count)

    def changed(self, changed: Changed) -> bytes:
        """ENVCHANGE of the database or the language."""
        return change(CHANGES[changed.what], short_text(changed.new) + short_text(changed.old))

    def transaction(self, transaction: Transaction) -> bytes:
        """ENVCHANGE of a transaction; older clients have no word for it."""
        if not self.dialect.is_wide:
            return b""
        number = b"\x08" + struct.pack("<Q", transaction.id)
        began = transaction.event == "began"
        return change(TRANSACTIONS[transaction.event], number + b"\0" if began else b"\0" + number)

    def columns(self, columns: tuple[Column, ...]) -> tuple[bytes, Callable[[tuple[Any, ...]], bytes]]:
        """COLMETADATA, and what writes the ROWs under it."""
        shapes = [shape(column, self.dialect, self.collation) for column in columns]
        described = [self._column(column, form) for column, form in zip(columns, shapes, strict=True)]
        encoders = [form.encode for form in shapes]

        def row(values: tuple[Any, ...]) -> bytes:
            written = [encode(value) for encode, value in zip(encoders, values, strict=True)]
            return bytes([ROW]) + b"".join(written)

        return bytes([COLUMNS]) + struct.pack("<H", len(columns)) + b"".join(described), row

    def return_status(self, status: int) -> bytes:
        """RETURNSTATUS."""
        return struct.pack("<Bi", RETURN_STATUS, status)

    def return_value(self, ordinal: int, name: str, column: Column, value: Any) -> bytes:
        """RETURNVALUE of an output parameter."""
        form = shape(column, self.dialect, self.collation)
        head = struct.pack("<BH", RETURN_VALUE, ordinal) + short_text(name) + b"\x01"
        return head + self._kind(NULLABLE) + form.info + form.encode(value)

    def login_ack(self, version: tuple[int, int, int]) -> bytes:
        """LOGINACK."""
        body = b"\x01" + self.dialect.answer.to_bytes(4, "big") + short_text(PRODUCT)
        return _sized(LOGIN_ACK, body + struct.pack(">BBH", *version))

    def _column(self, column: Column, form: Shape) -> bytes:
        table = b""
        if form.names_table:
            table = b"\x00\x00"
        flags = UPDATABLE_UNKNOWN | (NULLABLE if column.nullable else 0)
        return self._kind(flags) + form.info + table + short_text(column.name)

    def _kind(self, flags: int) -> bytes:
        """The user type (none) and the flags."""
        return struct.pack("<IH" if self.dialect.is_wide else "<HH", 0, flags)


def change(kind: int, body: bytes) -> bytes:
    """An ENVCHANGE token."""
    return _sized(CHANGE, bytes([kind]) + body)


def feature_ack(features: dict[int, bytes]) -> bytes:
    """FEATUREEXTACK."""
    entries = b"".join(struct.pack("<BI", feature, len(data)) + data for feature, data in features.items())
    return bytes([FEATURE_ACK]) + entries + b"\xff"


def short_text(text: str) -> bytes:
    """B_VARCHAR: at most 255 characters."""
    data = text.encode("utf-16-le", "surrogatepass")[:510]
    return bytes([len(data) // 2]) + data


def _long_text(text: str) -> bytes:
    data = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<H", len(data) // 2) + data


def _sized(token: int, body: bytes) -> bytes:
    return struct.pack("<BH", token, len(body)) + body
