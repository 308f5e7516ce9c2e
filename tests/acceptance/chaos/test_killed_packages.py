"""kill -9 of the worker, and cuts of the wire, around SqlPackage: it is started once, and its end is found."""

from typing import Any

import pytest

from domain.event import Kind

LEDGER1 = "ledger-test/prod/ledger1"


def of_sqlpackage(stage: Any) -> list[str]:
    """What SqlPackage was started for, and what it did."""
    kinds = ("sqlpackage-start", "export", "extract", "import", "publish")
    return [e.kind for e in stage.lab.ledger.after() if e.kind in kinds]


@pytest.mark.req("DC-8", "CORE-2")
def test_killed_while_sqlpackage_works_another_worker_finds_it_and_starts_no_second(stage: Any) -> None:
    stage.host("db1").faults.ask("slow", seconds=4.0, match="sqlpackage")
    stage.workers()
    number = stage.submit("bacpac-export", LEDGER1, source="live")
    stage.wait(lambda: of_sqlpackage(stage) == ["sqlpackage-start"], "SqlPackage works")
    stage.holder(number).kill()
    stage.await_state(number, "succeeded")
    assert of_sqlpackage(stage) == ["sqlpackage-start", "export"]
    assert list(stage.lab.database.exchange.iterdir()) == []


@pytest.mark.req("DC-8", "CORE-1", "CORE-2")
def test_killed_while_the_start_is_under_way_the_late_one_and_the_new_one_start_it_once(stage: Any) -> None:
    stage.host("db1").faults.ask("slow", seconds=3.0, match="sqlpackage-start/1")
    stage.workers()
    number = stage.submit("bacpac-export", LEDGER1, source="live")
    stage.wait(lambda: not stage.host("db1").faults.active(), "the start is on the host")
    stage.holder(number).kill()
    stage.await_state(number, "succeeded")
    stage.wait(lambda: not any(e.name == "powershell.exe" for e in stage.host("db1").processes.all()), "it is quiet")
    assert of_sqlpackage(stage) == ["sqlpackage-start", "export"]


@pytest.mark.req("DC-8", "CORE-1")
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_wire_that_is_cut_around_the_start_starts_no_second(stage: Any, point: str) -> None:
    stage.workers(1)
    stage.host("db1").faults.ask("cut", action="Command", point=point)
    number = stage.submit("bacpac-export", LEDGER1, source="live")
    stage.await_state(number, "succeeded")
    assert of_sqlpackage(stage) == ["sqlpackage-start", "export"]
    assert Kind.ALARM not in stage.kinds(number)
