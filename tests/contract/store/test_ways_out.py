"""No job stays where nobody can move it, and none keeps others from theirs."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Conflict, Overtaken, Stopped
from domain.event import Kind
from domain.job import Job, State
from domain.places import Estate
from domain.text import Text
from intake.approve import accept, resolve
from intake.change import cancel, edit, rate
from intake.desk import Desk
from intake.read import show
from intake.submit import submit
from intake.view import of_item
from runner.claims import Claims
from runner.hold import Hold
from runner.sweeper import Retention, Sweeper
from tests.stage import LI, NOON, OPERATIONS, OPERATOR, HandClock, Work, desk_on, wish

MakeClaims = Callable[..., Claims]
JobNow = Callable[[int], Job]
WORDS = {"opinion": "the server was replaced"}


def without_place(desk: Desk) -> Desk:
    """The same store after acme was taken out of the estate file."""
    left = Estate(tenants=tuple(t for t in desk.decider.estate.tenants if t.name != "acme"))
    return replace(desk, decider=replace(desk.decider, estate=left))


def without_operation(desk: Desk) -> Desk:
    return desk_on(desk.store, operations=tuple(o for o in desk.catalog if o.name != "work"))


def held(desk: Desk, claims: MakeClaims, **params: Any) -> Hold:
    submit(desk, LI, wish(params=params))
    return Hold(desk.store, claims("w1").due(1)[0], "w1")


@pytest.mark.req("CORE-1", "CORE-5")
@pytest.mark.parametrize("gone", [without_place, without_operation])
def test_a_doubt_about_what_the_estate_or_the_catalog_has_lost_can_still_be_decided(
    desk: Desk, claims: MakeClaims, job_now: JobNow, gone: Callable[[Desk], Desk]
) -> None:
    hold = held(desk, claims)
    number = hold.job.number
    hold.begin(0, 1)
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    later = gone(desk)
    assert resolve(later, OPERATOR, number, {"word": "failed", **WORDS}) is State.FAILED
    rate(later, LI, number, {"level": 1})
    assert job_now(number).rating == 1


def test_a_request_whose_operation_is_gone_is_still_shown(desk: Desk) -> None:
    number = submit(desk, LI, wish()).number
    seen = of_item(show(desk, LI, number), without_operation(desk).catalog)
    assert seen["operation"]["name"] == "work"
    assert seen["execution"]["label"]["en"] == "waiting"


class Careless(Work):
    """An operation with a bug: it cannot say how long it takes."""

    name = "careless"

    def estimate(self, place: object) -> timedelta:
        raise ZeroDivisionError


@pytest.mark.req("CORE-7")
def test_a_job_that_cannot_be_decided_is_refused_and_keeps_nobody_from_starting(
    desk: Desk, claims: MakeClaims, job_now: JobNow, put_job: Callable[..., Job]
) -> None:
    bad = put_job(operation="careless", due_at=1)
    good = submit(desk, LI, wish("free")).number
    taught = desk_on(desk.store, operations=(*OPERATIONS, Careless))
    assert [c.job.number for c in claims("w1", on=taught).due(4)] == [good]
    assert job_now(bad.number).state is State.REFUSED


@pytest.mark.req("CORE-12")
def test_a_plan_that_a_newer_version_stored_goes_to_a_person_and_keeps_nobody_from_starting(
    desk: Desk, claims: MakeClaims, job_now: JobNow, put_job: Callable[..., Job]
) -> None:
    hold = held(desk, claims)
    (step,) = (s.as_data() for s in hold.plan)
    plan = json.dumps([{**step, "something_new": 1}])
    theirs = put_job(state=State.IN_DOUBT, begun=1, epoch=1, started_at=1, place="acme/test", plan=plan)
    good = submit(desk, LI, wish("free")).number
    assert [c.job.number for c in claims("w2").next(4).claimed] == [good]
    assert job_now(theirs.number).state is State.NEEDS_ATTENTION


@pytest.mark.req("CORE-5")
def test_two_never_wait_for_each_other_after_one_was_moved_to_another_time(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    def ask(operation: str, seconds: int) -> int:
        return submit(desk, LI, wish(operation, planned_at=(NOON + timedelta(seconds=seconds)).isoformat())).number

    running, ahead, behind = ask("read", 0), ask("work", 60), ask("read", 120)
    (claimed,) = claims("w1", lease_s=3600).due(4)
    clock.move(seconds=130)
    assert claims("w2").due(4) == []
    assert (job_now(ahead).blocked_by, job_now(behind).blocked_by) == (running, ahead)
    edit(desk, OPERATOR, ahead, job_now(ahead).rev, {"planned_at": (NOON + timedelta(seconds=140)).isoformat()})
    clock.move(seconds=20)  # an outage: no sweeper came by
    Hold(desk.store, claimed, "w1").end(Kind.SUCCEEDED, Text("成", "done"))
    assert claims("w2").due(4) == []
    Sweeper(desk.store, desk.catalog, Retention()).sweep()
    assert [c.job.number for c in claims("w2").due(4)] == [behind]


@pytest.mark.req("CORE-6")
def test_a_job_handed_back_before_it_changed_anything_is_planned_anew(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=2, destructive=False)
    hold.step = 1
    hold.release(Text("交还", "handed back"))
    job = job_now(hold.job.number)
    assert (job.started_at, job.step) == (None, 0)
    row = desk.store.row("job", number=job.number)
    assert row is not None
    assert row["plan"] is None  # the estate may be another one when it starts


@pytest.mark.req("CORE-6", "INT-7")
def test_a_job_that_is_being_stopped_is_not_handed_back(desk: Desk, claims: MakeClaims, job_now: JobNow) -> None:
    hold = held(desk, claims, steps=2)
    assert cancel(desk, OPERATOR, hold.job.number, {"reason": "wrong place"}) is State.STOPPING
    with pytest.raises(Stopped):
        hold.release(Text("交还", "handed back"))
    assert job_now(hold.job.number).state is State.STOPPING


@pytest.mark.req("CORE-6")
def test_an_operators_word_to_run_again_outlives_an_older_cancel(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    hold = held(desk, claims)
    number = hold.job.number
    hold.begin(0, 1)
    cancel(desk, OPERATOR, number, {"reason": "wrong time"})
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    resolve(desk, OPERATOR, number, {"word": "run-again", **WORDS})
    (again,) = claims("w2").due(1)
    assert not Hold(desk.store, again, "w2").asked_to_stop.is_set()


@pytest.mark.req("CORE-1")
def test_a_destructive_step_that_never_began_cannot_be_called_done(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=2)
    number = hold.job.number
    hold.begin(0, 1)
    hold.record(1)
    hold.end(Kind.UNDECIDED, Text("策略", "a policy refused the rest"))
    with pytest.raises(Conflict) as told:
        resolve(desk, OPERATOR, number, {"word": "done", **WORDS})
    assert "run-again" in told.value.text.en
    assert resolve(desk, OPERATOR, number, {"word": "run-again", **WORDS}) is State.WAITING
    assert job_now(number).step == 1


def test_a_cancel_of_what_needs_attention_says_who_decides(desk: Desk, claims: MakeClaims) -> None:
    hold = held(desk, claims)
    hold.begin(0, 1)
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    with pytest.raises(Conflict) as told:
        cancel(desk, OPERATOR, hold.job.number, {"reason": "enough"})
    assert "resolve" in told.value.text.en


@pytest.mark.req("CORE-6")
def test_remarks_that_are_on_their_way_when_a_job_ends_are_written_with_its_end(desk: Desk, claims: MakeClaims) -> None:
    class Slow:
        """A store whose first writer takes its time."""

        clock, reached, go_on = desk.store.clock, threading.Event(), threading.Event()

        def write(self, body: Any) -> Any:
            if not self.reached.is_set():
                self.reached.set()
                assert self.go_on.wait(20)
            return desk.store.write(body)

    submit(desk, LI, wish())
    slow: Any = Slow()
    hold = Hold(slow, claims("w1").due(1)[0], "w1")
    hold.say("stdout", "the last line")
    refused: list[Overtaken] = []

    def flush() -> None:
        try:
            hold.flush()
        except Overtaken as late:
            refused.append(late)

    flushing = threading.Thread(target=flush)
    flushing.start()
    assert slow.reached.wait(20)
    hold.end(Kind.SUCCEEDED, Text("成", "done"))
    slow.go_on.set()
    flushing.join(20)
    assert refused
    told = desk.store.rows("job_events_after", job=hold.job.number, after=0, most=20)
    assert [e["kind"] for e in told][-2:] == ["output", "succeeded"]


@pytest.mark.req("CORE-3")
def test_a_worker_of_before_a_store_was_replaced_moves_no_job_of_the_same_number_and_epoch(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    submit(desk, LI, wish())
    (claimed,) = claims("w2").due(1)
    theirs = replace(claimed, job=replace(claimed.job, worker="w1"))
    with pytest.raises(Overtaken):
        Hold(desk.store, theirs, "w1").end(Kind.FAILED, Text("败", "it failed where I came from"))
    assert job_now(claimed.job.number).state is State.RUNNING


@pytest.mark.req("INT-1", "INT-8")
def test_what_was_accepted_and_then_edited_by_the_requester_is_pending_again(desk: Desk, job_now: JobNow) -> None:
    at = [(NOON + timedelta(hours=h)).isoformat() for h in (1, 2, 3)]
    number = submit(desk, LI, wish("pending", planned_at=at[0])).number
    assert accept(desk, OPERATOR, number, {}) is State.WAITING
    edit(desk, LI, number, job_now(number).rev, {"planned_at": at[1]})
    assert job_now(number).state is State.PENDING
    assert accept(desk, OPERATOR, number, {}) is State.WAITING
    edit(desk, OPERATOR, number, job_now(number).rev, {"planned_at": at[2]})
    assert (job_now(number).state, job_now(number).planned_at) == (State.WAITING, NOON + timedelta(hours=3))
    told = [e["kind"] for e in desk.store.rows("job_events_after", job=number, after=0, most=20)]
    assert told == ["asked", "accepted", "edited", "reopened", "accepted", "edited"]
