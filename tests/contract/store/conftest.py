"""One store after another: in memory, in a file, on a server. Every test of this folder holds on all of them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.job import Job, State
from intake.desk import Desk
from runner.claims import Claims
from runner.store.migrate import migrate
from runner.store.rows import micros, to_job
from runner.store.schema import job as jobs
from runner.store.schema import request as requests
from runner.store.store import Store
from tests.services import Postgres
from tests.stage import HandClock, desk_on


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store of each kind in turn; the one on the server is migrated."""
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        yield postgres.emptied()
        return
    yield "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def store(url: str, clock: HandClock) -> Iterator[Store]:
    store = Store(url, clock)
    if url.startswith("sqlite"):
        migrate(store)
    yield store
    store.close()


@pytest.fixture
def twin(url: str, store: Store, clock: HandClock) -> Iterator[Store]:
    """The same store as another process would open it. A store in memory has no other process."""
    if url == "sqlite://":
        yield store
        return
    twin = Store(url, clock)
    yield twin
    twin.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return desk_on(store)


@pytest.fixture
def twin_desk(twin: Store, desk: Desk) -> Desk:
    return replace(desk, store=twin)


@pytest.fixture
def claims(desk: Desk) -> Callable[..., Claims]:
    """`claims("w1")`: the claims of a worker of that name; `on=` another desk."""

    def make(worker: str, lease_s: float = 15.0, on: Desk | None = None) -> Claims:
        at = on or desk
        return Claims(at.store, at.catalog, at.decider, worker, lease_s)

    return make


@pytest.fixture
def put_job(store: Store) -> Callable[..., Job]:
    """`put_job(state=…)`: a job's row with whatever columns a test wants, and its request."""

    def put(**columns: Any) -> Job:
        now = micros(store.clock.now())
        common = {"operation": "work", "place": "acme/prod", "tenant": "acme", "planned_at": now, "asked_at": now}
        row = {**common, "state": State.WAITING, "lock_mode": "exclusive", "due_at": now, "latest_start": now}
        row |= {"version": 1, "asked_by": "li", "search": "", **columns}
        shared = {k: row[k] for k in (*common, "asked_by", "version")}
        with store.engine.begin() as connection:
            number = connection.execute(jobs.insert().values(**row)).inserted_primary_key[0]
            request = {**shared, "number": number, "params": "{}", "description": "", "email": ""}
            connection.execute(requests.insert().values(**request))
        return read_job(store, number)

    return put


def read_job(store: Store, number: int) -> Job:
    row = store.row("job", number=number)
    assert row is not None
    return to_job(row)


@pytest.fixture
def job_now(store: Store) -> Callable[[int], Job]:
    """`job_now(number)`: the job as the store has it at this moment."""
    return lambda number: read_job(store, number)


def run_at_once(works: list[Callable[[], object]]) -> list[object]:
    """Run all at the same time; their answers in order."""
    barrier, answers = threading.Barrier(len(works)), [object()] * len(works)

    def run(index: int) -> None:
        barrier.wait(20)
        try:
            answers[index] = works[index]()
        except Exception as error:
            answers[index] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(t.is_alive() for t in threads)
    return answers


@pytest.fixture
def at_once() -> Callable[..., list[object]]:
    return run_at_once
