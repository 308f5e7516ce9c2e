"""Claiming: one of many gets a job, and only the one who holds it may begin a step or write about it."""

from collections.abc import Callable

import pytest

from domain.errors import Overtaken, Stopped
from domain.event import Kind
from domain.job import Job, State
from domain.operation import Operation
from domain.text import Text
from intake.approve import resolve
from intake.change import cancel
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claimed, Claims
from runner.hold import Hold
from runner.moves import move
from runner.worker import Pace, Worker
from tests.contract.store.wires import Wire, go_on, held
from tests.stage import LI, OPERATOR, HandClock, desk_on, wish

MakeClaims = Callable[..., Claims]
JobNow = Callable[[int], Job]
AtOnce = Callable[[list[Callable[[], object]]], list[object]]


@pytest.mark.req("CORE-1", "CORE-11")
def test_of_two_claimers_one_gets_each_job(desk: Desk, twin_desk: Desk, claims: MakeClaims, at_once: AtOnce) -> None:
    numbers = [submit(desk, LI, wish("free")).number for _ in range(12)]
    makers = [claims("w1"), claims("w2", on=twin_desk)]
    taken: list[Claimed] = []
    for _ in range(6):
        for answer in at_once([lambda c=c: c.due(2) for c in makers]):
            assert isinstance(answer, list)
            taken += answer
    assert sorted(c.job.number for c in taken) == numbers


@pytest.mark.req("CORE-4")
def test_a_planned_job_is_not_claimed_before_its_time(desk: Desk, clock: HandClock, claims: MakeClaims) -> None:
    number = submit(desk, LI, wish(planned_at="2026-11-23T04:10:00+00:00")).number
    clock.move(minutes=9, seconds=59.999999)
    assert claims("w1").due(5) == []
    clock.move(seconds=0.000001)
    assert [c.job.number for c in claims("w1").due(5)] == [number]


@pytest.fixture
def hold(desk: Desk, claims: MakeClaims) -> Hold:
    """A job of two destructive steps, claimed by w1 for 15 seconds."""
    submit(desk, LI, wish(params={"steps": 2}))
    return Hold(desk.store, claims("w1").due(1)[0], "w1")


@pytest.mark.req("CORE-1")
def test_a_step_is_begun_in_the_store_before_it_is_sent(hold: Hold, job_now: JobNow) -> None:
    hold.begin(0, 1)
    job = job_now(hold.job.number)
    assert (job.begun, job.step, job.state) == (True, 0, State.RUNNING)


@pytest.mark.req("CORE-3")
def test_a_step_does_not_begin_after_the_lease_has_run_out(hold: Hold, clock: HandClock, job_now: JobNow) -> None:
    clock.move(seconds=15)
    with pytest.raises(Overtaken):
        hold.begin(0, 1)
    assert (job_now(hold.job.number).begun, hold.lost.is_set()) == (False, True)


@pytest.mark.req("CORE-3")
def test_a_worker_whose_job_was_claimed_again_writes_nothing(
    desk: Desk, hold: Hold, clock: HandClock, claims: MakeClaims, job_now: JobNow
) -> None:
    job = job_now(hold.job.number)
    desk.store.write(lambda tx: move(tx, job, Kind.RELEASED))
    (again,) = claims("w2").due(1)
    before = job_now(hold.job.number)
    hold.say("stdout", "a late line")
    attempts: list[Callable[[], None]] = [
        lambda: hold.begin(0, 1),
        lambda: hold.record(1),
        lambda: hold.end(Kind.SUCCEEDED, Text("成", "done")),
        lambda: hold.release(Text("还", "back")),
        lambda: hold.resume(step=1),
    ]
    for attempt in attempts:
        with pytest.raises(Overtaken):
            attempt()
    assert job_now(hold.job.number) == before
    assert (again.job.epoch, before.worker) == (2, "w2")
    told = desk.store.rows("job_events_after", job=hold.job.number, after=0, most=100)
    assert "a late line" not in "".join(e["body"] for e in told)


@pytest.mark.req("CORE-6")
def test_a_step_does_not_begin_once_a_cancel_was_asked(desk: Desk, hold: Hold, job_now: JobNow) -> None:
    cancel(desk, OPERATOR, hold.job.number, {"reason": "wrong server"})
    with pytest.raises(Stopped):
        hold.begin(0, 1)
    job = job_now(hold.job.number)
    assert (job.state, job.begun, job.stop_asked_by) == (State.STOPPING, False, "operator")


@pytest.mark.req("CORE-1", "CORE-11")
def test_a_doubtful_job_is_looked_at_by_one_worker(
    desk: Desk, twin_desk: Desk, hold: Hold, claims: MakeClaims, job_now: JobNow, at_once: AtOnce
) -> None:
    hold.begin(0, 1)
    job = job_now(hold.job.number)
    desk.store.write(lambda tx: move(tx, job, Kind.LOST))
    makers = [claims("w2"), claims("w3", on=twin_desk)]
    answers = at_once([lambda c=c: c.doubtful(4) for c in makers])
    assert sorted(len(a) for a in answers if isinstance(a, list)) == [0, 1]
    assert job_now(hold.job.number).epoch == 2


def without(name: str, desk: Desk) -> Desk:
    """The same store after an upgrade that took this operation away."""
    kept: tuple[type[Operation], ...] = tuple(o for o in desk.catalog if o.name != name)
    return desk_on(desk.store, operations=kept)


@pytest.mark.req("CORE-1")
def test_a_doubtful_job_whose_operation_is_gone_goes_to_a_person_and_keeps_nobody_from_work(
    desk: Desk, hold: Hold, claims: MakeClaims, job_now: JobNow
) -> None:
    hold.begin(0, 1)
    job = job_now(hold.job.number)
    desk.store.write(lambda tx: move(tx, job, Kind.LOST))
    assert claims("w2", on=without("work", desk)).doubtful(4) == []
    assert job_now(job.number).state is State.NEEDS_ATTENTION


def test_a_waiting_job_whose_operation_is_gone_is_refused_with_the_reason(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = submit(desk, LI, wish("free")).number
    other = submit(desk, LI, wish("work")).number
    assert [c.job.number for c in claims("w1", on=without("free", desk)).due(4)] == [other]
    job = job_now(number)
    assert job.state is State.REFUSED
    assert job.outcome is not None
    assert "'free'" in job.outcome["text"]["en"]


@pytest.mark.req("CORE-4")
def test_a_late_start_that_an_operator_allowed_does_start(
    desk: Desk, clock: HandClock, claims: MakeClaims, job_now: JobNow
) -> None:
    number = submit(desk, LI, wish("ask-late")).number
    clock.move(minutes=30)
    assert claims("w1").due(1) == []
    assert job_now(number).state is State.NEEDS_ATTENTION
    resolve(desk, OPERATOR, number, {"word": "run-again", "opinion": "nobody is working there"})
    assert [c.job.number for c in claims("w1").due(1)] == [number]


@pytest.mark.req("CORE-4")
def test_a_late_start_is_missed_once_and_told(
    desk: Desk, clock: HandClock, claims: MakeClaims, job_now: JobNow
) -> None:
    number = submit(desk, LI, wish("skip-late")).number
    clock.move(minutes=5, seconds=1)
    assert claims("w1").due(1) == []
    assert claims("w1").due(1) == []
    assert job_now(number).state is State.MISSED
    kinds = [e["kind"] for e in desk.store.rows("job_events_after", job=number, after=0, most=10)]
    assert kinds == ["asked", "missed", "alarm"]


@pytest.mark.req("CORE-4")
def test_what_becomes_due_right_after_a_look_is_looked_for_at_once(
    desk: Desk, clock: HandClock, claims: MakeClaims
) -> None:
    worker = Worker("w1", desk.store, claims("w1"), None, desk.bell, None, Pace())
    submit(desk, LI, wish(planned_at="2026-11-23T04:00:01+00:00"))
    worker._claim()
    assert (worker.holds(), worker._until_next()) == ([], Pace().look_s)
    clock.move(seconds=0.9)
    assert worker._until_next() == pytest.approx(0.1)
    clock.move(seconds=0.2)
    assert worker._until_next() == 0
    worker._claim()
    assert worker.holds() == [1]


@pytest.mark.req("CORE-4")
def test_what_another_worker_has_in_hand_is_not_looked_for_again_and_again(
    desk: Desk, clock: HandClock, claims: MakeClaims, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker("w1", desk.store, claims("w1"), None, desk.bell, None, Pace())
    submit(desk, LI, wish())
    monkeypatch.setattr("runner.claims._uncontended", lambda tx, rows: [])
    found = claims("w1").next(4)
    worker._looked_at = clock.now()
    assert (found.claimed, found.crowded, worker._until_next()) == ([], True, Pace().look_s)


@pytest.mark.req("CORE-3", "INT-8")
def test_a_worker_that_slept_past_its_lease_hands_back_between_two_steps(
    desk: Desk, hold: Hold, clock: HandClock, claims: MakeClaims
) -> None:
    worker = Worker("w1", desk.store, claims("w1"), None, desk.bell, None, Pace())
    worker._holds[hold.job.number] = hold
    clock.move(seconds=10)
    worker._beat()
    assert not hold.asked_to_release.is_set()
    clock.move(seconds=16)
    worker._beat()
    assert hold.asked_to_release.is_set()
    assert not hold.lost.is_set()


@pytest.mark.req("CORE-3", "INT-8")
def test_a_lapsed_lease_that_is_renewed_just_before_a_step_begins_sends_nothing(
    desk: Desk, clock: HandClock, claims: MakeClaims, job_now: JobNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = held(desk, claims, steps=2)
    worker, begin = Worker("w1", desk.store, claims("w1"), None, desk.bell, None, Pace()), hold.begin
    worker._holds[hold.job.number] = hold

    def sleep_and_begin(index: int, run: int) -> None:
        clock.move(seconds=16)
        worker._beat()
        begin(index, run)

    monkeypatch.setattr(hold, "begin", sleep_and_begin)
    wire = Wire()
    go_on(desk, hold, wire)
    job = job_now(hold.job.number)
    assert (wire.sent, job.state, job.begun, job.started_at) == ([], State.WAITING, False, None)
