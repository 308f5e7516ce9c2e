"""The fault switch: every fault does what its name says, as often as it was asked, and unknown ones are refused."""

import time
from pathlib import Path
from typing import Any

import pytest

from lab.host import FAULTS
from lab.host.faults import FaultBook
from lab.host.services import State

PROVEN: set[str] = set()


def proves(*names: str) -> Any:
    """Name the faults that a test shows."""
    PROVEN.update(names)
    return lambda test: test


@pytest.mark.parametrize(
    ("name", "count", "values"),
    [
        ("earthquake", 1, {}),
        ("slow", 0, {}),
        ("slow", True, {}),
        ("slow", 1, {"minutes": 3}),
        ("slow", 1, {"seconds": -1}),
        ("slow", 1, {"seconds": "2"}),
        ("cut", 1, {"action": "Get"}),
        ("cut", 1, {"point": "between"}),
        ("hang", 1, {"match": 7}),
    ],
)
def test_an_unknown_fault_or_parameter_is_refused(name: str, count: int, values: dict[str, object]) -> None:
    book = FaultBook()
    with pytest.raises(ValueError, match=name):
        book.ask(name, count, **values)
    assert book.active() == []


def test_a_fault_strikes_as_often_as_asked_and_then_no_more() -> None:
    book = FaultBook()
    book.ask("cut", 2, action="Receive", point="after")
    assert book.take("cut", action="Command", point="after") is None
    assert [book.take("cut", action="Receive", point="after") is not None for _ in range(3)] == [True, True, False]


@proves("cut", "wire_hang", "busy", "quota_shells", "quota_operations")
@pytest.mark.parametrize(
    ("fault", "values", "action", "point", "played"),
    [
        ("cut", {"action": "Command", "point": "after"}, "Command", "after", "cut"),
        ("cut", {"action": "any", "point": "before"}, "Signal", "before", "cut"),
        ("wire_hang", {"action": "Receive"}, "Receive", "before", "hang"),
        ("busy", {}, "Send", "before", "busy"),
        ("quota_shells", {}, "Create", "before", "quota_shells"),
        ("quota_operations", {}, "Command", "before", "quota_operations"),
    ],
)
def test_the_wire_plays_what_was_asked_once(
    driver: Any, fault: str, values: dict[str, str], action: str, point: Any, played: str
) -> None:
    driver.host.faults.ask(fault, **values)
    assert driver.host.wire_fault("Delete", "after") == "none"
    assert [driver.host.wire_fault(action, point) for _ in "12"] == [played, "none"]


@proves("slow")
def test_a_slow_command_takes_the_seconds_more(driver: Any) -> None:
    driver.host.faults.ask("slow", seconds=0.3)
    begun = time.monotonic()
    assert driver.run("hostname").out == "APP1\r\n"
    assert time.monotonic() - begun >= 0.3


@proves("hang")
def test_a_hanging_command_ends_only_by_a_signal(driver: Any) -> None:
    driver.host.faults.ask("hang", match="hostname")
    assert driver.run("whoami").code == 0
    console = driver.begin("hostname")
    assert console.read(0.2) == ([], None)
    console.signal("terminate")
    assert driver.end(console).code == 1


@proves("access_denied")
def test_access_denied_to_the_command_to_the_services_and_to_the_marker(driver: Any) -> None:
    driver.host.faults.ask("access_denied")
    with pytest.raises(PermissionError):
        driver.begin("hostname")
    driver.host.faults.ask("access_denied", 3, what="control")
    assert "(2147942405, 80070005)" in driver.run("iisreset").out
    assert driver.run("sc stop W3SVC").code == 5
    assert driver.run("%windir%\\system32\\inetsrv\\appcmd.exe stop apppool K3Cloud").code == 5
    driver.host.faults.ask("access_denied", what="marker")
    assert driver.restart("t1").code == 1
    assert driver.effects() == []
    assert driver.look("t1")["phase"] == "none"


@proves("disk_full")
def test_a_full_disk_before_the_act_stops_it_and_after_it_leaves_doubt(driver: Any) -> None:
    for at, phase, effects in (("create", "none", 0), ("write", "none", 0), ("end", "begun", 1)):
        driver.host.faults.ask("disk_full", at=at)
        ended = driver.restart(at)
        assert (ended.code, "not enough space" in ended.err) == (1, True)
        assert driver.look(at)["phase"] == phase
        assert len(driver.effects()) == effects


@proves("service_stuck")
def test_a_service_stuck_in_stopping_stays_until_the_fault_is_cleared(driver: Any) -> None:
    driver.host.faults.ask("service_stuck")
    ended = driver.restart("t1", timeout_s=1)
    assert ended.facts["marker"]["codes"] == {"iisreset": 1}
    assert driver.look()["services"]["W3SVC"] == {"state": 3}
    assert driver.get() == 0
    assert driver.restart("t2").facts["marker"]["codes"] == {"iisreset": 1}
    assert [effect.token for effect in driver.effects()] == ["t1"]
    driver.host.clear_faults()
    assert driver.restart("t3").facts["marker"]["codes"] == {"iisreset": 0}


@proves("service_stuck")
def test_a_service_that_does_not_come_back_is_stopped(driver: Any) -> None:
    driver.host.faults.ask("service_stuck", at="start")
    ended = driver.run("iisreset")
    assert (ended.code, "8007041d" in ended.out) == (1, True)
    assert driver.look()["services"] == {"WAS": {"state": 4}, "W3SVC": {"state": 1}}


@proves("pool_fails")
def test_a_pool_that_crashes_is_switched_off_with_event_5002(driver: Any) -> None:
    driver.host.faults.ask("pool_fails", pool="K3Cloud")
    assert driver.restart("t1").facts["marker"]["codes"] == {"iisreset": 0}
    assert (driver.get(), driver.get()) == (503, 503)
    facts = driver.look("t1")
    assert facts["pools"] == {"K3Cloud": "Stopped"}
    assert [event["id"] for event in facts["was_events"]] == [5002]
    assert driver.look()["was_events"] == []
    assert driver.run("%windir%\\system32\\inetsrv\\appcmd.exe start apppool K3Cloud").code == 0
    assert driver.get() == 200


@proves("site_fails")
def test_a_failing_site_answers_500(driver: Any) -> None:
    driver.host.faults.ask("site_fails", 2)
    assert [driver.get() for _ in range(3)] == [500, 500, 200]


@proves("wrong_answer")
def test_a_wrong_answer_says_success_and_restarts_nothing(driver: Any) -> None:
    before = driver.look()["workers"]
    driver.host.faults.ask("wrong_answer")
    assert driver.restart("t1").facts["marker"]["codes"] == {"iisreset": 0}
    assert driver.effects() == []
    assert driver.look()["workers"] == before


@proves("die_mid_restart")
@pytest.mark.req("CORE-2")
@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_a_script_that_dies_leaves_its_marker_begun_and_is_seen_dead(driver: Any, when: str, effects: int) -> None:
    driver.host.faults.ask("die_mid_restart", when=when)
    ended = driver.restart("t1")
    assert ended.code == 1
    assert "@@yunwei:facts" not in ended.out
    facts = driver.look("t1")
    assert (facts["phase"], facts["alive"]) == ("begun", False)
    assert len(driver.effects("iisreset")) == effects
    assert driver.restart("t1").facts["acted"] is False


@proves("reboot_mid_command")
@pytest.mark.parametrize(("when", "restarts"), [("before", 0), ("during", 1), ("after", 1)])
def test_a_reboot_in_the_middle_kills_the_command_and_keeps_the_marker(driver: Any, when: str, restarts: int) -> None:
    before = driver.look()
    driver.host.faults.ask("reboot_mid_command", seconds=0.1, when=when)
    told: list[bool] = []
    driver.host.on_reboot.append(lambda: told.append(driver.host.is_up()))
    assert driver.restart("t1").code == 1
    assert driver.host.wait_up(20)
    after = driver.look("t1")
    assert (after["phase"], after["alive"]) == ("begun", False)
    assert after["boot"] > before["boot"]
    assert after["services"] == {"WAS": {"state": 4}, "W3SVC": {"state": 4}}
    assert told == [False]
    assert (len(driver.effects("iisreset")), len(driver.effects("reboot"))) == (restarts, 1)
    assert driver.effects("reboot")[0].token == "t1"


def test_while_a_host_reboots_nothing_answers_and_afterwards_everything_does(driver: Any) -> None:
    driver.host.reboot(0.2)
    assert (driver.host.is_up(), driver.get()) == (False, 0)
    assert driver.host.wait_up(20)
    assert (driver.get(), driver.host.boots) == (200, 2)
    assert driver.host.services.state("W3SVC") is State.RUNNING


@proves("clixml_progress")
def test_a_progress_record_on_stderr_is_no_failure(driver: Any) -> None:
    driver.host.faults.ask("clixml_progress")
    ended = driver.restart("t1")
    assert (ended.code, ended.facts["acted"]) == (0, True)
    assert ended.err.startswith("#< CLIXML\r\n<Objs ")
    assert driver.restart("t1").err == ""


def test_every_fault_is_shown_by_a_test() -> None:
    elsewhere = {"sqlpackage": "test_sqlpackage.py"}
    for fault, file in elsewhere.items():
        assert f'"{fault}"' in Path(__file__).with_name(file).read_text(encoding="utf-8")
    assert set(FAULTS) == PROVEN | set(elsewhere)
