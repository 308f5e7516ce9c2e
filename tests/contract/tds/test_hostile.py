"""Clients that mean no good, wires that break: only that connection suffers, and nothing is left behind."""

import random
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymssql
import pytest

from lab.tds.answers import Column, Columns, Row, SqlType

DEADLINE_S = 20
HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
PRELOGIN = bytes.fromhex("00 0006 0006 01 000C 0001 FF 10 00 00 00 00 00")[:-6]


def prelogin(encryption: int) -> bytes:
    return bytes.fromhex("00 000B 0006 01 0011 0001 FF") + bytes(6) + bytes([encryption])


def packet(kind: int, payload: bytes, status: int = 1, length: int | None = None) -> bytes:
    size = len(payload) + 8 if length is None else length
    return struct.pack(">BBHHBB", kind, status, size, 0, 1, 0) + payload


BEFORE_LOGIN = {
    "length 0": packet(0x12, b"", length=0),
    "length 7": packet(0x12, b"", length=7),
    "length 65535": packet(0x12, bytes(65527)),
    "an unknown type": packet(0x55, b"x"),
    "a batch before the login": packet(1, HEADERS),
    "an empty prelogin": packet(0x12, b""),
    "a prelogin cut in its directory": packet(0x12, prelogin(0)[:7]),
    "a prelogin cut in its data": packet(0x12, prelogin(0)[:-3]),
    "a prelogin without an end": packet(0x12, bytes(5) * 100),
    "an unknown encryption": packet(0x12, prelogin(77)),
    "a login of nothing": packet(0x10, b""),
    "a login that claims more than it has": packet(0x10, struct.pack("<I", 1 << 30) + bytes(100)),
    "a login of another age": packet(0x10, struct.pack("<II", 94, 0x04020000) + bytes(86)),
    "a login whose fields point outside": packet(0x10, struct.pack("<II", 94, 0x74000004) + b"\xff" * 86),
    "a login without an end": packet(0x10, bytes(32000), status=0) * 5,
    "two kinds in one message": packet(0x12, b"\0", status=0) + packet(0x10, b""),
    "a handshake of garbage": packet(0x12, prelogin(1)) + packet(0x12, b"\x16\x03\x01\xff\xff" + b"\0" * 100),
    "http": b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n",
    "a client hello without a prelogin": bytes.fromhex("16030100050100000100"),
}
AFTER_LOGIN = {
    "headers that claim more": packet(1, struct.pack("<I", 1 << 20) + b"x"),
    "headers of no length": packet(1, struct.pack("<IIH", 22, 0, 2) + bytes(12)),
    "half a character": packet(1, HEADERS + b"x"),
    "a procedure without a name": packet(3, HEADERS + b"\xff\xff\x63\0\0\0"),
    "a name that ends too soon": packet(3, HEADERS + b"\x10\0a\0"),
    "a parameter of an unknown type": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\x99"),
    "an integer of three bytes": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\x26\x03\x03abc"),
    "a float of three bytes": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\x6d\x08\x03abc"),
    "a date after the last": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\x28\x03\xff\xff\xff"),
    "a decimal of 99 digits": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\x6a\x11\x63\x02\0"),
    "chunks without an end": packet(3, HEADERS + b"\xff\xff\x0a\0\0\0\0\0\xa5\xff\xff" + b"\xfe" + b"\xff" * 7 + b"\4"),
    "a distributed transaction": packet(0x0E, HEADERS + b"\0\0"),
    "another prelogin": packet(0x12, prelogin(0)),
    "another login": packet(0x10, bytes(94)),
    "an answer": packet(4, b"\xfd"),
    "many requests at once": packet(1, HEADERS + "slow".encode("utf-16-le")) * 40,
}


@pytest.fixture
def works(login: tuple[str, str]) -> Callable[[Any], bool]:
    """Whether an honest client is still served."""

    def ask(server: Any) -> bool:
        with pymssql.connect("127.0.0.1", *login, port=str(server.port), autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("select 1")
            return bool(cursor.fetchall() == [(1,)])

    return ask


@pytest.mark.parametrize("name", BEFORE_LOGIN)
def test_nonsense_before_the_login_closes_that_connection_only(
    name: str, serve: Any, raw: Any, works: Any, sql: Any, eventually: Any
) -> None:
    server = serve()
    client = raw(server)
    client.send_raw(BEFORE_LOGIN[name])
    assert client.is_closed()
    assert eventually(lambda: server.connections == 0)
    assert sql.sessions == []
    assert works(server)


@pytest.mark.parametrize("name", AFTER_LOGIN)
def test_nonsense_after_the_login_closes_that_connection_only(
    name: str, serve: Any, raw: Any, works: Any, sql: Any, gate: Any, eventually: Any
) -> None:
    sql.script["slow"] = gate()
    server = serve()
    client = raw(server)
    client.login()
    client.send_raw(AFTER_LOGIN[name])
    assert client.is_closed()
    assert sql.sessions[0].closed.wait(DEADLINE_S)
    assert sql.sessions[0].asked in ([], ["slow"])
    assert eventually(lambda: server.connections == 0)
    assert works(server)


@pytest.mark.parametrize("seed", range(5))
def test_garbage_never_does_more_than_close(seed: int, serve: Any, raw: Any, works: Any, caplog: Any) -> None:
    server, chance = serve(), random.Random(seed)
    for _ in range(20):
        client = raw(server)
        if chance.random() < 0.5:
            client.login()
        kind = chance.choice((1, 3, 6, 0x0E, 0x10, 0x12))
        client.send_raw(packet(kind, HEADERS[: chance.choice((0, 22))] + chance.randbytes(chance.randrange(300))))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.is_closed()
    assert works(server)
    assert caplog.text == ""


def test_a_huge_message_is_cut_off_at_the_limit(serve: Any, raw: Any, works: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("lab.tds.packets.read_request.__kwdefaults__", {"limit": 1 << 20})
    server = serve()
    client = raw(server)
    client.login()
    with pytest.raises(ConnectionError):
        _send_without_end(client)
    assert works(server)


def _send_without_end(client: Any) -> None:
    for _ in range(10_000):
        client.send_raw(packet(1, bytes(32000), status=0))


def test_a_client_that_dawdles_at_its_login_is_cut_off(serve: Any, raw: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("lab.tds.greeting.GREETING_S", 0.2)
    client = raw(serve())
    client.send_raw(packet(0x12, prelogin(0))[:5])
    assert client.is_closed()


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_3_is_never_agreed(highest: ssl.TLSVersion, serve: Any, raw: Any, authority: tuple[Path, Any]) -> None:
    client = raw(serve())
    client.send(0x12, prelogin(1))
    client.message()
    assert _shake(client, authority[0], ssl.TLSVersion.TLSv1_2, highest) == "TLSv1.2"


def test_a_client_that_speaks_tls_1_3_only_is_refused(serve: Any, raw: Any, authority: tuple[Path, Any]) -> None:
    client = raw(serve())
    client.send(0x12, prelogin(1))
    client.message()
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|protocol version"):
        _shake(client, authority[0], ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


def _shake(client: Any, ca: Path, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> str | None:
    context = ssl.create_default_context(cafile=str(ca))
    context.minimum_version, context.maximum_version = lowest, highest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            tls.do_handshake()
            return tls.version()
        except ssl.SSLWantReadError:
            client.send(0x12, outgoing.read())
            incoming.write(client.packet()[8:])


@pytest.mark.parametrize(
    ("mode", "offered", "answered"),
    [
        ("optional", 0, 0),
        ("optional", 1, 1),
        ("optional", 2, 2),
        ("required", 0, 3),
        ("required", 1, 1),
        ("required", 2, 3),
        ("none", 0, 2),
        ("none", 1, 2),
        ("none", 2, 2),
    ],
)
def test_the_encryption_is_answered_as_real_servers_do(
    mode: str, offered: int, answered: int, serve: Any, raw: Any
) -> None:
    client = raw(serve(encryption=mode))
    client.send(0x12, prelogin(offered))
    answer = client.packet()
    assert answer[0] == 4
    assert answer[8:11] == bytes.fromhex("00 00 1A")  # VERSION first
    assert answer[8 + 26 : 8 + 32] == bytes.fromhex("10 00 03 E8 00 00")
    assert answer[8 + 32] == answered


def test_a_clear_login_is_refused_where_encryption_is_required(
    serve: Any, raw: Any, sql: Any, write_login: Any
) -> None:
    server = serve(encryption="required")
    direct, stubborn = raw(server), raw(server)
    stubborn.send(0x12, prelogin(2))
    stubborn.message()
    for client in (direct, stubborn):
        client.send(0x10, write_login())
        assert client.message()[3:7] == struct.pack("<i", 17835)
        assert client.is_closed()
    assert sql.sessions == []


@pytest.mark.parametrize("fate", ["drop", "hang"])
@pytest.mark.parametrize(
    ("moment", "ran"), [("before-login", None), ("after-login", 0), ("before-batch", 0), ("after-batch", 1)]
)
def test_the_wire_breaks_where_it_is_told_to(
    moment: str, ran: int | None, fate: str, serve: Any, raw: Any, sql: Any, eventually: Any, write_login: Any
) -> None:
    seen: list[str] = []

    def fault(at: str, connection: Any) -> str:
        assert connection.login.user == "operator"
        seen.append(at)
        return fate if at == moment else "go"

    server = serve(fault=fault)
    client = raw(server)
    client.send(0x10, write_login())
    if moment.endswith("batch"):
        client.message()
        client.batch("select 1")
    if fate == "hang":
        assert eventually(lambda: moment in seen)
        assert server.connections == 1
        client.sock.shutdown(socket.SHUT_WR)
    assert client.is_closed()
    assert eventually(lambda: server.connections == 0)
    assert [session.asked for session in sql.sessions] == ([] if ran is None else [["select 1"] * ran])
    assert seen[-1] == moment


def test_a_wire_cut_in_the_middle_of_an_answer_leaves_it_without_an_end(serve: Any, raw: Any, sql: Any) -> None:
    column = Column(name="n", type=SqlType.INT)
    sql.script["rows"] = lambda *_: iter((Columns(columns=(column,)), Row((1,)), Row((2,))))
    client = raw(serve(fault=lambda at, _: "drop" if at == "mid-message" else "go"))
    client.login()
    client.batch("rows")
    first = client.packet()
    assert first[1] == 0
    assert first.endswith(bytes.fromhex("D1 04 01 00 00 00"))
    assert client.packet() == b""


def test_a_stopping_server_ends_what_runs(serve: Any, raw: Any, sql: Any, gate: Any) -> None:
    sql.script["slow"] = slow = gate()
    server = serve()
    client = raw(server)
    client.login()
    client.batch("slow")
    assert slow.started.wait(DEADLINE_S)
    server.stop()
    assert slow.saw_stop
    assert sql.sessions[0].closed.is_set()
    assert server.connections == 0


def test_an_abrupt_hangup_says_nothing(serve: Any, raw: Any, sql: Any) -> None:
    from lab.tds.answers import Hangup

    sql.script["cut"] = lambda *_: iter((Hangup(abrupt=True),))
    client = raw(serve())
    client.login()
    client.batch("cut")
    assert client.packet() == b""
