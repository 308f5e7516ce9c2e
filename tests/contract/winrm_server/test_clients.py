"""Independent client libraries, unchanged, over every scheme and transport the lab offers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

MEGABYTE = b"0123456789abcdef" * 65536  # what `big` says
PYPSRP = {
    "negotiate, sealed HTTP": {"auth": "negotiate", "ssl": False},
    "ntlm, sealed HTTP": {"auth": "ntlm", "ssl": False},
    "negotiate, HTTPS": {"auth": "negotiate", "ssl": True},
    "ntlm, HTTPS": {"auth": "ntlm", "ssl": True},
    "negotiate, sealed HTTPS": {"auth": "negotiate", "ssl": True, "encryption": "always"},
    "ntlm, sealed HTTPS": {"auth": "ntlm", "ssl": True, "encryption": "always"},
    "basic, HTTPS": {"auth": "basic", "ssl": True},
}
PYWINRM = {
    "ntlm, sealed HTTP": ("ntlm", "http"),
    "ntlm, HTTPS": ("ntlm", "https"),
    "basic, HTTPS": ("basic", "https"),
    "ssl, HTTPS": ("ssl", "https"),
}
pypsrp_ways = pytest.mark.parametrize("way", PYPSRP.values(), ids=PYPSRP.keys())
pywinrm_ways = pytest.mark.parametrize("way", PYWINRM.values(), ids=PYWINRM.keys())


@pytest.mark.req("CARD-3")
@pypsrp_ways
def test_pypsrp_runs_a_command(way: dict[str, Any], serve: Any, tls: Any, login: tuple[str, str]) -> None:
    with _wsman(serve, tls, login, way) as wsman, WinRS(wsman, codepage=65001) as shell:
        process = Process(shell, "echo", ["hello", "账套测试"])
        process.invoke()
        process.signal(SignalCode.CTRL_C)
        assert (process.stdout.decode(), process.stderr, process.rc) == ("hello 账套测试\r\n", b"", 0)


@pytest.mark.req("CARD-3")
@pypsrp_ways
def test_pypsrp_is_refused_with_a_wrong_password(
    way: dict[str, Any], serve: Any, tls: Any, login: tuple[str, str], machine: Any
) -> None:
    with (
        _wsman(serve, tls, (login[0], "wrong"), way) as wsman,
        pytest.raises((AuthenticationError, WinRMTransportError), match=r"401|Failed to authenticate"),
    ):
        WinRS(wsman).open()
    assert machine.started == []


@pytest.mark.req("CARD-3")
@pypsrp_ways
def test_pypsrp_receives_a_megabyte_whole(way: dict[str, Any], serve: Any, tls: Any, login: tuple[str, str]) -> None:
    with _wsman(serve, tls, login, way) as wsman, WinRS(wsman) as shell:
        process = Process(shell, "big")
        process.invoke()
        assert process.stdout == MEGABYTE
        assert process.rc == 0


@pytest.mark.req("CARD-3")
@pypsrp_ways
def test_pypsrp_types_into_a_command(way: dict[str, Any], serve: Any, tls: Any, login: tuple[str, str]) -> None:
    with _wsman(serve, tls, login, way) as wsman, WinRS(wsman) as shell:
        process = Process(shell, "cat")
        process.begin_invoke()
        process.send(b"one\r\n", end=False)
        process.send("二".encode(), end=True)
        process.end_invoke()
        assert process.stdout.decode() == "one\r\n二"


@pytest.mark.req("CARD-3")
@pywinrm_ways
def test_pywinrm_runs_commands_in_one_shell(way: tuple[str, str], serve: Any, tls: Any, login: tuple[str, str]) -> None:
    with _protocol(serve, tls, login, way) as protocol:
        shell = protocol.open_shell(codepage=65001, env_vars={"JOB": "17"}, working_directory="C:\\jobs")
        assert _run(protocol, shell, "where") == (b"C:\\jobs|17|65001", b"", 0)
        assert _run(protocol, shell, "fail 3") == (b"out \r\n", b"err \r\n", 3)
        assert _run(protocol, shell, "fail -1073741510")[2] == -1073741510
        assert _run(protocol, shell, "big")[0] == MEGABYTE
        protocol.close_shell(shell)


@pytest.mark.req("CARD-3")
@pywinrm_ways
def test_pywinrm_is_refused_with_a_wrong_password(
    way: tuple[str, str], serve: Any, tls: Any, login: tuple[str, str], machine: Any
) -> None:
    with _protocol(serve, tls, (login[0], "wrong"), way) as protocol, pytest.raises(InvalidCredentialsError):
        protocol.open_shell()
    assert machine.started == []


@pytest.mark.parametrize("domain", ["", "APP1\\", "app1\\", ".\\"])
def test_the_name_of_the_machine_is_accepted_as_the_domain(
    domain: str, serve: Any, tls: Any, login: tuple[str, str], machine: Any
) -> None:
    user = domain + login[0]
    with _protocol(serve, tls, (user, login[1]), ("ntlm", "http")) as protocol:
        shell = protocol.open_shell()
        _run(protocol, shell, "echo hi")
        protocol.close_shell(shell)
    assert machine.started[0]["user"] == login[0]


def test_two_hosts_in_one_process_keep_their_passwords_apart(
    serve: Any, tls: Any, login: tuple[str, str], machine: Any
) -> None:
    other = type(machine)()
    other.passwords = {login[0]: "another"}
    servers = [(serve(), login), (serve(other), (login[0], "another"))]
    for server, right in servers:
        with _connected(server.port, tls, right, ("ntlm", "http")) as protocol:
            protocol.close_shell(protocol.open_shell())
        with (
            _connected(server.port, tls, (login[0], "wrong"), ("ntlm", "http")) as protocol,
            pytest.raises(InvalidCredentialsError),
        ):
            protocol.open_shell()


def test_a_changed_password_counts_at_once(serve: Any, tls: Any, login: tuple[str, str], machine: Any) -> None:
    server = serve()
    with _connected(server.port, tls, login, ("ntlm", "http")) as protocol:
        protocol.close_shell(protocol.open_shell())
    machine.passwords = {login[0]: "改过的:密码"}
    with _connected(server.port, tls, login, ("ntlm", "http")) as protocol, pytest.raises(InvalidCredentialsError):
        protocol.open_shell()
    with _connected(server.port, tls, (login[0], "改过的:密码"), ("ntlm", "http")) as protocol:
        protocol.close_shell(protocol.open_shell())


def test_twenty_clients_at_once_do_not_disturb_each_other(
    serve: Any, tls: Any, login: tuple[str, str], machine: Any
) -> None:
    server, answers = serve(), []

    def run(number: int) -> None:
        with _connected(server.port, tls, login, ("ntlm", "http")) as protocol:
            shell = protocol.open_shell()
            answers.append((number, _run(protocol, shell, f"echo {number}")[0]))
            protocol.close_shell(shell)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [(number, f"{number}\r\n".encode()) for number in range(20)]


@contextmanager
def _wsman(serve: Any, tls: Any, login: tuple[str, str], way: dict[str, Any]) -> Iterator[WSMan]:
    server = serve(tls=tls if way["ssl"] else None)
    trust = str(tls.cert_file) if way["ssl"] else False
    wsman = WSMan(
        "127.0.0.1", port=server.port, username=login[0], password=login[1], cert_validation=trust, no_proxy=True, **way
    )
    try:
        yield wsman
    finally:
        wsman.close()


@contextmanager
def _protocol(serve: Any, tls: Any, login: tuple[str, str], way: tuple[str, str]) -> Iterator[Protocol]:
    server = serve(tls=tls if way[1] == "https" else None)
    with _connected(server.port, tls, login, way) as protocol:
        yield protocol


@contextmanager
def _connected(port: int, tls: Any, login: tuple[str, str], way: tuple[str, str]) -> Iterator[Protocol]:
    protocol = Protocol(
        f"{way[1]}://127.0.0.1:{port}/wsman",
        transport=way[0],
        username=login[0],
        password=login[1],
        ca_trust_path=str(tls.cert_file),
        proxy=None,
    )
    try:
        yield protocol
    finally:
        protocol.transport.close_session()


def _run(protocol: Protocol, shell: str, line: str) -> tuple[bytes, bytes, int]:
    command = protocol.run_command(shell, line)
    try:
        return protocol.get_command_output(shell, command)
    finally:
        protocol.cleanup_command(shell, command)
