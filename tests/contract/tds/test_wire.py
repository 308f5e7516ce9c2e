"""The bytes themselves: the order of the login, attentions, the transaction check, resets, older dialects."""

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from lab.tds.answers import Column, Columns, Done, Returned, Row, SqlType, Verb

DEADLINE_S = 20
SELECT_1 = "FD 10 00 C1 00 01 00 00 00 00 00 00 00"
ERROR_DONE = "FD 02 00 00 00" + " 00" * 8
OLD, OLDEST = 0x71000001, 0x70000000


def begins(data: bytes, expected: str) -> bool:
    return data.startswith(bytes.fromhex(expected))


def ends(data: bytes, expected: str) -> bool:
    return data.endswith(bytes.fromhex(expected))


def tokens_of_login(message: bytes) -> list[int]:
    """The tokens of a login's answer, with the kind of each ENVCHANGE."""
    found, at = [], 0
    while at < len(message):
        token = message[at]
        if token == 0xFD:
            return [*found, token]
        if token == 0xAE:
            found.append(token)
            at = message.index(0xFF, at) + 1
            continue
        length = struct.unpack_from("<H", message, at + 1)[0]
        found.append(message[at + 3] if token == 0xE3 else token)
        at += 3 + length
    raise AssertionError(f"no DONE in {message.hex(' ')}")


def test_the_answer_to_a_login_has_its_tokens_in_the_order_of_a_real_server(serve: Any, raw: Any) -> None:
    answer = raw(serve()).login()
    assert tokens_of_login(answer) == [1, 0xAB, 7, 2, 0xAB, 0xAD, 4, 0xFD]
    assert bytes.fromhex("AD 32 00 01 74 00 00 04 14") in answer
    assert "Microsoft SQL Server".encode("utf-16-le") + bytes([16, 0, 3, 232]) in answer
    assert bytes.fromhex("E3 08 00 07 05 04 08 D0 00 00 00") in answer
    assert ends(answer, "FD" + " 00" * 12)


def test_utf8_support_is_the_only_feature_that_is_acknowledged(serve: Any, raw: Any) -> None:
    server = serve()
    utf8, recovery = b"\x0a\1\0\0\0\1", b"\1\0\0\0\0"
    assert bytes.fromhex("AE 0A 01 00 00 00 01 FF FD") in raw(server).login(features=recovery + utf8)
    assert bytes.fromhex("AE FF FD") in raw(server).login(features=recovery)
    assert 0xAE not in tokens_of_login(raw(server).login(version=0x730B0003, features=utf8))


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (0x74000004, "74 00 00 04"),
        (0x74000009, "74 00 00 04"),
        (0x730B0003, "73 0B 00 03"),
        (0x72090002, "72 09 00 02"),
        (0x71000001, "71 00 00 01"),
        (0x71000000, "07 01 00 00"),
        (0x70000000, "07 00 00 00"),
    ],
)
def test_the_dialect_is_the_newest_that_both_know(asked: int, answered: str, serve: Any, raw: Any) -> None:
    assert bytes.fromhex("AD 32 00 01" + answered) in raw(serve()).login(version=asked)


def test_a_failed_login_is_an_error_and_a_done_with_the_error_bit_and_then_the_end(serve: Any, raw: Any) -> None:
    client = raw(serve())
    answer = client.login(database="AIS9")
    assert [answer.index(struct.pack("<i", number)) for number in (4060, 18456)] == sorted(
        answer.index(struct.pack("<i", number)) for number in (4060, 18456)
    )
    assert answer[0] == 0xAA
    assert ends(answer, ERROR_DONE)
    assert client.packet() == b""


def test_integrated_security_is_refused(serve: Any, raw: Any, sql: Any) -> None:
    answer = raw(serve()).login(flags=(0x80, 0))
    assert answer[3:7] == struct.pack("<i", 18456)
    assert sql.sessions == []


def test_a_select_of_one_row_ends_with_the_bytes_of_a_real_server(serve: Any, raw: Any) -> None:
    client = raw(serve())
    client.login()
    client.batch("select 7")
    answer = client.message()
    assert begins(answer, "81 01 00 00 00 00 00 09 00 26 04 01 6E 00")
    assert ends(answer, "D1 04 07 00 00 00" + SELECT_1)


def test_an_idle_attention_is_acknowledged_by_the_bytes_of_a_real_server(serve: Any, raw: Any) -> None:
    client = raw(serve())
    client.login()
    client.send(6, b"")
    assert client.packet() == bytes.fromhex("04 01 00 15 00 33 01 00 FD 20 00 FD 00" + " 00" * 8)


def test_an_attention_while_running_is_answered_by_two_messages(serve: Any, raw: Any, sql: Any, gate: Any) -> None:
    sql.script["slow"] = slow = gate(Columns(columns=(Column(name="n", type=SqlType.INT),)), Row((1,)))
    client = raw(serve())
    client.login()
    client.batch("slow")
    assert slow.started.wait(DEADLINE_S)
    client.send(6, b"")
    assert ends(client.message(), "FD 02 00 00 00" + " 00" * 8)
    assert client.packet()[1:] == bytes.fromhex("01 00 15 00 33 01 00 FD 20 00 FD 00" + " 00" * 8)
    assert slow.saw_stop
    client.batch("select 8")
    assert ends(client.message(), SELECT_1)


def test_an_attention_in_the_middle_of_a_request_takes_its_place(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login()
    client.batch("select 1", status=0)
    client.send(6, b"")
    assert begins(client.message(), "FD 20 00 FD 00")
    assert sql.sessions[0].asked == []


def test_a_request_that_its_client_ignores_is_not_run(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login()
    client.batch("select 1", status=0)
    client.send(1, b"", status=3)
    assert client.message() == bytes.fromhex(ERROR_DONE)
    assert sql.sessions[0].asked == []


def test_packet_ids_begin_again_with_every_message_and_the_size_is_the_negotiated_one(
    serve: Any, raw: Any, sql: Any
) -> None:
    column = Column(name="t", type=SqlType.NVARCHAR)
    sql.script["long"] = lambda *_: iter((Columns(columns=(column,)), Row(("x" * 2000,)), Done(verb=Verb.SELECT)))
    client = raw(serve())
    client.login(packet_bytes=512)
    for _ in range(2):
        client.batch("long")
        packets = [client.packet()]
        while not packets[-1][1] & 1:
            packets.append(client.packet())
        assert [p[6] for p in packets] == list(range(1, len(packets) + 1))
        assert len(packets) > 8
        assert max(len(p) for p in packets) == 512


def test_a_batch_with_another_transaction_than_the_open_one_is_3971(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login()
    client.batch("begin tran")
    answer, number = client.message(), sql.transactions
    assert begins(answer, "E3 0B 00 08 08" + struct.pack("<Q", number).hex() + "00 FD 00 00 D4 00")
    client.batch("select 1", transaction=number - 1)
    assert client.message()[3:7] == struct.pack("<i", 3971)
    client.batch("select 1", transaction=number)
    assert ends(client.message(), SELECT_1)
    assert sql.sessions[0].asked == ["begin tran", "begin", "select 1"]


@pytest.mark.parametrize(("kind", "change"), [(7, 9), (8, 10)])
def test_the_transaction_manager_says_what_became_of_the_transaction(
    kind: int, change: int, serve: Any, raw: Any, sql: Any
) -> None:
    client = raw(serve())
    client.login()
    client.send(0x0E, headers(0) + struct.pack("<HBB", 5, 0, 0))
    client.message()
    number = struct.pack("<Q", sql.transactions)
    client.send(0x0E, headers(sql.transactions) + struct.pack("<HBB", kind, 0, 0))
    assert begins(client.message(), f"E3 0B 00 {change:02x} 00 08" + number.hex() + "FD 00 00")
    client.send(0x0E, headers(0) + struct.pack("<HBB", 5, 0, 0))
    client.message()
    client.send(0x0E, headers(sql.transactions) + struct.pack("<HBBBB", kind, 0, 1, 0, 0))
    answer = client.message()
    assert bytes.fromhex(f"E3 0B 00 {change:02x} 00 08") in answer
    assert bytes.fromhex("E3 0B 00 08 08") + struct.pack("<Q", sql.transactions) in answer


def headers(transaction: int) -> bytes:
    return struct.pack("<IIHQI", 22, 18, 2, transaction, 1)


def test_a_reset_comes_before_the_batch_and_is_told(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login(database="AIS1")
    client.batch("use [AIS2]")
    client.message()
    client.batch("select 1", status=1 | 8)
    assert begins(client.message(), "E3 03 00 12 00 00 E3")
    assert sql.sessions[0].resets == 1
    assert sql.sessions[0].database == "AIS1"


def test_prepared_statements_live_on_the_wire_until_they_are_unprepared(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login()
    client.send(3, headers(0) + rpc(11, integer(None, status=1), text("@a int"), text("echo @a")))
    assert client.message() == bytes.fromhex(
        "79 00 00 00 00 AC 00 00 00 01 00 00 00 00 01 00 26 04 04 01 00 00 00 FE" + " 00" * 12
    )
    client.send(3, headers(0) + rpc(12, integer(1), integer(42)))
    assert bytes.fromhex("D1 04 2A 00 00 00 FF 11 00 C1 00 01 00 00 00 00 00 00 00 79") in client.message()
    procedure, parameters = sql.sessions[0].asked[-1]
    assert (procedure, [p.value for p in parameters]) == ("sp_executesql", ["echo @a", "@a int", 42])
    client.send(3, headers(0) + rpc(13, integer(None, status=1), text("@a int"), text("echo @a"), integer(5)))
    answer = client.message()
    assert answer.index(b"\xd1\x04\5\0\0\0") < answer.index(bytes.fromhex("AC 00 00 00 01"))
    assert bytes.fromhex("26 04 04 02 00 00 00 FE 00 00") in answer
    client.send(3, headers(0) + rpc(15, integer(1)))
    client.message()
    client.send(3, headers(0) + rpc(12, integer(1), integer(42)))
    assert client.message()[3:7] == struct.pack("<i", 8179)


def test_calls_of_one_message_are_told_in_one_message(serve: Any, raw: Any, sql: Any) -> None:
    client = raw(serve())
    client.login()
    call = rpc(10, text("echo"), text("@a int"), integer(1))
    client.send(3, headers(0) + call + b"\xff" + call)
    answer = client.message()
    assert answer.count(bytes.fromhex("D1 04 01 00 00 00")) == 2
    assert answer.count(bytes.fromhex("79 00 00 00 00 FE 01 00")) == 1
    assert ends(answer, "79 00 00 00 00 FE" + " 00" * 12)


def test_a_procedure_inside_a_batch_says_in_procedure_and_status_and_procedure_done(
    serve: Any, raw: Any, sql: Any
) -> None:
    sql.script["exec p"] = lambda *_: iter(
        (Done(verb=Verb.UPDATE, count=2, inner=True), Returned(status=3), Done(verb=Verb.EXECUTE))
    )
    client = raw(serve())
    client.login()
    client.batch("exec p")
    inner = "FF 11 00 C5 00 02 00 00 00 00 00 00 00"
    assert client.message() == bytes.fromhex(inner + "79 03 00 00 00 FE 00 00 E0 00" + " 00" * 8)


def test_an_unknown_procedure_is_an_error_and_one_procedure_done(serve: Any, raw: Any) -> None:
    client = raw(serve())
    client.login()
    name = "sp_nothing".encode("utf-16-le")
    client.send(3, headers(0) + struct.pack("<H", 10) + name + b"\0\0")
    answer = client.message()
    assert answer[3:9] == struct.pack("<iBB", 2812, 62, 16)
    assert ends(answer, "FE 02 00 00 00" + " 00" * 8)
    assert 0xFF not in answer[-30:]


@pytest.mark.parametrize(("version", "collation"), [(OLD, "04 08 D0 00 00"), (OLDEST, "")])
def test_an_older_client_gets_what_it_can_read(version: int, collation: str, serve: Any, raw: Any, sql: Any) -> None:
    columns = (Column(name="a", type=SqlType.NVARCHAR), Column(name="d", type=SqlType.DATE))
    sql.script["old"] = lambda *_: iter((Columns(columns=columns), Row(("x", None)), Row((None, None))))
    client = raw(serve())
    client.login(version=version)
    client.send(1, "old".encode("utf-16-le"))
    answer = client.message()
    ntext = f"00 00 09 00 63 FF FF FF 7F {collation} 00 00 01 61 00"
    nvarchar = f"00 00 09 00 E7 36 00 {collation} 01 64 00"
    assert begins(answer, "81 02 00" + ntext + nvarchar)
    assert ends(answer, "02 00 00 00 78 00 FF FF D1 00 FF FF FD" + " 00" * 8)


def test_a_batch_that_says_nothing_is_one_done(serve: Any, raw: Any, sql: Any) -> None:
    sql.script[""] = lambda *_: iter(())
    client = raw(serve())
    client.login()
    client.batch("")
    assert client.message() == bytes.fromhex("FD" + " 00" * 12)


def test_a_session_with_a_bug_says_so_and_hangs_up(serve: Any, raw: Any, sql: Any, caplog: Any) -> None:
    def buggy(*_: Any) -> Iterator[Any]:
        yield Columns(columns=(Column(name="n", type=SqlType.TINYINT),))
        yield Row((256,))

    sql.script["buggy"] = buggy
    client = raw(serve())
    client.login()
    client.batch("buggy")
    answer = client.message()
    assert struct.pack("<iBB", 3624, 1, 20) in answer
    assert ends(answer, ERROR_DONE)
    assert client.packet() == b""
    assert "OverflowError" in caplog.text


def rpc(number: int, *parameters: bytes) -> bytes:
    return struct.pack("<HHH", 0xFFFF, number, 0) + b"".join(parameters)


def integer(value: int | None, status: int = 0) -> bytes:
    data = b"\0" if value is None else b"\4" + struct.pack("<i", value)
    return bytes([0, status, 0x26, 4]) + data


def text(value: str) -> bytes:
    data = value.encode("utf-16-le")
    return b"\0\0\xe7" + struct.pack("<H", 8000) + bytes.fromhex("0904D00034") + struct.pack("<H", len(data)) + data
