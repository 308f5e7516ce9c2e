"""What the wire writes, the wire reads: types, packets, login, prelogin."""

# ruff: noqa: DTZ001  (SQL Server's dates have no zone)

import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.tds.answers import Changed, Column, Message, SqlType, Transaction
from lab.tds.dialect import NEWEST, Dialect
from lab.tds.login7 import read_login, unscramble
from lab.tds.moments import read_datetime, write_datetime
from lab.tds.packets import Kind, Malformed, Outgoing, packet_bytes, read_packet, read_request
from lab.tds.parameters import read_parameter
from lab.tds.prelogin import Encryption, agree, read_offer
from lab.tds.reading import Reading
from lab.tds.requests import read_calls, read_transact, split_headers
from lab.tds.shapes import shape
from lab.tds.tokens import End, Status, Tokens, change, feature_ack, short_text

LATIN, CHINESE, UTF8 = (bytes.fromhex(c) for c in ("0904D00034", "0408D00000", "0408D00400"))
NEW, OLD = Dialect(NEWEST), Dialect(0x71000001)
TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
GBK = st.text(st.characters(codec="gbk"), max_size=300)
VALUES = {
    SqlType.BIT: st.booleans(),
    SqlType.TINYINT: st.integers(0, 255),
    SqlType.SMALLINT: st.integers(-(2**15), 2**15 - 1),
    SqlType.INT: st.integers(-(2**31), 2**31 - 1),
    SqlType.BIGINT: st.integers(-(2**63), 2**63 - 1),
    SqlType.FLOAT: st.floats(allow_nan=False),
    SqlType.DECIMAL: st.decimals(-(10**32) + 1, 10**32 - 1, places=6),
    SqlType.MONEY: st.decimals("-922337203685477.5808", "922337203685477.5807", places=4),
    SqlType.NVARCHAR: TEXT,
    SqlType.VARCHAR: GBK,
    SqlType.VARBINARY: st.binary(max_size=300),
    SqlType.DATETIME2: st.datetimes(),
    SqlType.DATE: st.dates(),
    SqlType.UNIQUEIDENTIFIER: st.uuids(),
}
CASES = st.sampled_from(list(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.none() | VALUES[kind]))


def back(column: Column, value: Any, dialect: Dialect = NEW, collation: bytes = CHINESE) -> Any:
    """The value after a way over the wire as a parameter."""
    form = shape(column, dialect, collation)
    reading = Reading(b"\0\0" + form.info + form.encode(value))
    parameter = read_parameter(reading, dialect)
    assert reading.left == 0
    return parameter.value


@given(CASES, st.sampled_from([None, 700]))
def test_a_value_of_any_type_survives_the_wire(case: tuple[SqlType, Any], size: int | None) -> None:
    kind, value = case
    assert back(Column(name="v", type=kind, size=size), value) == value


@given(TEXT)
def test_utf8_collations_carry_every_character_in_varchar(value: str) -> None:
    assert back(Column(name="v", type=SqlType.VARCHAR), value, collation=UTF8) == value


@given(st.datetimes(datetime(1753, 1, 1), datetime(9999, 12, 31, 23, 59, 59)))
def test_datetime_is_within_a_tick(value: datetime) -> None:
    assert abs(read_datetime(write_datetime(value)) - value) <= timedelta(microseconds=3500)


def test_the_last_tick_of_a_day_rounds_into_the_next() -> None:
    assert read_datetime(write_datetime(datetime(2026, 2, 28, 23, 59, 59, 999999))) == datetime(2026, 3, 1)


@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_a_passwords_scrambling_is_undone(password: str) -> None:
    scrambled = bytes(((b << 4 & 0xF0) | b >> 4) ^ 0xA5 for b in password.encode("utf-16-le"))
    assert unscramble(scrambled).decode("utf-16-le") == password


@given(st.binary(max_size=3000), st.integers(512, 4096))
def test_a_message_survives_its_packets(payload: bytes, size: int) -> None:
    sent = bytearray()
    out = Outgoing(sent.extend, kind=Kind.BATCH, size=size)
    out.add(payload[:1000])
    out.add(payload[1000:])
    out.end()
    reading = Reading(bytes(sent))
    assert read_request(reading.take).payload == payload
    assert reading.left == 0


def test_the_packet_id_wraps_after_255() -> None:
    ids: list[int] = []
    out = Outgoing(lambda packet: ids.append(packet[6]), size=512)
    out.add(bytes(504 * 300))
    out.end()
    assert ids == [n % 256 for n in range(1, 301)]


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_malformed(data: bytes) -> None:
    for read in (
        read_offer,
        read_login,
        lambda d: split_headers(d, NEW),
        lambda d: list(read_calls(Reading(d), NEW)),
        lambda d: list(read_calls(Reading(d), OLD)),
        lambda d: read_transact(Reading(d)),
        lambda d: read_packet(Reading(d).take),
    ):
        try:
            read(data)
        except Malformed:
            continue


@given(st.sampled_from([*range(0x20, 0x80), 0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF, 0xF1]), st.binary(max_size=60))
def test_a_parameter_of_any_bytes_is_read_or_malformed(token: int, data: bytes) -> None:
    try:
        read_parameter(Reading(b"\0\0" + bytes([token]) + data), NEW)
    except Malformed:
        return


@pytest.mark.parametrize(("asked", "got"), [(0, 4096), (1, 512), (512, 512), (8000, 8000), (65535, 32767)])
def test_the_packet_size_stays_within_its_limits(asked: int, got: int) -> None:
    assert packet_bytes(asked) == got


def test_a_client_that_says_required_is_answered_on() -> None:
    assert agree("optional", Encryption.REQUIRED) is Encryption.ON


@pytest.mark.parametrize(
    ("hexed", "value"),
    [
        ("1F", None),
        ("30 FF", 255),
        ("32 01", True),
        ("34 FE FF", -2),
        ("38 FE FF FF FF", -2),
        ("7F FE FF FF FF FF FF FF FF", -2),
        ("3B 00 00 00 3F", 0.5),
        ("3A 01 00 02 00", datetime(1900, 1, 2, 0, 2)),
        ("3C FF FF FF FF F0 D8 FF FF", Decimal("-1.0000")),
        ("7A 10 27 00 00", Decimal("1.0000")),
        ("6F 04 04 01 00 02 00", datetime(1900, 1, 2, 0, 2)),
        ("6C 05 05 02 05 00 E8 03 00 00", Decimal("-10.00")),
        ("29 00 03 05 00 00", "00:00:05"),
        ("2B 00 08 00 00 00 01 00 00 E0 01", "0001-01-02 08:00:00 +08:00"),
        ("28 03 00 00 00", date(1, 1, 1)),
        ("63 04 00 00 00 04 08 D0 00 00 04 00 00 00 2D 4E 87 65", "中文"),
        ("63 04 00 00 00 04 08 D0 00 00 FF FF FF FF", None),
        ("23 04 00 00 00 04 08 D0 00 00 04 00 00 00 D6 D0 CE C4", "中文"),
        ("22 04 00 00 00 02 00 00 00 01 02", b"\1\2"),
        ("AF 04 00 04 08 D0 00 00 04 00 D6 D0 CE C4", "中文"),
        ("AF 04 00 09 04 D0 00 34 01 00 E9", "é"),
        ("EF 04 00 04 08 D0 00 00 04 00 2D 4E 87 65", "中文"),
        ("AD 02 00 02 00 01 02", b"\1\2"),
        ("E7 FF FF 04 08 D0 00 00 FE FF FF FF FF FF FF FF 02 00 00 00 2D 4E 02 00 00 00 87 65 00 00 00 00", "中文"),
        ("F1 00 04 00 00 00 00 00 00 00 04 00 00 00 2D 4E 87 65 00 00 00 00", "中文"),
    ],
)
def test_the_types_of_all_clients_are_read(hexed: str, value: object) -> None:
    reading = Reading(b"\0\0" + bytes.fromhex(hexed))
    assert read_parameter(reading, NEW).value == value
    assert reading.left == 0


def test_tokens_are_the_bytes_of_a_real_server() -> None:
    tokens = Tokens(dialect=NEW, server="S", collation=LATIN)
    done = tokens.done(End.STATEMENT, Status.COUNT, 0xC1, 1)
    assert done == bytes.fromhex("FD 10 00 C1 00 01 00 00 00 00 00 00 00")
    assert tokens.done(End.STATEMENT, Status.ERROR, 0xC1) == bytes.fromhex("FD 02 00 C1 00" + " 00" * 8)
    assert tokens.changed(Changed(what="database", new="b", old="a")) == bytes.fromhex("E3 07 00 01 01 62 00 01 61 00")
    assert change(4, short_text("1") + short_text("2")) == bytes.fromhex("E3 07 00 04 01 31 00 01 32 00")
    began = tokens.transaction(Transaction(event="began", id=0x0102))
    assert began == bytes.fromhex("E3 0B 00 08 08 02 01 00 00 00 00 00 00 00")
    for event, kind in (("committed", "09"), ("rolled-back", "0A")):
        ended = tokens.transaction(Transaction(event=event, id=1))  # type: ignore[arg-type]
        assert ended == bytes.fromhex(f"E3 0B 00 {kind} 00 08 01 00 00 00 00 00 00 00")
    assert feature_ack({10: b"\1"}) == bytes.fromhex("AE 0A 01 00 00 00 01 FF")


@pytest.mark.parametrize(("severity", "token"), [(0, 0xAB), (10, 0xAB), (11, 0xAA), (25, 0xAA)])
def test_a_message_is_an_error_above_severity_ten(severity: int, token: int) -> None:
    message = Message(number=3013, severity=severity, state=1, text="t", procedure="p", line=4)
    expected = bytes([token]) + bytes.fromhex("14 00 C5 0B 00 00 01") + bytes([severity])
    tail = bytes.fromhex("01 00 74 00 01 53 00 01 70 00")
    new = Tokens(dialect=NEW, server="S", collation=LATIN).message(message)
    assert new == expected + tail + struct.pack("<I", 4)
    old = Tokens(dialect=OLD, server="S", collation=LATIN).message(message)
    assert old[3:] == expected[3:] + tail + struct.pack("<H", 4)


def test_an_older_dialect_counts_rows_in_four_bytes() -> None:
    assert Tokens(dialect=OLD, server="S", collation=LATIN).done(End.STATEMENT, Status.COUNT, 0xC1, 1) == bytes.fromhex(
        "FD 10 00 C1 00 01 00 00 00"
    )


@pytest.mark.parametrize(
    ("kind", "version", "info"),
    [
        (SqlType.DATE, 0x72090002, "E7 36 00"),
        (SqlType.DATETIME2, 0x72090002, "E7 36 00"),
        (SqlType.DATE, 0x730A0003, "28"),
        (SqlType.NVARCHAR, 0x72090002, "E7 FF FF"),
        (SqlType.NVARCHAR, 0x71000001, "63 FF FF FF 7F"),
        (SqlType.VARCHAR, 0x71000001, "23 FF FF FF 7F"),
        (SqlType.VARBINARY, 0x71000001, "22 FF FF FF 7F"),
        (SqlType.BIGINT, 0x71000001, "26 08"),
        (SqlType.BIGINT, 0x70000000, "6A 11 13 00"),
    ],
)
def test_older_dialects_get_older_types(kind: SqlType, version: int, info: str) -> None:
    assert shape(Column(name="v", type=kind), Dialect(version), LATIN).info.startswith(bytes.fromhex(info))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column(name="v", type=SqlType.NVARCHAR, size=2), "abc"),
        (Column(name="v", type=SqlType.TINYINT), 256),
        (Column(name="v", type=SqlType.DECIMAL, precision=4, scale=2), Decimal("100")),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_the_servers_bug(column: Column, value: object) -> None:
    with pytest.raises(OverflowError):
        shape(column, NEW, LATIN).encode(value)
