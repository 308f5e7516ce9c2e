"""Wires that break, hang and idle, clients that vanish and hosts that reboot: what is lost, and what is not."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from winrm.exceptions import WinRMTransportError
from winrm.protocol import Protocol

DEADLINE_S = 20.0
UNKNOWN = 2150858843


@pytest.fixture
def protocol(serve: Any, login: tuple[str, str]) -> Iterator[Protocol]:
    client = _protocol(serve(), login)
    yield client
    client.transport.close_session()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], bool]:
    """Waits until something is true, for a limited time."""

    def wait(happened: Callable[[], object]) -> bool:
        pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
        while not happened() and time.monotonic() < deadline:
            pause.wait(0.01)
        return bool(happened())

    return wait


@pytest.mark.req("CARD-3")
@pytest.mark.parametrize(("point", "started"), [("before", 0), ("after", 1)])
def test_a_cut_wire_says_nothing_about_whether_the_command_started(
    point: str, started: int, protocol: Protocol, machine: Any
) -> None:
    shell = protocol.open_shell()
    machine.faults["Command", point] = "cut"
    with pytest.raises(requests.ConnectionError):
        protocol.run_command(shell, "wait")
    assert len(machine.started) == started
    protocol.transport.close_session()
    protocol.run_command(shell, "wait")
    assert [process.signals for process in machine.processes] == [[]] * (started + 1)


def test_a_hanging_wire_lasts_until_the_client_gives_up(
    serve: Any, raw: Any, machine: Any, eventually: Any, write_envelope: Any
) -> None:
    server = serve(allow_unencrypted=True)
    client = raw(server)
    machine.faults["Create", "before"] = "hang"
    client.http.timeout = 0.2
    with pytest.raises(TimeoutError):
        client.open_shell()
    assert server.connections == 1
    client.http.close()
    assert eventually(lambda: server.connections == 0)


def test_a_stopping_server_lets_go_of_waiting_and_hanging_clients(
    serve: Any, raw: Any, machine: Any, eventually: Any
) -> None:
    server = serve(allow_unencrypted=True)
    clients = [raw(server), raw(server)]
    shell = clients[0].open_shell()
    command = clients[0].run(shell, "wait")
    machine.faults["Create", "before"] = "hang"
    calls = [lambda: clients[0].receive(shell, command), clients[1].open_shell]
    broken: list[Exception] = []
    threads = [threading.Thread(target=_collect, args=(call, broken)) for call in calls]
    for thread in threads:
        thread.start()
    assert eventually(lambda: machine.processes[0].reads and not machine.faults)
    server.stop()
    for thread in threads:
        thread.join(20)
    assert len(broken) == 2
    assert machine.processes[0].signals == ["terminate"]


@pytest.mark.req("CARD-3")
def test_a_command_goes_on_when_its_client_vanishes_and_nothing_it_says_is_lost(
    serve: Any, raw: Any, machine: Any, eventually: Any, write_envelope: Any
) -> None:
    server = serve(allow_unencrypted=True)
    client = raw(server)
    shell = client.open_shell()
    command = client.run(shell, "wait")
    stream = f'<rsp:Receive><rsp:DesiredStream CommandId="{command}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    client.http.request("POST", "/wsman", write_envelope("Receive", stream, shell_id=shell).encode(), client.headers)
    client.http.close()
    machine.processes[0].say(b"said to nobody")
    assert eventually(lambda: server.connections == 0)
    machine.processes[0].finish(7)
    reply = raw(server).receive(shell, command)
    assert reply.output == b"said to nobody"
    assert reply.find("ExitCode") == "7"
    assert machine.processes[0].signals == []


@pytest.mark.req("CARD-3")
def test_after_an_idle_drop_ntlm_over_http_is_cured_on_the_same_shell_by_a_new_session(
    serve: Any, login: tuple[str, str], eventually: Any, machine: Any
) -> None:
    server = serve(idle_close_s=0.2)
    protocol = _protocol(server, login)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "wait")
    machine.processes[0].say(b"kept")
    machine.processes[0].finish()
    assert eventually(lambda: server.connections == 0)
    for _ in range(2):
        with pytest.raises(WinRMTransportError, match="400"):
            protocol.get_command_output_raw(shell, command)
    protocol.transport.close_session()
    assert protocol.get_command_output(shell, command) == (b"kept", b"", 0)
    protocol.transport.close_session()


def test_after_an_idle_drop_https_simply_goes_on(serve: Any, login: tuple[str, str], eventually: Any, tls: Any) -> None:
    server = serve(idle_close_s=0.2, tls=tls)
    protocol = _protocol(server, login, tls)
    shell = protocol.open_shell()
    assert eventually(lambda: server.connections == 0)
    assert protocol.run_command(shell, "echo hi")
    protocol.transport.close_session()


@pytest.mark.req("CARD-3")
def test_a_host_that_reboots_refuses_everybody_and_forgets_its_shells(serve: Any, raw: Any, machine: Any) -> None:
    server = serve(allow_unencrypted=True)
    client = raw(server)
    shell = client.open_shell()
    client.run(shell, "wait")
    machine.up = False
    for attempt in (client, raw(server)):
        with pytest.raises(ConnectionError):
            attempt.call("Delete", shell_id=shell)
    machine.up = True
    assert raw(server).call("Delete", shell_id=shell).fault == UNKNOWN
    assert machine.processes[0].signals == ["terminate"]


def test_a_power_cut_breaks_every_connection(serve: Any, raw: Any, eventually: Any) -> None:
    server = serve(allow_unencrypted=True)
    client = raw(server)
    shell = client.open_shell()
    server.power_off()
    assert eventually(lambda: server.connections == 0)
    assert raw(server).call("Delete", shell_id=shell).fault == UNKNOWN


def _protocol(server: Any, login: tuple[str, str], tls: Any = None) -> Protocol:
    return Protocol(
        f"{'https' if tls else 'http'}://127.0.0.1:{server.port}/wsman",
        transport="ntlm",
        username=login[0],
        password=login[1],
        ca_trust_path=str(tls.cert_file) if tls else None,
        proxy=None,
    )


def _collect(call: Any, broken: list[Exception]) -> None:
    try:
        call()
    except (OSError, requests.RequestException) as error:
        broken.append(error)
