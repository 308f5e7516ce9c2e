"""What the store does when its database is away, wrong, or in the way of itself."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import ProgrammingError

from domain.errors import StoreDown
from domain.event import Event, Kind
from domain.job import Job, State
from domain.text import Text
from intake.desk import Desk
from intake.read import verify_audit
from intake.submit import submit
from runner.clock import SteadyClock
from runner.moves import move
from runner.server_clock import server_clock
from runner.store.migrate import migrate
from runner.store.schema import metadata
from runner.store.store import Store
from runner.store.tx import Tx
from runner.sweeper import Retention, Sweeper
from tests.services import Postgres
from tests.stage import LI, HandClock, desk_on, wish

AtOnce = Callable[[list[Callable[[], object]]], list[Any]]


def alarm(tx: Tx) -> None:
    tx.append(Event(kind=Kind.ALARM, at=tx.now()))


@pytest.fixture
def pg_store(postgres: Postgres, clock: HandClock) -> Iterator[Store]:
    store = Store(postgres.emptied(), clock)
    yield store
    store.close()


@pytest.mark.req("CORE-11")
def test_rows_that_somebody_claims_are_passed_over_at_once(postgres: Postgres, pg_store: Store) -> None:
    desk, other = desk_on(pg_store), Store(pg_store.url, pg_store.clock)
    numbers = [submit(desk, LI, wish("free")).number for _ in range(4)]
    look = {"now": pg_store.clock.now(), "most": 2}
    first = pg_store.write(lambda tx: [tx.rows("due_jobs", **look), other.rows("due_jobs", **look)])
    assert [[r["number"] for r in rows] for rows in first] == [numbers[:2], numbers[2:]]
    other.close()


def test_the_victim_of_a_deadlock_is_run_again(pg_store: Store, at_once: AtOnce) -> None:
    other = Store(pg_store.url, pg_store.clock)
    for key in ("a", "b"):
        pg_store.write(lambda tx, key=key: tx.moved("quota_take", key=key, limit=10))
    meet = threading.Barrier(2)
    runs: list[str] = []

    def crossing(first: str, second: str) -> Callable[[Tx], None]:
        def body(tx: Tx) -> None:
            runs.append(first)
            tx.moved("quota_take", key=first, limit=10)
            if len(runs) <= 2:
                meet.wait(20)
            tx.moved("quota_take", key=second, limit=10)

        return body

    answers = at_once([lambda: pg_store.write(crossing("a", "b")), lambda: other.write(crossing("b", "a"))])
    assert answers == [None, None]
    assert len(runs) >= 3  # the victim, once or more
    assert [pg_store.row("quota_used", key=k)["used"] for k in ("a", "b")] == [3, 3]
    other.close()


class MeetingClock(HandClock):
    """Once armed, the first two who ask for the time wait for each other: both have read, and none has written."""

    def __init__(self) -> None:
        super().__init__()
        self.meet, self.to_come = threading.Barrier(2), 0

    def now(self) -> datetime:
        if self.to_come > 0:
            self.to_come -= 1
            self.meet.wait(20)
        return super().now()


@pytest.mark.req("CORE-1", "CORE-11")
def test_two_portals_that_get_one_key_at_the_same_moment_make_one_job(postgres: Postgres, at_once: AtOnce) -> None:
    clock = MeetingClock()
    stores = [Store(postgres.emptied(), clock)]
    desk = desk_on(stores[0])
    stores.append(Store(stores[0].url, clock))
    clock.to_come = 2
    works = [lambda s=s: submit(replace(desk, store=s), LI, wish("free"), key="k1") for s in stores]
    answers = at_once(works)
    assert [getattr(a, "number", a) for a in answers] == [answers[0].number] * 2, answers
    assert sorted(a.replayed for a in answers) == [False, True]
    assert len(stores[0].rows("due_jobs", now=clock.now(), most=9)) == 1
    for store in stores:
        store.close()


@pytest.mark.req("CORE-1")
def test_a_store_that_goes_away_in_mid_work_is_down_and_then_works_again() -> None:
    server = Postgres()
    try:
        with server.database() as url:
            store = Store(url, SteadyClock(read=server_clock(url)))
            desk = desk_on(store)
            first = submit(desk, LI, wish("free"), key="k1")
            server.stop()
            for use in (lambda: submit(desk, LI, wish("free"), key="k2"), lambda: store.rows("workers")):
                with pytest.raises(StoreDown) as down:
                    use()
                assert "postgres:" not in str(down.value)
            assert store.clock.now() > first.planned_at  # the clock goes on with the last offset
            server.start()
            assert _until_up(lambda: submit(desk, LI, wish("free"), key="k2").number) == 2
            assert verify_audit(desk).broken_at is None
            store.close()
    finally:
        server.close()


def _until_up(use: Callable[[], int]) -> int:
    """Connections from before the outage may each fail once."""
    for _ in range(40):
        try:
            return use()
        except StoreDown:
            threading.Event().wait(0.05)
    raise AssertionError("the store did not come back")


def test_a_transaction_whose_answer_was_lost_is_not_run_again(store: Store) -> None:
    runs: list[str] = []
    together = store._group._transaction

    def lossy(bodies: list[Callable[[Tx], object]]) -> list[object]:
        together(bodies)  # committed
        raise StoreDown(Text("断了", "cut"))

    store._group._transaction = lossy
    outcomes: list[object] = []

    def body(tx: Tx, name: str) -> None:
        runs.append(name)
        alarm(tx)

    def write(name: str) -> None:
        try:
            store.write(lambda tx: body(tx, name))
        except StoreDown as error:
            outcomes.append(error)

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 8
    assert sorted(runs) == [f"w{n}" for n in range(8)]


def test_a_listener_that_fails_does_not_undo_or_repeat_what_is_committed(store: Store) -> None:
    def broken(events: list[Event]) -> None:
        raise LookupError("a full disk, say")

    store.heard = broken
    store.write(alarm)
    assert len(store.rows("events_between", after=0, last=2**62, most=10)) == 1


@pytest.mark.parametrize("what", ["a folder", "a file of somebody else", "no folder"])
def test_a_file_that_is_no_store_is_told_as_such(tmp_path: Path, what: str) -> None:
    file = tmp_path / ("none/store.db" if what == "no folder" else "store.db")
    if what == "a folder":
        file.mkdir()
    if what == "a file of somebody else":
        file.write_bytes(b"this is a letter, not a database; " * 400)
    store = Store(f"sqlite:///{file}", HandClock())
    with pytest.raises(StoreDown):
        migrate(store)
    with pytest.raises(StoreDown):
        store.rows("workers")
    store.close()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    url = "postgresql+psycopg://yunwei:hunter2@127.0.0.1:9/yunwei?connect_timeout=2&password=hunter3"
    store = Store(url, HandClock())
    for use in (lambda: store.rows("workers"), lambda: store.write(alarm), lambda: migrate(store)):
        with pytest.raises(StoreDown) as down:
            use()
        assert "127.0.0.1:9/yunwei" in str(down.value)
        assert "hunter" not in f"{down.value} {down.value.facts}"
    with pytest.raises(StoreDown) as down:
        server_clock(url)
    assert "hunter" not in str(down.value)
    store.close()


def test_a_bug_of_ours_is_not_passed_off_as_an_outage(store: Store) -> None:
    store._sql = {**store._sql, "workers": "SELECT no_such_column FROM worker, no_such_table"}
    with pytest.raises((ProgrammingError, StoreDown)) as told:
        store.rows("workers")
    if not store.url.startswith("sqlite"):  # SQLite has one kind of error for both
        assert told.type is ProgrammingError


@pytest.mark.req("CORE-12")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_four_processes_that_start_at_once_migrate_once(
    kind: str, tmp_path: Path, postgres: Postgres, at_once: AtOnce
) -> None:
    def start(url: str) -> str:
        store = Store(url, HandClock())
        try:
            migrate(store)
            return str(store.row("chain_end"))
        finally:
            store.close()

    for n in range(3):
        with postgres.database("template0") as server:
            url = server if kind == "postgres" else f"sqlite:///{tmp_path}/{n}.db"
            answers = at_once([lambda url=url: start(url)] * 4)
            assert len(set(map(str, answers))) == 1, answers
            assert "'seq': 0" in str(answers[0])


@pytest.mark.req("CORE-12")
def test_the_tables_that_migrations_make_are_those_that_the_code_uses(store: Store) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    ours = [d for d in differences if not (d[0] == "remove_table" and d[1].name.startswith("bell_"))]  # the bell's
    assert [d for d in ours if "index" not in str(d[0])] == []


@pytest.mark.req("CORE-2")
def test_the_sweeper_goes_past_a_job_that_it_cannot_handle(
    desk: Desk, put_job: Callable[..., Job], job_now: Callable[[int], Job]
) -> None:
    late = {"latest_start": 1, "blocked_by": 999}
    gone = put_job(operation="no-such", place="beta/prod", tenant="beta", **late)
    fine = put_job(operation="work", **late)
    lost = put_job(state=State.RUNNING, worker="w0", lease_until=1, epoch=1, begun=1, place="acme/test")
    harmless = put_job(state=State.RUNNING, worker="w0", lease_until=1, epoch=1, place="acme/prod/one", plan="[]")
    held = put_job(state=State.RUNNING, worker="w1", lease_until=2**52, epoch=1, place="acme/prod/two")
    Sweeper(desk.store, desk.catalog, Retention()).sweep()
    states = [job_now(j.number).state for j in (gone, fine, lost, harmless, held)]
    assert states == [State.REFUSED, State.MISSED, State.IN_DOUBT, State.WAITING, State.RUNNING]


@pytest.mark.req("INT-1")
def test_a_pending_request_that_nobody_accepted_in_time_is_missed(
    desk: Desk, clock: HandClock, job_now: Callable[[int], Job]
) -> None:
    number = submit(desk, LI, wish("pending", planned_at="2026-11-23T05:00:00+00:00")).number
    sweeper = Sweeper(desk.store, desk.catalog, Retention())
    sweeper.sweep()
    assert job_now(number).state is State.PENDING
    clock.move(hours=1, seconds=1)
    sweeper.sweep()
    assert job_now(number).state is State.MISSED


def test_a_sweeper_that_comes_second_changes_nothing(
    desk: Desk, put_job: Callable[..., Job], job_now: Callable[[int], Job]
) -> None:
    lost = put_job(state=State.RUNNING, worker="w0", lease_until=1, epoch=1, begun=1)
    seen = desk.store.rows("expired_leases", now=desk.store.clock.now(), most=9)
    desk.store.write(lambda tx: move(tx, lost, Kind.SUCCEEDED))
    sweeper = Sweeper(desk.store, desk.catalog, Retention())
    desk.store.write(lambda tx: sweeper._if_still(tx, seen[0], sweeper._lost))
    assert job_now(lost.number).state is State.SUCCEEDED
