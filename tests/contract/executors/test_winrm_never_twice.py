"""Whatever breaks, wherever: a command is sent at most once, and when its outcome is unknown that is what is said.

The machine behind the lab's server counts the Command requests it was asked and the processes it started.
"""

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from domain.errors import Severed, Unreachable
from executors.winrm_link import OnceAdapter, SentBeforeError

SCHEMES = ["ntlm", "ntlm+tls", "basic+tls"]
# Where the wire is cut -> what the caller is told, and how often the script ran.
CUTS = [
    ("Create", "before", "done", 1),
    ("Create", "after", "done", 1),
    ("Command", "before", "severed", 0),
    ("Command", "after", "severed", 0),
    ("Send", "before", "severed", 0),
    ("Send", "after", "severed", 1),
    ("Receive", "before", "done", 1),
    ("Signal", "before", "done", 1),
    ("Signal", "after", "done", 1),
    ("Delete", "before", "done", 1),
    ("Delete", "after", "done", 1),
]


def outcome(host: Any) -> str:
    try:
        return "done" if host.run("echo", n=1).facts == {"n": 1} else "wrong"
    except Severed as error:
        return "severed" if error.facts["started"] else "wrong"


@pytest.mark.req("CORE-1")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("action", "point", "told", "ran"), CUTS)
def test_a_cut_wire_never_repeats_a_command(
    wire: Any, machine: Any, eventually: Any, scheme: str, action: str, point: str, told: str, ran: int
) -> None:
    machine.faults[action, point] = ["cut"]
    host = wire(scheme)
    assert outcome(host) == told
    host.executor.close()
    assert not machine.faults[action, point], "the fault was not played"
    eventually(lambda: machine.ran["echo"] == ran)
    assert machine.asked["Command"] == 1
    assert machine.started == (0 if (action, point) == ("Command", "before") else 1)


@pytest.mark.req("CORE-1")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_answer_lost_on_the_way_back_is_told_as_unknown_unless_the_end_is_still_heard(
    wire: Any, machine: Any, scheme: str
) -> None:
    machine.faults["Receive", "after"] = ["cut"] * 20
    assert outcome(wire(scheme)) == "severed"
    assert machine.asked["Command"] == machine.started == machine.ran["echo"] == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_listening_goes_on_through_several_cuts(wire: Any, machine: Any, scheme: str) -> None:
    machine.faults["Receive", "before"] = ["cut", "cut", "none", "cut"]
    machine.scripts["slow"] = lambda process, args: [process.ended.wait(0.2), {"n": 1}][1]
    assert wire(scheme).run("slow").facts == {"n": 1}
    assert machine.started == 1


@pytest.mark.req("CORE-1")
def test_a_host_that_hangs_on_a_command_is_given_up_and_not_asked_again(wire: Any, machine: Any, quick: Any) -> None:
    machine.faults["Command", "after"] = ["hang"]
    assert outcome(wire("ntlm", limits=replace(quick, operation_s=1))) == "severed"
    assert machine.asked["Command"] == machine.started == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_idle_drop_between_commands_is_met_by_a_new_session_on_the_same_shell(
    wire: Any, machine: Any, eventually: Any, quick: Any, scheme: str
) -> None:
    host = wire(scheme, limits=replace(quick, fresh_s=0.0), server={"idle_close_s": 0.2})
    host.run(n=1)
    eventually(lambda: not host.server._connections)
    assert host.run(n=2).facts == {"n": 2}
    assert machine.asked["Create"] == 1
    assert machine.asked["Command"] == machine.started == 2


@pytest.mark.req("CORE-1")
@pytest.mark.parametrize("scheme", ["ntlm", "ntlm+tls"])
def test_an_idle_drop_that_nobody_foresaw_does_not_repeat_the_command(
    wire: Any, machine: Any, eventually: Any, quick: Any, scheme: str
) -> None:
    host = wire(scheme, limits=replace(quick, fresh_s=1000.0), server={"idle_close_s": 0.2})
    host.run(n=1)
    eventually(lambda: not host.server._connections)
    assert outcome(host) == "severed"
    assert machine.started == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_idle_drop_while_we_listen_is_400_and_listening_goes_on_in_a_new_session(
    wire: Any, machine: Any, watcher: Any, eventually: Any, scheme: str
) -> None:
    host, call, dropped = wire(scheme, server={"idle_close_s": 0.2}), watcher(), threading.Event()

    def slow(process: Any, args: Any) -> Any:
        process.out("begun\r\n")
        return {"waited": dropped.wait(10)}

    def while_we_are_busy(line: str) -> None:
        eventually(lambda: not host.server._connections)
        dropped.set()

    machine.scripts["slow"], call.on_line = slow, while_we_are_busy
    assert host.run("slow", call).facts == {"waited": True}
    assert machine.asked["Command"] == machine.started == 1


@pytest.mark.req("CORE-1")
def test_a_command_whose_outcome_is_unknown_is_left_running(wire: Any, machine: Any, quick: Any) -> None:
    release = threading.Event()
    machine.scripts["patient"] = lambda process, args: {"finished": release.wait(20)}
    machine.faults["Receive", "before"] = ["cut"] * (quick.resumes + 1)
    with pytest.raises(Severed):
        wire("ntlm").run("patient")
    assert not machine.processes[0].ended.is_set()
    assert machine.asked["Signal"] == machine.asked["Delete"] == 0
    release.set()


def test_nine_operation_timeouts_are_no_trouble(wire: Any, machine: Any, eventually: Any) -> None:
    def silent(process: Any, args: Any) -> Any:
        eventually(lambda: machine.asked["Receive"] > 10, 30)
        return {}

    machine.scripts["silent"] = silent
    assert wire("ntlm").run("silent").facts == {}
    assert machine.started == 1


@pytest.mark.parametrize(("action", "fault"), [("Create", "quota_shells"), ("Command", "quota_operations")])
def test_a_used_up_quota_is_met_with_a_new_shell(wire: Any, machine: Any, action: str, fault: str) -> None:
    machine.faults[action, "before"] = [fault]
    assert wire("ntlm").run(n=1).facts == {"n": 1}
    assert machine.asked["Create"] == 2
    assert machine.started == 1


def test_a_quota_that_stays_used_up_is_told_as_unreachable(wire: Any, machine: Any) -> None:
    machine.faults["Create", "before"] = ["quota_shells"] * 10
    with pytest.raises(Unreachable) as unreachable:
        wire("ntlm").run()
    assert unreachable.value.facts["cause"] == "quota"
    assert "MaxShellsPerUser" in unreachable.value.text.zh
    assert machine.started == 0


def test_input_that_meets_a_busy_host_is_offered_again_and_the_script_runs_once(wire: Any, machine: Any) -> None:
    machine.faults["Send", "before"] = ["busy", "busy"]
    assert wire("ntlm").run(n=1).facts == {"n": 1}
    assert (machine.asked["Send"], machine.ran["echo"]) == (3, 1)


def test_a_shell_that_died_with_its_host_is_replaced_before_anything_is_sent(
    wire: Any, machine: Any, quick: Any
) -> None:
    host = wire("ntlm", limits=replace(quick, fresh_s=0.0))
    host.run(n=1)
    host.server.power_off()
    assert host.run(n=2).facts == {"n": 2}
    assert (machine.asked["Create"], machine.started) == (2, 2)


@pytest.mark.req("CORE-1")
def test_a_host_that_reboots_under_a_command_leaves_the_outcome_unknown(
    wire: Any, machine: Any, watcher: Any, eventually: Any
) -> None:
    host, call = wire("ntlm"), watcher()

    def doomed(process: Any, args: Any) -> Any:
        process.out("begun\r\n")
        process.ended.wait(10)
        return {}

    def reboot(line: str) -> None:
        machine.up = False
        host.server.power_off()
        threading.Timer(0.05, lambda: setattr(machine, "up", True)).start()

    machine.scripts["doomed"], call.on_line = doomed, reboot
    with pytest.raises(Severed):
        host.run("doomed", call)
    assert machine.asked["Command"] == machine.started == 1
    eventually(lambda: machine.up)
    assert host.run(n=1).facts == {"n": 1}


@pytest.fixture
def asking_again() -> Iterator[tuple[str, Counter[bytes]]]:
    """A server that takes every message and asks for it again, by path: by redirect or by a new sign-in."""
    bodies: Counter[bytes] = Counter()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies[self.rfile.read(int(self.headers["Content-Length"] or 0))] += 1
            self.send_response(307 if self.path == "/redirect" else 401)
            self.send_header("Location", "/redirect")
            self.send_header("WWW-Authenticate", "Negotiate")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.req("CORE-1")
@pytest.mark.parametrize("path", ["/redirect", "/sign-in"])
def test_a_message_the_host_asks_for_again_leaves_only_once(asking_again: Any, path: str) -> None:
    url, bodies = asking_again
    with requests.Session() as session:
        session.trust_env, session.auth = False, HttpNtlmAuth("ops", "secret")
        session.mount("http://", OnceAdapter(sealed=False))
        with pytest.raises(SentBeforeError):
            session.post(url + path, data=b"the command")
    assert bodies[b"the command"] == 1


def test_an_open_message_does_not_leave_over_plain_http(asking_again: Any) -> None:
    url, bodies = asking_again
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", OnceAdapter(sealed=True))
        with pytest.raises(SentBeforeError):
            session.post(url, data=b"the command")
    assert bodies == {}
