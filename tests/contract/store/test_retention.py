"""Backups are kept until they are provably superseded: never the newest, never what is young, used, or the last one."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.artifact import ArtifactKey
from domain.keeping import Keeping
from domain.rulebook import BackupRules
from intake.artifacts import get
from intake.desk import Desk
from intake.retention import retire
from intake.submit import submit
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from tests.stage import OPERATOR, HandClock, wish

pytestmark = pytest.mark.req("DC-2")


@pytest.fixture
def keeper(desk: Desk) -> Desk:
    """Two are kept, and all of the last ten days."""
    rules = replace(desk.decider.rules, backups=BackupRules(keep=2, at_least=timedelta(days=10)))
    return replace(desk, decider=replace(desk.decider, rules=rules))


def backup(desk: Desk, run: str, place: str = "acme/prod/one", **more: Any) -> str:
    key = ArtifactKey(tenant=place.split("/")[0], kind="backup", run=f"{place.split('/')[-1]}-{run}", name="a.bak")
    stored = desk.artifacts.put(key, [run.encode()])
    row = {"id": artifact_id(str(key)), "tenant": key.tenant, "kind": "backup", "key": str(key), "place": place}
    row |= {"name": f"{run}.bak", "description": "", "size": stored.size, "sha256": stored.sha256, "state": "ready"}
    row |= {"facts": dumps({}), "job": None, "added_by": "li", **more}
    desk.store.write(lambda tx: tx.moved("insert_artifact", **row, added_at=tx.now()))
    return str(row["id"])


def daily(desk: Desk, clock: HandClock, days: int, place: str = "acme/prod/one") -> list[str]:
    made = []
    for day in range(days):
        made.append(backup(desk, f"day{day}", place))
        clock.move(days=1)
    return made


def states(desk: Desk, ids: list[str]) -> list[str]:
    return [get(desk, OPERATOR, each).state.value for each in ids]


def test_old_ones_go_and_the_young_and_the_newest_stay(keeper: Desk, clock: HandClock) -> None:
    made = daily(keeper, clock, 15)
    assert retire(keeper, threading.Event()) == 5
    assert states(keeper, made) == ["deleted"] * 5 + ["ready"] * 10
    assert retire(keeper, threading.Event()) == 0
    assert len(list(keeper.artifacts.list("acme/backup"))) == 10


def test_the_newest_stay_however_old_they_are_and_each_data_center_has_its_own(keeper: Desk, clock: HandClock) -> None:
    one, two = daily(keeper, clock, 3), daily(keeper, clock, 2, "acme/prod/two")
    clock.move(days=400)
    assert retire(keeper, threading.Event()) == 1
    assert states(keeper, one) == ["deleted", "ready", "ready"]
    assert states(keeper, two) == ["ready", "ready"]


def test_nothing_goes_when_the_newer_one_is_not_really_there(keeper: Desk, clock: HandClock) -> None:
    made = daily(keeper, clock, 3)
    clock.move(days=400)
    keeper.artifacts.delete(get(keeper, OPERATOR, made[-1]).key)
    assert retire(keeper, threading.Event()) == 0
    assert states(keeper, made) == ["ready"] * 3


def test_what_an_unfinished_request_uses_stays(keeper: Desk, clock: HandClock) -> None:
    made = daily(keeper, clock, 3)
    clock.move(days=400)
    later = (clock.now() + timedelta(hours=1)).isoformat()
    submit(keeper, OPERATOR, wish("work", params={"note": made[0]}, planned_at=later))
    assert retire(keeper, threading.Event()) == 0
    assert get(keeper, OPERATOR, made[0]).state is Keeping.READY
