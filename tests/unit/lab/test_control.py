"""The control port: ledger, hosts, faults, reboot; mistakes are JSON."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.certificates import Authority
from lab.control import MOST_BODY, Control
from lab.database import DatabaseServer
from lab.host import Ledger, Origin


class Asker:
    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
            connection.request(method, path, data)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture
def ask(driver: Any) -> Iterator[Asker]:
    control = Control({"app1": driver.host}, driver.host.ledger)
    control.start()
    yield Asker(control.port)
    control.stop()


def test_the_ledger_is_read_from_a_number_on(ask: Asker, driver: Any) -> None:
    driver.restart("t1")
    driver.restart("t2")
    assert [effect["token"] for effect in ask("GET", "/ledger")[1]["effects"]] == ["t1", "t2"]
    assert [effect["n"] for effect in ask("GET", "/ledger?after=1")[1]["effects"]] == [2]


def test_a_host_tells_its_state_under_any_case(ask: Asker) -> None:
    status, host = ask("GET", "/hosts/APP1")
    assert (status, host["services"]["W3SVC"], host["up"]) == (200, 4, True)
    assert [each["name"] for each in ask("GET", "/hosts")[1]["hosts"]] == ["APP1"]


def test_faults_are_asked_listed_and_cleared(ask: Asker, driver: Any) -> None:
    status, fault = ask("POST", "/hosts/app1/faults", {"fault": "site_fails", "count": 2})
    assert (status, fault["left"]) == (201, 2)
    assert driver.get() == 500
    assert ask("GET", "/hosts/app1/faults")[1]["faults"][0]["left"] == 1
    assert ask("DELETE", "/hosts/app1/faults") == (200, {"faults": []})
    assert driver.get() == 200


def test_a_host_reboots_when_told(ask: Asker, driver: Any) -> None:
    assert ask("POST", "/hosts/app1/reboot", {"seconds": 0.1})[0] == 202
    assert driver.host.wait_up(20)
    assert [effect.kind for effect in driver.effects()] == ["reboot"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 404),
        ("GET", "/hosts/nosuch", None, 404),
        ("POST", "/ledger", {}, 404),
        ("PUT", "/hosts/app1/faults", {}, 501),
        ("GET", "/ledger?after=x", None, 400),
        ("POST", "/hosts/app1/faults", {"fault": "earthquake"}, 400),
        ("POST", "/hosts/app1/faults", {"fault": "slow", "seconds": "x"}, 400),
        ("POST", "/hosts/app1/faults", [], 400),
        ("POST", "/hosts/app1/faults", b"{", 400),
        ("POST", "/hosts/app1/faults", b"\xff\xfe", 400),
        ("POST", "/hosts/app1/faults", b" " * (MOST_BODY + 1), 400),
        ("POST", "/hosts/app1/reboot", {"seconds": -1}, 400),
    ],
)
def test_a_wrong_request_is_told_so_in_json(ask: Asker, method: str, path: str, body: object, status: int) -> None:
    answered, said = ask(method, path, body)
    assert answered == status
    assert said["error"]


def test_the_ledger_is_on_disk_before_it_is_told_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = Ledger(path)
    effect = first.record("APP1", "iisreset", Origin(job=1, token="t", epoch=2), why="账套")
    assert json.loads(path.read_text(encoding="utf-8"))["detail"] == {"why": "账套"}
    first.close()
    second = Ledger(path)
    assert second.after() == [effect]
    assert second.record("APP1", "reboot", Origin()).n == 2
    second.close()


@pytest.fixture
def ask_sql(driver: Any, tmp_path: Path) -> Iterator[Asker]:
    for name in ("secrets", "keys"):
        (tmp_path / name).mkdir()
    database = DatabaseServer(tmp_path, Authority.make(), encryption="optional", language="en", step_s=0.0)
    database.start()
    control = Control({}, driver.host.ledger, database)
    control.start()
    yield Asker(control.port)
    control.stop()
    database.stop()


def test_the_sql_server_tells_its_databases_its_ledger_and_takes_faults(ask_sql: Asker) -> None:
    (server,) = ask_sql("GET", "/sql")[1]["servers"]
    assert {d["name"] for d in server["databases"]} == {"master", "tempdb", "model", "msdb", "yunwei"}
    effects = ask_sql("GET", "/sql/db1/ledger")[1]["effects"]
    assert [e["kind"] for e in effects][:2] == ["create login", "server role"]
    assert ask_sql("GET", f"/sql/db1/ledger?after={len(effects)}")[1] == {"effects": []}
    status, fault = ask_sql("POST", "/sql/db1/faults", {"fault": "disk_full", "percent": 40})
    assert (status, fault["percent"], fault["left"]) == (201, 40.0, 1)
    assert ask_sql("GET", "/sql/db1/faults")[1]["faults"] == [fault]
    assert ask_sql("DELETE", "/sql/db1/faults") == (200, {"faults": []})
    assert ask_sql("POST", "/sql/db1/restart")[1]["port"] == server["port"]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "nix"},
        {"fault": "slow", "count": 0},
        {"fault": "slow", "seconds": "1"},
        {"fault": "cut", "at": 3},
        {"fault": "slow", "nix": 1},
    ],
)
def test_a_fault_of_the_sql_server_with_a_mistake_is_refused(ask_sql: Asker, fault: dict[str, Any]) -> None:
    assert ask_sql("POST", "/sql/db1/faults", fault)[0] == 400
    assert ask_sql("GET", "/sql/db2/faults")[0] == 404
    assert ask_sql("GET", "/sql/db1/faults")[1]["faults"] == []
