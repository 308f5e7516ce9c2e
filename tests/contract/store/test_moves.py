"""Every move of a job is guarded by the row itself: state and epoch decide, not what somebody read before."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from domain.errors import Conflict, Overtaken
from domain.event import Kind
from domain.job import FINAL, LIFE, Job, State
from intake.desk import Desk
from runner.moves import move
from runner.store.store import Store

Put = Callable[..., Job]
JobNow = Callable[[int], Job]


def every_move() -> Iterator[tuple[State, Kind, State]]:
    for state, moves in LIFE.items():
        for kind, after in moves.items():
            yield state, kind, after


@pytest.mark.req("CORE-6")
def test_every_move_of_the_table_moves_its_row_and_tells_of_it(store: Store, put_job: Put, job_now: JobNow) -> None:
    for state, kind, after in every_move():
        job = put_job(state=state, lock_mode="none")
        moved = store.write(lambda tx, job=job, kind=kind: move(tx, job, kind, actor="li"))
        assert (moved.state, job_now(job.number).state) == (after, after)
        told = store.rows("job_events_after", job=job.number, after=0, most=10)
        assert (told[0]["kind"], told[0]["actor"]) == (kind.value, "li")
        assert {e["kind"] for e in told[1:]} <= {"alarm"}


@pytest.mark.req("CORE-3")
def test_a_stale_epoch_moves_no_row_by_any_move(store: Store, put_job: Put, job_now: JobNow) -> None:
    for state, kind, _ in every_move():
        job = put_job(state=state, epoch=4, lock_mode="none")
        with pytest.raises(Overtaken):
            store.write(lambda tx, job=job, kind=kind: move(tx, replace(job, epoch=3), kind))
        assert job_now(job.number) == job
        assert store.rows("job_events_after", job=job.number, after=0, most=10) == []


@pytest.mark.req("CORE-1")
def test_a_job_that_somebody_else_moved_is_not_moved_again(store: Store, put_job: Put, job_now: JobNow) -> None:
    for state, kind, after in every_move():
        if after is state:
            continue  # a postponed job may be postponed again
        job = put_job(state=state, lock_mode="none")
        store.write(lambda tx, job=job, kind=kind: move(tx, job, kind))
        with pytest.raises(Overtaken):
            store.write(lambda tx, job=job, kind=kind: move(tx, job, kind))
        assert job_now(job.number).state is after


def test_a_move_that_the_table_does_not_have_changes_nothing(store: Store, put_job: Put, job_now: JobNow) -> None:
    for state in State:
        job = put_job(state=state, lock_mode="none")
        for kind in set(Kind) - set(LIFE.get(state, {})):
            with pytest.raises(Conflict):
                store.write(lambda tx, job=job, kind=kind: move(tx, job, kind))
        assert job_now(job.number) == job


def test_an_ended_job_has_its_time_and_no_worker(desk: Desk, store: Store, put_job: Put, job_now: JobNow) -> None:
    for kind, after in LIFE[State.RUNNING].items():
        job = put_job(state=State.RUNNING, worker="w1", lease_until=1, epoch=1, begun=1, lock_mode="none")
        store.write(lambda tx, job=job, kind=kind: move(tx, job, kind))
        ended = job_now(job.number)
        assert (ended.ended_at is not None) == (after in FINAL)
        assert (ended.worker is None) == (after is not State.STOPPING)
        assert not (after in FINAL and ended.begun)
