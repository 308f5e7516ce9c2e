"""How both kinds of our sessions sign in: what a refusal is called, and that no login goes where it could be read."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.errors import Denied, Unreachable
from domain.secret import Secret
from executors import mssql_link, mssql_login
from executors.mssql_address import Address
from executors.mssql_link import Link
from executors.mssql_script import ScriptSession
from executors.mssql_trouble import NOT_READY
from lab.tds.answers import Message
from tests.contract.mssql.conftest import Watcher

SignIn = Callable[[Address], Any]
SESSIONS: dict[str, SignIn] = {
    "for our statements": lambda address: Link(address, "yunwei"),
    "for a script": lambda address: ScriptSession(address, "yunwei", "master", Watcher()),
}
every_session = pytest.mark.parametrize("sign_in", SESSIONS.values(), ids=SESSIONS.keys())


class Tap:
    """Stands before a server and keeps what clients say."""

    def __init__(self, port: int) -> None:
        self.said = b""
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()
        except OSError:
            return

    def _pump(self, source: socket.socket, sink: socket.socket, keep: bool) -> None:
        try:
            while data := source.recv(65536):
                self.said += data if keep else b""
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                end.close()


@pytest.fixture
def tapped(serve: Any) -> Iterator[Callable[[str], Tap]]:
    taps: list[Tap] = []

    def start(encryption: str) -> Tap:
        taps.append(Tap(serve(encryption=encryption).port))
        return taps[-1]

    yield start
    for tap in taps:
        tap.close()


@pytest.mark.req("CARD-3")
@every_session
@pytest.mark.parametrize("asked", ["optional", "required"])
def test_a_wrong_password_is_a_refused_login_and_not_an_outage(
    asked: str, sign_in: SignIn, serve: Any, login: tuple[str, str], authority: Any
) -> None:
    server = serve(encryption=asked)
    with pytest.raises(Denied, match="18456") as refused:
        sign_in(_address(server.port, (login[0], "Wrong:horse 9"), asked, authority))
    assert refused.value.facts["number"] == 18456
    assert refused.value.facts["started"] is False
    assert "Login failed for user 'operator'." in refused.value.text.en
    assert "Wrong:horse" not in str(refused.value.facts)


@pytest.mark.req("CARD-3")
@every_session
def test_an_outage_after_a_wrong_password_is_an_outage(
    sign_in: SignIn, serve: Any, login: tuple[str, str], authority: Any
) -> None:
    server = serve(encryption="optional")
    with pytest.raises(Denied):
        sign_in(_address(server.port, (login[0], "Wrong:horse 9"), "optional", authority))
    with socket.create_server(("127.0.0.1", 0)) as freed:
        port = freed.getsockname()[1]
    with pytest.raises(Unreachable) as gone:
        sign_in(_address(port, login, "optional", authority))
    assert "18456" not in gone.value.text.en


@pytest.mark.req("CARD-3")
@every_session
@pytest.mark.parametrize("number", sorted(NOT_READY))
def test_a_server_that_is_not_ready_is_tried_again(
    number: int, sign_in: SignIn, serve: Any, sql: Any, login: tuple[str, str], authority: Any
) -> None:
    sql.refuses = Message(number=number, severity=14, state=1, text="Login failed. Reason: not now.")
    with pytest.raises(Unreachable, match="not now") as refused:
        sign_in(_address(serve(encryption="optional").port, login, "optional", authority))
    assert refused.value.facts["number"] == number


@pytest.mark.req("CARD-3")
@every_session
def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(
    sign_in: SignIn, login: tuple[str, str], authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (mssql_login, mssql_link):
        monkeypatch.setattr(module, "LOGIN_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable, match="no answer"):
        sign_in(_address(silent.getsockname()[1], login, "optional", authority))


@pytest.mark.req("CARD-3")
@every_session
def test_a_server_without_encryption_is_left_before_the_login_where_it_is_required(
    sign_in: SignIn, tapped: Callable[[str], Tap], sql: Any, login: tuple[str, str], authority: Any
) -> None:
    tap = tapped("none")
    with pytest.raises(Unreachable):
        sign_in(_address(tap.port, login, "required", authority))
    assert sql.sessions == []
    assert tap.said, "the tap heard the client"
    assert login[0].encode("utf-16-le") not in tap.said


@pytest.mark.req("CARD-3")
@every_session
@pytest.mark.parametrize("has", ["optional", "required"])
def test_a_login_is_never_said_in_clear_where_the_server_can_encrypt(
    has: str, sign_in: SignIn, tapped: Callable[[str], Tap], login: tuple[str, str], authority: Any
) -> None:
    tap = tapped(has)
    sign_in(_address(tap.port, login, has, authority)).close()
    assert len(tap.said) > 500, "the tap heard the client"
    assert login[0].encode("utf-16-le") not in tap.said


def _address(port: int, login: tuple[str, str], encryption: str, authority: Any) -> Address:
    return Address(
        host="db/one",
        name="127.0.0.1",
        port=port,
        user=login[0],
        password=Secret(login[1]),
        encryption=encryption,
        ca_file=str(authority[0]),
        verify=True,
    )
