"""The four scripts of the product on the emulated host: fence, facts, load balancer, stopping a tree."""

import json
from importlib.resources import files
from typing import Any

import pytest

from executors.winrm_script import COMMAND_LINE
from lab.host.scripts import HEAD, KNOWN, digest
from lab.host.services import State
from playbooks.scripts import load

SCRIPTS = sorted(
    entry.name.removesuffix(".ps1") for entry in files("playbooks.scripts").iterdir() if entry.name.endswith(".ps1")
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_lab_was_reviewed_for_the_script_as_it_is(name: str) -> None:
    text = load(name)
    known = text.splitlines()[0].removeprefix(HEAD)
    assert known in KNOWN, f"{name}.ps1 ({known}) has no twin in lab/host: write it, then add it to lab/host/scripts.py"
    assert digest(text) == KNOWN[known][0], (
        f"{name}.ps1 changed: review its twin in lab/host/, then write {digest(text)} into lab/host/scripts.py"
    )


def test_every_twin_has_its_script() -> None:
    assert sorted(KNOWN) == sorted(load(name).splitlines()[0].removeprefix(HEAD) for name in SCRIPTS)


@pytest.mark.req("IIS-2")
def test_a_restart_acts_once_and_tells_its_pid_its_words_and_its_marker(driver: Any) -> None:
    before = driver.look("t1")
    ended = driver.restart("t1")
    assert (ended.code, ended.err, ended.facts["acted"]) == (0, "", True)
    assert "begun t1" in ended.out.splitlines()
    marker = ended.facts["marker"]
    assert (marker["phase"], marker["codes"], marker["pid"]) == ("ended", {"iisreset": 0}, ended.pid_line["pid"])
    assert marker["before"]["workers"] == before["workers"]
    after = driver.look("t1")
    assert (before["phase"], after["phase"], after["alive"]) == ("none", "ended", False)
    assert after["marker"] == marker
    (effect,) = driver.effects()
    assert (effect.kind, effect.job, effect.token, effect.epoch, effect.host) == ("iisreset", 7, "t1", 1, "APP1")


@pytest.mark.req("CORE-1")
def test_two_attempts_with_one_token_have_one_effect(driver: Any) -> None:
    consoles = [driver.begin_restart("t1", epoch=epoch) for epoch in range(1, 7)]
    acted = [driver.end(console).facts["acted"] for console in consoles]
    assert sorted(acted) == [False] * 5 + [True]
    assert len(driver.effects("iisreset")) == 1
    assert driver.restart("t2").facts["acted"] is True
    assert len(driver.effects("iisreset")) == 2


@pytest.mark.req("CORE-3")
def test_a_sealed_attempt_can_never_begin(driver: Any) -> None:
    facts = driver.look("t1", seal={"job": 7, "epoch": 2})
    assert (facts["phase"], facts["marker"]["epoch"]) == ("void", 2)
    late = driver.restart("t1")
    assert (late.facts["acted"], late.facts["marker"]["phase"]) == (False, "void")
    assert driver.effects() == []


def test_sealing_what_has_begun_changes_nothing(driver: Any) -> None:
    driver.restart("t1")
    assert driver.look("t1", seal={"job": 7, "epoch": 2})["phase"] == "ended"


def test_a_look_in_the_middle_sees_the_attempt_alive(driver: Any) -> None:
    driver.host.faults.ask("slow", seconds=600, where="stop")
    console = driver.begin_restart("t1", timeout_s=3600)
    driver.until_web(State.STOP_PENDING)
    facts = driver.look("t1")
    assert (facts["phase"], facts["alive"], facts["services"]["W3SVC"]) == ("begun", True, {"state": 3})
    console.signal("terminate")
    assert driver.look("t1")["alive"] is False


def test_pools_are_stopped_and_started_and_each_code_is_told(driver: Any) -> None:
    before = driver.look()["workers"][0]["pid"]
    ended = driver.restart("t1", mode="pools")
    assert ended.facts["marker"]["codes"] == {"stop K3Cloud": 0, "start K3Cloud": 0}
    assert driver.get() == 200
    assert driver.look()["workers"][0]["pid"] != before
    assert [(effect.kind, effect.token) for effect in driver.effects()] == [("pool-stop", "t1"), ("pool-start", "t1")]


def test_a_cancelled_tree_is_ended_from_a_second_shell(driver: Any) -> None:
    driver.host.faults.ask("hang", match="iisreset")
    console = driver.begin_restart("t1")
    driver.until(lambda: any(entry.name == "iisreset.exe" for entry in driver.host.processes.all()))
    some, _ = console.read(5)
    pid_line = json.loads(some[0].data.decode().removeprefix("@@yunwei:pid "))
    other = driver.script("stop_tree", pid=pid_line["pid"], started="2001-01-01T00:00:00.0000000Z").facts
    assert other == {"was_alive": False, "alive": False}
    assert driver.script("stop_tree", **pid_line).facts == {"was_alive": True, "alive": False}
    assert driver.end(console).code == 1
    assert driver.effects("iisreset") == []
    assert driver.look("t1")["phase"] == "begun"


def test_the_load_balancers_file_goes_out_and_in_and_twice_is_once(drivers: Any) -> None:
    driver = drivers(files={"C:\\lb\\ok.txt": b"ok"})
    asked = {"file": "C:\\lb\\OK.txt", "settle_s": 0}
    assert [driver.script("lb_file", present=False, **asked).facts for _ in "12"] == [{"present": False}] * 2
    assert driver.host.files.find("C:\\lb\\ok.txt.out")
    assert [driver.script("lb_file", present=True, **asked).facts for _ in "12"] == [{"present": True}] * 2
    assert [effect.kind for effect in driver.effects()] == ["lb-out", "lb-in"]


def test_sql_is_asked_for_real(driver: Any) -> None:
    port = driver.host.site_port
    assert driver.look(sql={"host": "127.0.0.1", "port": port})["sql"] == {"reachable": True}
    driver.run("net stop w3svc")
    assert driver.look(sql={"host": "127.0.0.1", "port": port})["sql"] == {"reachable": False}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("# yunwei script: nosuch/1\n1", "no script of ours"),
        ("Restart-Computer", "no script of ours"),
        ("# yunwei script: iis-restart/1\nRestart-Computer", "another text"),
    ],
)
def test_a_script_the_lab_does_not_know_is_refused(driver: Any, script: str, words: str) -> None:
    console = driver.begin(COMMAND_LINE)
    console.write(json.dumps({"script": script, "args": {}}).encode(), end=True)
    ended = driver.end(console)
    assert ended.code == 1
    assert ended.err.startswith("lab: ")
    assert words in ended.err
    assert driver.effects() == []


def test_a_call_that_came_in_part_never_runs(driver: Any) -> None:
    console = driver.begin(COMMAND_LINE)
    data = json.dumps({"script": load("iis_restart"), "args": {"token": "t1"}}).encode()
    console.write(data[:-40], end=True)
    assert driver.end(console).code == 1
    assert driver.effects() == []
