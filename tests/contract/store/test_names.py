"""Renamings are on record in the order in which they happened, each once."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from domain.event import Kind
from domain.job import Job
from intake.desk import Desk
from intake.read import events_of
from runner.artifacts import record
from runner.store.migrate import _config, migrate
from runner.store.store import Store
from tests.stage import OPERATOR, HandClock

PLACE = "acme/prod/one"
PutJob = Callable[..., Job]


def renamed(store: Store, job: Job, was: str, now: str) -> None:
    made: dict[str, Any] = {"kind": "name", "title": now, "database": now, "was_title": was, "was_database": was}
    store.write(lambda tx: record(tx, job, made))


def name_of(desk: Desk) -> str:
    center = desk.decider.here(desk.store).place(PLACE).data_center
    assert center is not None
    return center.database


@pytest.mark.req("DC-5")
def test_a_renaming_that_was_asked_for_earlier_and_happens_later_is_the_one_that_counts(
    desk: Desk, put_job: PutJob, clock: HandClock
) -> None:
    earlier, later = put_job(place=PLACE), put_job(place=PLACE)
    renamed(desk.store, later, "one", "X21")
    clock.move(hours=24)
    renamed(desk.store, earlier, "X21", "X20")
    assert name_of(desk) == "X20"


@pytest.mark.req("DC-5", "CORE-1")
def test_a_renaming_that_is_recorded_again_by_the_same_job_is_told_once(desk: Desk, put_job: PutJob) -> None:
    job = put_job(place=PLACE)
    for _ in range(2):
        renamed(desk.store, job, "one", "X1")
    assert name_of(desk) == "X1"
    assert [e.kind for e in events_of(desk, OPERATOR, job.number)] == [Kind.RENAMED]


@pytest.mark.req("DC-5")
def test_names_of_before_every_renaming_was_kept_come_over(desk: Desk, put_job: PutJob, clock: HandClock) -> None:
    for was, now in (("one", "X1"), ("X1", "X2")):
        renamed(desk.store, put_job(place=PLACE), was, now)
        clock.move(hours=1)
    with desk.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.downgrade(_config(connection), "0012")
        kept = connection.execute(text("SELECT database, was_database FROM place_name")).all()
    assert [tuple(row) for row in kept] == [("X2", "one")]
    migrate(desk.store)
    assert name_of(desk) == "X2"
    renamed(desk.store, put_job(place=PLACE), "X2", "X3")
    assert name_of(desk) == "X3"
