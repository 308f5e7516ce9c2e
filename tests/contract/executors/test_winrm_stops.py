"""A command that is to end is ended with its children, and that is looked at from a second shell before it is said."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Severed, Stopped, TimedOut


def endless(machine: Any, *, stubborn: bool = False) -> None:
    """A script that says `begun` and then runs until it is killed; a stubborn one survives the signal."""

    def play(process: Any, args: Any) -> Any:
        process.stubborn = stubborn
        process.out("begun\r\n")
        process.ended.wait(30)
        return {}

    machine.scripts["endless"] = play


def stopping(watcher: Any, **settings: Any) -> Any:
    """A call that is stopped as soon as the script has begun."""
    call = watcher(**settings)
    call.on_line = lambda line: call.stop() if line == "begun" else None
    return call


@pytest.mark.req("CORE-6")
@pytest.mark.parametrize("stubborn", [False, True])
@pytest.mark.parametrize("scheme", ["ntlm", "ntlm+tls", "basic+tls"])
def test_a_cancelled_command_is_ended_and_seen_to_be_gone(
    wire: Any, machine: Any, watcher: Any, scheme: str, stubborn: bool
) -> None:
    endless(machine, stubborn=stubborn)
    with pytest.raises(Stopped) as stopped:
        wire(scheme).run("endless", stopping(watcher))
    assert stopped.value.facts["started"] is True
    assert machine.processes[0].ended.is_set()
    assert machine.asked["Create"] == 2
    assert machine.ran["endless"] == 1


@pytest.mark.req("CORE-6")
def test_a_command_over_its_time_is_ended_and_seen_to_be_gone(wire: Any, machine: Any, watcher: Any) -> None:
    endless(machine)
    with pytest.raises(TimedOut) as late:
        wire("ntlm").run("endless", watcher(timeout_s=0.5))
    assert late.value.facts["timeout_s"] == 0.5
    assert machine.processes[0].ended.is_set()


def test_a_process_that_survives_leaves_the_outcome_unknown(wire: Any, machine: Any, watcher: Any) -> None:
    endless(machine, stubborn=True)
    machine.stop_tree_lies = True
    with pytest.raises(Severed) as severed:
        wire("ntlm").run("endless", stopping(watcher))
    assert severed.value.facts["cause"] == "not-verified"


def test_an_end_that_cannot_be_looked_at_leaves_the_outcome_unknown(wire: Any, machine: Any, watcher: Any) -> None:
    endless(machine, stubborn=True)
    call = watcher()

    def lose_the_host(line: str) -> None:
        machine.faults.update({(a, "before"): ["cut"] * 20 for a in ("Create", "Receive", "Signal", "Delete")})
        call.stop()

    call.on_line = lose_the_host
    with pytest.raises(Severed):
        wire("ntlm").run("endless", call)
    assert machine.started == 1


def test_a_command_that_ended_well_before_the_stop_reached_it_is_done(wire: Any, machine: Any, watcher: Any) -> None:
    call = watcher()
    ended = threading.Event()

    def brief(process: Any, args: Any) -> Any:
        process.stubborn = True  # the signal comes too late for it
        process.out("begun\r\n")
        assert ended.wait(10)
        return {"acted": True}

    def stop(line: str) -> None:
        call.stop()
        ended.set()

    machine.scripts["brief"], call.on_line = brief, stop
    assert wire("ntlm").run("brief", call).facts == {"acted": True}


def test_a_process_that_waits_for_lost_input_is_ended_and_never_acts(
    wire: Any, machine: Any, watcher: Any, quick: Any
) -> None:
    machine.faults["Send", "before"] = ["busy"] * 3
    with pytest.raises(TimedOut):
        wire("ntlm", limits=replace(quick, busy_tries=3)).run("echo", watcher(timeout_s=1.0))
    assert machine.processes[0].ended.is_set()
    assert machine.ran["echo"] == 0


def test_a_command_cancelled_before_it_was_sent_is_never_sent(wire: Any, machine: Any, watcher: Any) -> None:
    call = watcher()
    call.stop()
    with pytest.raises(Stopped) as stopped:
        wire("ntlm").run("echo", call)
    assert stopped.value.facts["started"] is False
    assert machine.asked == {}


def test_a_command_goes_on_at_the_host_while_the_client_is_cut_off_and_is_heard_to_its_end(
    wire: Any, machine: Any, watcher: Any
) -> None:
    host, call, go_on = wire("ntlm"), watcher(), threading.Event()

    def patient(process: Any, args: Any) -> Any:
        process.out("begun\r\n")
        return {"finished": go_on.wait(10)}

    def cut_off(line: str) -> None:
        host.server._drop_connections()
        assert not machine.processes[0].ended.is_set()
        go_on.set()

    machine.scripts["patient"], call.on_line = patient, cut_off
    assert host.run("patient", call).facts == {"finished": True}
    assert machine.started == 1
