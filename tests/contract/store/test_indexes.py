"""The hot look-ups cost what is due, not what is stored: each is served by its own index on both databases."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

from domain.job import Job, State
from runner.store.rows import micros
from runner.store.schema import job as jobs
from runner.store.schema import request as requests
from runner.store.store import Store
from tests.stage import NOON

pytestmark = pytest.mark.req("CORE-4")
NOW = micros(NOON)
HOUR = 3_600_000_000
MANY = 4000
WANTED = {"number": 1, "tenant": "t7", "lock_mode": "exclusive", "place": "t7/prod", "above": "", "below": "t7/prod/"}
WANTED |= {"due_at": NOW}

LOOK_UPS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("due_jobs", {"now": NOW, "most": 8}, {"job_due"}),
    ("next_due", {}, {"job_due"}),
    ("lock_conflicts", {"wanted": json.dumps([WANTED])}, {"job_holding", "job_in_line"}),
    ("expired_leases", {"now": NOW, "most": 200}, {"job_leased"}),
    ("doubtful_jobs", {"now": NOW, "most": 8}, {"job_leased", "job_by_state", "job_holding"}),
    ("late_waiting", {"now": NOW, "most": 200}, {"job_late"}),
    ("late_pending", {"now": NOW, "most": 200}, {"job_pending", "job_by_state"}),
    ("unblock_orphans", {"now": NOW}, {"job_blocked"}),
    ("followers", {"numbers": "[1, 2]"}, {"job_blocked"}),
]


@pytest.fixture
def crowded(store: Store, put_job: Callable[..., Job]) -> Store:
    """Thousands of finished and of future jobs around a handful that are due.

    PostgreSQL gathers statistics by itself before long; SQLite never does, so there are none.
    """
    with store.engine.begin() as connection:
        connection.execute(insert(jobs), [_row(n) for n in range(1, MANY + 1)])
        connection.execute(insert(requests), [_request(n) for n in range(1, MANY + 1)])
        if store.url.startswith("postgresql"):
            connection.execute(text("ANALYZE"))
    return store


def _row(n: int) -> dict[str, Any]:
    future = n % 2 == 0
    due = NOW + (n * HOUR if future else -n * HOUR)
    tenant = f"t{n % 200}"
    row = {"number": n, "version": 1, "operation": "work", "tenant": tenant, "place": f"{tenant}/prod", "search": ""}
    row |= {"state": (State.WAITING if future else State.SUCCEEDED).value, "lock_mode": "exclusive", "asked_by": "li"}
    return row | {"planned_at": due, "due_at": due, "latest_start": due + HOUR, "asked_at": NOW}


def _request(n: int) -> dict[str, Any]:
    row = {k: v for k, v in _row(n).items() if k in requests.c}
    return row | {"params": "{}", "description": "", "email": ""}


def explained(store: Store, name: str, params: dict[str, Any]) -> str:
    """The database's own account of how it will look the rows up."""
    sql = store._sql[name]
    with store.engine.connect() as connection:
        if store.url.startswith("sqlite"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", params).all()
            return "\n".join(row[3] for row in rows)
        (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", params).one()
        return json.dumps(plan)


def whole_table(store: Store, plan: str) -> bool:
    if store.url.startswith("sqlite"):
        return any(line.startswith("SCAN") and "INDEX" not in line for line in plan.splitlines())
    return '"Seq Scan", "Parallel Aware": false, "Async Capable": false, "Relation Name": "job"' in plan


def test_every_hot_look_up_is_served_by_its_own_index(crowded: Store) -> None:
    for name, params, indexes in LOOK_UPS:
        plan = explained(crowded, name, params)
        assert any(index in plan for index in indexes), f"{name}: {plan}"
        assert not whole_table(crowded, plan), f"{name}: {plan}"


def test_statistics_do_not_turn_the_look_ups_away_from_their_indexes(crowded: Store) -> None:
    with crowded.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    test_every_hot_look_up_is_served_by_its_own_index(crowded)


def test_a_line_is_looked_up_in_two_halves_each_by_its_index(crowded: Store) -> None:
    name, params, indexes = next(look for look in LOOK_UPS if look[0] == "lock_conflicts")
    plan = explained(crowded, name, params)
    assert {i for i in indexes if i in plan} == indexes, plan


def test_a_look_up_without_its_index_would_be_noticed(crowded: Store) -> None:
    with crowded.engine.begin() as connection:
        for index in ("job_due", "job_in_line", "job_late", "job_by_state"):
            connection.execute(text(f"DROP INDEX {index}"))
    try:
        assert not _served(crowded, "due_jobs", {"now": NOW, "most": 8}, "job_due")
    finally:
        with crowded.engine.begin() as connection:
            for index in jobs.indexes:
                index.create(connection, checkfirst=True)


def _served(store: Store, name: str, params: dict[str, Any], index: str) -> bool:
    """SQLite refuses a statement whose index is gone; PostgreSQL finds another way."""
    try:
        return index in explained(store, name, params)
    except OperationalError:
        return False
