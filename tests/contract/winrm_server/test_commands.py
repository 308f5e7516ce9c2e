"""Shells and commands over their whole life: waiting, ending, quotas, broken wires, vanished clients."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.exceptions import WSManFaultError as PypsrpFault
from pypsrp.shell import WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol

from lab.winrm.auth import Accounts

TIMED_OUT, UNKNOWN = 2150858793, 2150858843


@pytest.fixture
def protocol(serve: Any, login: tuple[str, str]) -> Iterator[Protocol]:
    client = _protocol(serve(), login)
    yield client
    client.transport.close_session()


@pytest.mark.req("CARD-3")
def test_a_silent_command_times_out_again_and_again_and_then_is_done(
    serve: Any, login: tuple[str, str], machine: Any
) -> None:
    wsman = WSMan("127.0.0.1", port=serve().port, ssl=False, username=login[0], password=login[1], no_proxy=True)
    wsman.operation_timeout = 0.1
    with WinRS(wsman) as shell:
        command = shell.command("wait", []).findtext(".//{*}CommandId")
        for _ in range(9):
            with pytest.raises(PypsrpFault) as fault:
                shell.receive(command_id=command)
            assert fault.value.code == TIMED_OUT
        machine.processes[0].say(b"late")
        assert shell.receive(command_id=command)[2]["stdout"] == b"late"
        machine.processes[0].finish(5)
        assert shell.receive(command_id=command)[:2] == (_state("Done"), 5)
    wsman.close()


@pytest.mark.req("CARD-3")
def test_output_comes_as_it_is_written(serve: Any, raw: Any, machine: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    shell = client.open_shell()
    command = client.run(shell, "wait")
    for text in (b"one", b"two"):
        machine.processes[0].say(text)
        reply = client.receive(shell, command)
        assert reply.output == text
        assert b"CommandState/Running" in reply.body


def test_no_answer_outgrows_the_envelope_of_the_client(serve: Any, raw: Any, machine: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    shell = client.open_shell()
    command = client.run(shell, "wait")
    for _ in range(3000):
        machine.processes[0].say(b"x")
    machine.processes[0].say(b"y" * 200_000, "stderr")
    machine.processes[0].finish()
    total, done = 0, False
    while not done:
        reply = client.receive(shell, command)
        assert len(reply.body) < 100_000
        total, done = total + len(reply.output), b"CommandState/Done" in reply.body
    assert total == 203_000


@pytest.mark.req("CARD-3")
def test_a_command_is_terminated_and_then_unknown(protocol: Protocol, machine: Any) -> None:
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "wait")
    protocol.cleanup_command(shell, command)
    assert machine.processes[0].signals == ["terminate"]
    with pytest.raises(WSManFaultError) as fault:
        protocol.get_command_output_raw(shell, command)
    assert fault.value.wsman_fault_code == UNKNOWN


def test_a_waiting_receive_gets_the_end_of_a_terminated_command(serve: Any, raw: Any, machine: Any) -> None:
    server = serve(allow_unencrypted=True)
    waiting, other = raw(server), raw(server)
    shell = waiting.open_shell()
    command = waiting.run(shell, "wait")
    replies: list[Any] = []
    thread = threading.Thread(target=lambda: replies.append(waiting.receive(shell, command)))
    thread.start()
    assert machine.processes[0].wait_for(lambda: machine.processes[0].reads > 0)
    code = "<rsp:Code>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate</rsp:Code>"
    signal = f'<rsp:Signal CommandId="{command}">{code}</rsp:Signal>'
    assert other.call("Signal", signal, shell_id=shell).status == 200
    thread.join(20)
    assert machine.processes[0].signals == ["terminate"]
    assert replies[0].find("ExitCode") == "-1073741510"


def test_a_finished_command_can_be_signalled_but_not_received_again(protocol: Protocol, machine: Any) -> None:
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "echo hi")
    assert protocol.get_command_output(shell, command)[0] == b"hi\r\n"
    with pytest.raises(WSManFaultError) as fault:
        protocol.get_command_output_raw(shell, command)
    assert fault.value.wsman_fault_code == UNKNOWN
    protocol.cleanup_command(shell, command)
    assert machine.processes[0].signals == []


@pytest.mark.req("CARD-3")
def test_deleting_a_shell_kills_its_commands_and_a_second_time_is_a_fault(protocol: Protocol, machine: Any) -> None:
    shell = protocol.open_shell()
    protocol.run_command(shell, "wait")
    protocol.close_shell(shell, close_session=False)
    assert machine.processes[0].signals == ["terminate"]
    with pytest.raises(WSManFaultError) as fault:
        protocol.close_shell(shell)
    assert fault.value.wsman_fault_code == UNKNOWN


def test_an_idle_shell_ends_by_itself(protocol: Protocol, machine: Any) -> None:
    shell = protocol.open_shell(idle_timeout="PT1S")
    protocol.run_command(shell, "wait")
    assert machine.processes[0].wait_for(lambda: machine.processes[0].signals == ["terminate"])
    with pytest.raises(WSManFaultError):
        protocol.run_command(shell, "echo hi")


def test_a_shell_belongs_to_the_user_who_opened_it(serve: Any, raw: Any, machine: Any) -> None:
    machine.passwords = {**machine.passwords, "auditor": "x"}
    server = serve(allow_unencrypted=True)
    shell = raw(server).open_shell()
    assert raw(server, login=("auditor", "x")).call("Delete", shell_id=shell).fault == 5


@pytest.mark.parametrize(("line", "code"), [("forbidden", 5), ("broken", 2147943759)])
def test_a_host_that_cannot_start_a_command_says_so(line: str, code: int, serve: Any, raw: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"
    reply = client.call("Command", body, shell_id=client.open_shell())
    assert (reply.status, reply.fault) == (500, code)
    assert b"Traceback" not in reply.body


@pytest.mark.req("CARD-3")
def test_the_thirty_first_shell_of_a_user_is_over_the_quota(protocol: Protocol) -> None:
    shells = [protocol.open_shell() for _ in range(30)]
    with pytest.raises(WSManFaultError) as fault:
        protocol.open_shell()
    assert fault.value.wmierror_code == 0x803381A5
    protocol.close_shell(shells[0], close_session=False)
    assert protocol.open_shell()


@pytest.mark.req("CARD-3")
@pytest.mark.parametrize(
    ("fault", "attribute", "code"),
    [("quota_operations", "wmierror_code", 0x803381A6), ("busy", "wsman_fault_code", 170)],
)
def test_a_fault_that_is_switched_on_strikes_before_the_command(
    fault: str, attribute: str, code: int, protocol: Protocol, machine: Any
) -> None:
    shell = protocol.open_shell()
    machine.faults["Command", "before"] = fault
    with pytest.raises(WSManFaultError) as raised:
        protocol.run_command(shell, "wait")
    assert getattr(raised.value, attribute) == code
    assert machine.started == []
    assert protocol.run_command(shell, "wait"), "the next one works"


def test_the_configuration_can_be_read(serve: Any, login: tuple[str, str]) -> None:
    server = serve(max_envelope_kb=300)
    wsman = WSMan("127.0.0.1", port=server.port, ssl=False, username=login[0], password=login[1], no_proxy=True)
    wsman.update_max_payload_size()
    assert wsman.max_envelope_size == 300 * 1024
    wsman.close()


def test_the_transcript_names_every_request_and_no_secret(
    serve: Any, raw: Any, login: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "transcript.jsonl"
    client = raw(serve(allow_unencrypted=True, transcript=file))
    client.run(client.open_shell(), "echo s3cret")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(line["action"], line["status"], line["user"]) for line in lines] == [
        ("Create", 200, login[0]),
        ("Command", 200, login[0]),
    ]
    assert "s3cret" not in file.read_text(encoding="utf-8")


def test_the_accounts_lie_in_a_file_of_their_owner_without_a_password(machine: Any, login: tuple[str, str]) -> None:
    with Accounts(machine).at_hand() as path:
        assert path.stat().st_mode & 0o077 == 0
        assert login[0] in path.read_text(encoding="utf-8")
        assert login[1] not in path.read_text(encoding="utf-8")


def test_the_environment_stays_as_it_is_while_hosts_with_other_accounts_are_signed_in_to(
    machine: Any, login: tuple[str, str]
) -> None:
    other = type(machine)()
    other.passwords = {"another": "Other:horse 9"}
    with Accounts(machine).at_hand() as path:
        before = dict(os.environ)
    with Accounts(other).at_hand() as again:
        assert dict(os.environ) == before
        assert (again, login[0] in again.read_text(encoding="utf-8")) == (path, False)
    assert dict(os.environ) == before


def _protocol(server: Any, login: tuple[str, str]) -> Protocol:
    return Protocol(
        f"http://127.0.0.1:{server.port}/wsman",
        transport="ntlm",
        username=login[0],
        password=login[1],
        ca_trust_path=None,
        proxy=None,
    )


def _state(name: str) -> str:
    return f"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/{name}"
