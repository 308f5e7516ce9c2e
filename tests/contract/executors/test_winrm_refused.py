"""What keeps a command from being sent is sorted by what the reader can do, and says so in two languages."""

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.command import Pause, PowerShell
from domain.errors import Denied, Mistake, Unreachable
from domain.secret import SecretRef
from executors.winrm import WinRMExecutor
from executors.winrm_script import MAX_STDIN_BYTES
from inventory.secrets import open_secret

SCHEMES = ["ntlm", "ntlm+tls", "basic+tls"]


def requests_seen(folder: Path) -> list[Any]:
    path = folder / "wire.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_wrong_password_is_refused_under_every_scheme(wire: Any, machine: Any, scheme: str) -> None:
    with pytest.raises(Denied) as denied:
        wire(scheme, password="wrong-secret").run()
    assert machine.asked["Create"] == 0
    assert (denied.value.facts["cause"], denied.value.facts["started"]) == ("denied", False)
    assert "acme/prod/app1" in denied.value.text.en
    assert "检查用户名和密码" in denied.value.text.zh
    assert "wrong-secret" not in repr((denied.value.facts, denied.value.text))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_unknown_user_is_refused_under_every_scheme(wire: Any, machine: Any, scheme: str) -> None:
    with pytest.raises(Denied):
        wire(scheme, user="nobody").run()
    assert machine.asked["Create"] == 0


def test_basic_without_tls_is_refused_before_anything_is_sent(wire: Any, tmp_path: Path) -> None:
    with pytest.raises(Denied) as denied:
        wire("basic", server={"allow_unencrypted": True}).run()
    assert denied.value.facts["cause"] == "unsafe-transport"
    assert requests_seen(tmp_path) == []


def test_an_unknown_transport_is_refused(wire: Any, tmp_path: Path) -> None:
    with pytest.raises(Denied):
        wire("credssp+tls").run()
    assert requests_seen(tmp_path) == []


def test_a_host_that_does_not_offer_basic_is_denied(wire: Any, machine: Any) -> None:
    with pytest.raises(Denied):
        wire("basic+tls", server={"allow_basic": False}).run()
    assert machine.started == 0


@pytest.mark.parametrize("scheme", ["ntlm+tls", "basic+tls"])
def test_a_certificate_nobody_vouches_for_is_refused_before_the_password_is_shown(
    wire: Any, machine: Any, scheme: str
) -> None:
    with pytest.raises(Unreachable) as unreachable:
        wire(scheme, ca_file=None).run()
    assert unreachable.value.facts["cause"] == "certificate"
    assert "ca_file" in unreachable.value.text.zh
    assert machine.asked["Create"] == 0


def test_a_certificate_for_another_name_is_refused(wire: Any, machine: Any) -> None:
    host = wire("basic+tls")
    object.__setattr__(host.host, "address", "localhost")
    with pytest.raises(Unreachable) as unreachable:
        host.run()
    assert unreachable.value.facts["cause"] == "certificate"
    assert machine.asked["Create"] == 0


def test_an_authority_file_that_does_not_exist_is_named_as_the_cause(wire: Any) -> None:
    with pytest.raises(Unreachable) as unreachable:
        wire("ntlm+tls", ca_file="no/such/ca.pem").run()
    assert unreachable.value.facts["cause"] == "certificate"


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_certificate_check_can_be_switched_off_in_the_estate(wire: Any) -> None:
    assert wire("ntlm+tls", ca_file=None, verify=False).run(n=1).facts == {"n": 1}


def test_tls_to_a_plain_port_says_so(wire: Any) -> None:
    with pytest.raises(Unreachable) as unreachable:
        wire("ntlm", tls=True).run()
    assert unreachable.value.facts["cause"] == "tls"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_closed_port_is_unreachable_and_nothing_was_started(wire: Any, machine: Any, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as unreachable:
        wire(scheme, port=port).run()
    assert (unreachable.value.facts["cause"], unreachable.value.facts["started"]) == ("refused", False)
    assert machine.started == 0


def test_a_host_that_never_answers_is_unreachable_in_time(wire: Any, machine: Any, quick: Any) -> None:
    machine.faults["Create", "before"] = ["hang"] * 9
    with pytest.raises(Unreachable) as unreachable:
        wire("ntlm", limits=replace(quick, operation_s=1, connects=2)).run()
    assert unreachable.value.facts["cause"] == "no-answer-in-time"


def test_a_host_that_is_down_for_a_moment_is_tried_again(wire: Any, machine: Any) -> None:
    machine.faults["Create", "before"] = ["cut", "cut"]
    assert wire("ntlm").run(n=1).facts == {"n": 1}
    assert machine.started == 1


def test_a_script_too_large_to_send_is_a_mistake(wire: Any, machine: Any) -> None:
    with pytest.raises(Mistake):
        wire("ntlm").run(text="x" * MAX_STDIN_BYTES)
    assert machine.started == 0


def test_a_command_of_another_wire_is_not_carried(wire: Any, watcher: Any) -> None:
    with pytest.raises(TypeError):
        wire("ntlm").executor.run(Pause(seconds=1), watcher())


def test_a_secret_that_cannot_be_had_says_that_nothing_was_sent(wire: Any, watcher: Any, machine: Any) -> None:
    host = wire("ntlm+tls").host
    host = replace(host, winrm=replace(host.winrm, password=SecretRef("env", "YUNWEI_NOT_SET")))
    executor = WinRMExecutor(lambda _: host, open_secret, stop_tree="")
    with pytest.raises(Denied) as denied:
        executor.run(PowerShell(host=host.path, script="echo"), watcher())
    assert (denied.value.facts["reference"], denied.value.facts["started"]) == ("env:YUNWEI_NOT_SET", False)
    assert machine.asked["Create"] == 0
