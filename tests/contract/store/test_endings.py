"""However a job ends: what it has left is taken away before, and what is done and proven is never taken back."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from domain.command import Call, Command, PowerShell, Reading
from domain.errors import Conflict, Unreachable
from domain.event import Kind
from domain.job import Job, State
from domain.operation import Step
from domain.text import Text
from intake.approve import resolve
from intake.change import cancel, edit
from intake.desk import Desk
from intake.read import events_of
from intake.submit import submit
from runner.hold import Hold
from runner.store.store import Store
from runner.sweeper import MAX_TRIES, Retention, Sweeper
from tests.contract.store.wires import Killed, MakeClaims, Wire, go_on, held, lost
from tests.stage import LI, OPERATIONS, OPERATOR, HandClock, Work, desk_on, wish

JobNow = Callable[[int], Job]
CANCEL = {"reason": "wrong place"}
FAILED = {"word": "failed", "opinion": "nothing can be done"}


@pytest.fixture
def happened(desk: Desk) -> Callable[[int, Kind], list[dict[str, Any]]]:
    """The facts of a job's events of one kind."""

    def find(number: int, kind: Kind) -> list[dict[str, Any]]:
        return [dict(e.facts) for e in events_of(desk, OPERATOR, number) if e.kind is kind]

    return find


def handed_back(desk: Desk, claims: MakeClaims, step: int = 1, **params: Any) -> int:
    """A job that its worker gives back before `step`."""
    hold = held(desk, claims, **params)
    hold.step = step
    hold.release(Text("交还", "handed back"))
    return hold.job.number


@pytest.mark.req("CORE-6")
def test_a_job_that_is_missed_after_it_was_handed_back_leaves_nothing_behind(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = handed_back(desk, claims, steps=3, harmless=2, undoes=True)
    assert (job_now(number).state, job_now(number).started_at) == (State.WAITING, None), "it can still be missed"
    clock.move(hours=30)
    Sweeper(desk.store, desk.catalog, Retention()).sweep()
    assert (job_now(number).state, job_now(number).ending) == (State.IN_DOUBT, Kind.MISSED)
    (claimed,) = claims("w2").doubtful(1)
    wire = Wire()
    go_on(desk, claimed, wire)
    assert wire.sent == ["undo-s1", "undo-s0"]
    assert (job_now(number).state, "not started" in str(job_now(number).outcome)) == (State.MISSED, True)


@pytest.mark.req("CORE-6", "INT-7")
def test_a_cancel_after_a_job_was_handed_back_leaves_nothing_behind(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = handed_back(desk, claims, steps=3, harmless=2, undoes=True)
    assert cancel(desk, OPERATOR, number, CANCEL) is State.IN_DOUBT
    wire = Wire()
    go_on(desk, claims("w2").doubtful(1)[0], wire)
    assert (wire.sent, job_now(number).state) == (["undo-s1", "undo-s0"], State.CANCELLED)


@pytest.mark.req("CORE-6")
def test_a_job_that_left_something_goes_on_with_the_same_plan_and_cannot_be_edited(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = handed_back(desk, claims, steps=3, harmless=2, undoes=True)
    with pytest.raises(Conflict):
        edit(desk, OPERATOR, number, job_now(number).rev, {"params": {"steps": 2}})
    wire = Wire()
    go_on(desk, claims("w2").due(1)[0], wire)
    assert (wire.sent, job_now(number).state) == (["s1", "s2"], State.SUCCEEDED)


@pytest.mark.req("CORE-6", "INT-7")
def test_a_half_done_job_that_waits_is_stopped_by_whoever_claims_it(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = handed_back(desk, claims, steps=3, undoes=True)
    assert job_now(number).started_at is not None
    assert cancel(desk, OPERATOR, number, CANCEL) is State.WAITING
    with pytest.raises(Conflict):
        cancel(desk, OPERATOR, number, CANCEL)
    wire = Wire()
    go_on(desk, claims("w2").due(1)[0], wire)
    assert (wire.sent, job_now(number).state) == (["undo-s1", "undo-s0"], State.CANCELLED)


@pytest.mark.req("CORE-6", "CORE-1")
def test_what_an_operator_finds_failed_is_cleaned_up_and_then_failed(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = undecided(desk, claims)
    assert resolve(desk, OPERATOR, number, FAILED) is State.IN_DOUBT
    wire = Wire()
    go_on(desk, claims("w2").doubtful(1)[0], wire)
    assert (wire.sent, job_now(number).state) == (["undo-s1", "undo-s0"], State.FAILED)


@pytest.mark.req("CORE-6", "CORE-1")
def test_what_cannot_be_cleaned_up_is_failed_once_the_operator_has_said_so_again(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = undecided(desk, claims)
    for sent, state in (([], State.NEEDS_ATTENTION), (["undo-s0"], State.FAILED)):
        resolve(desk, OPERATOR, number, FAILED)
        wire = Wire("undo-s1")
        go_on(desk, claims("w2").doubtful(1)[0], wire)
        assert (wire.sent, job_now(number).state) == (sent, state)


@pytest.mark.req("CORE-6", "CORE-1")
@pytest.mark.parametrize("word", ["done", "run-again"])
def test_nobody_goes_on_with_a_job_of_which_something_was_taken_away(
    word: str, desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    number = undecided(desk, claims)
    resolve(desk, OPERATOR, number, FAILED)
    go_on(desk, claims("w2").doubtful(1)[0], Wire("undo-s0"))
    with pytest.raises(Conflict, match="cannot go on"):
        resolve(desk, OPERATOR, number, {"word": word, "opinion": "it looks well"})
    assert job_now(number).state is State.NEEDS_ATTENTION


@pytest.mark.req("CORE-6")
def test_a_failed_job_whose_target_cannot_be_brought_back_is_not_over(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = held(desk, claims, steps=3, destructive=False, undoes=True).job.number
    lost(desk, clock)
    wire = Wire("s1", "undo-s1")
    go_on(desk, claims("w2").due(1)[0], wire)
    job = job_now(number)
    assert (job.state, wire.sent) == (State.NEEDS_ATTENTION, ["s0", "undo-s2"])
    assert "no way; but what step 'Step 1' left could not be taken away" in str(job.outcome)


@pytest.mark.req("CORE-6")
@pytest.mark.parametrize("stopped", [False, True])
def test_what_is_proven_is_not_taken_back_because_it_could_not_be_tidied_up(
    stopped: bool, desk: Desk, claims: MakeClaims, job_now: JobNow, happened: Callable[..., Any]
) -> None:
    hold = held(desk, claims, steps=3, tidies=2, undoes=True)
    number = hold.job.number
    hold.step = 1
    if stopped:
        assert cancel(desk, OPERATOR, number, CANCEL) is State.STOPPING
        hold.stop()
    wire = Wire("s1")
    go_on(desk, hold, wire)
    assert (wire.sent, job_now(number).state) == (["s2"], State.SUCCEEDED)
    (alarm,) = happened(number, Kind.ALARM)
    assert (alarm["step"], alarm["why"]) == ("s1", "untidy")


@pytest.mark.req("CORE-6")
def test_a_worker_that_comes_after_the_proof_only_tidies_up(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=3, harmless=2, tidies=1, undoes=True)
    wire = Wire()
    with pytest.raises(Killed):
        go_on(desk, hold, Wire(dies_at="s2"))
    lost(desk, clock)
    go_on(desk, claims("w2").due(1)[0], wire)
    assert (wire.sent, job_now(hold.job.number).state) == (["s2"], State.SUCCEEDED)


@pytest.mark.req("CORE-6")
def test_whoever_comes_after_a_worker_that_died_while_it_cleaned_up_goes_on_with_that(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=4, harmless=1, tidies=1, undoes=True)
    hold.record(2)
    with pytest.raises(Killed):
        go_on(desk, hold, Wire("s2", dies_at="undo-s0"))
    lost(desk, clock)
    assert claims("w2").due(1) == [], "what was taken away is needed to go on"
    wire = Wire()
    go_on(desk, claims("w2").doubtful(1)[0], wire)
    assert (wire.sent, job_now(hold.job.number).state) == (["undo-s2", "undo-s1", "undo-s0"], State.FAILED)


@pytest.mark.req("CORE-6", "INT-7")
@pytest.mark.parametrize("leaves", [False, True], ids=["its worker dies", "its worker leaves"])
def test_a_stop_after_the_proof_comes_too_late_though_another_worker_has_to_tidy_up(
    leaves: bool, desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=2, tidies=1, undoes=True)
    hold.record(1)
    assert cancel(desk, OPERATOR, hold.job.number, CANCEL) is State.STOPPING
    wire = Wire()
    if leaves:
        hold.stop()
        hold.asked_to_release.set()
        go_on(desk, hold, wire)
    else:
        lost(desk, clock)
    assert (job_now(hold.job.number).state, wire.sent) == (State.WAITING, [])
    go_on(desk, claims("w2").due(1)[0], wire)
    assert (wire.sent, job_now(hold.job.number).state) == (["s1"], State.SUCCEEDED)


@pytest.mark.req("CORE-1", "INT-7")
def test_an_operators_word_that_a_step_is_done_outlives_an_older_cancel(desk: Desk, claims: MakeClaims) -> None:
    number = undecided(desk, claims, stopped=True)
    resolve(desk, OPERATOR, number, {"word": "done", "opinion": "I have seen it"})
    (again,) = claims("w2").due(1)
    assert not Hold(desk.store, again, "w2").asked_to_stop.is_set()


class Renames(Work):
    """Its steps give the place another name."""

    name: ClassVar[str] = "renames"

    def made_by(self, step: Step) -> tuple[Mapping[str, Any], ...]:
        return ({"kind": "name", "title": "two", "database": "B", "was_title": "one", "was_database": "A"},)


@pytest.mark.req("DC-5", "CORE-1")
def test_a_rename_that_an_operator_calls_done_is_on_record(
    store: Store, claims: MakeClaims, happened: Callable[..., Any]
) -> None:
    taught = desk_on(store, operations=(*OPERATIONS, Renames))
    number = submit(taught, LI, wish("renames")).number
    hold = Hold(store, claims("w1", on=taught).due(1)[0], "w1")
    hold.begin(0, 1)
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    resolve(taught, OPERATOR, number, {"word": "done", "opinion": "it bears the new name"})
    assert [f["database"] for f in happened(number, Kind.RENAMED)] == ["B"]


@pytest.mark.req("CORE-6")
def test_an_earlier_workers_session_is_waited_for_and_no_reason_to_fail(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    hold = held(desk, claims, steps=2, harmless=1)
    wire = Busy({"s0": 6, "s1": 6})
    go_on(desk, hold, wire)
    assert (wire.sent, job_now(hold.job.number).state) == (["s0", "s1"], State.SUCCEEDED)


@pytest.mark.req("CORE-6")
def test_an_earlier_workers_session_that_never_ends_is_told(desk: Desk, claims: MakeClaims, job_now: JobNow) -> None:
    hold = held(desk, claims, steps=1)
    go_on(desk, hold, Busy({"s0": 10_000}))
    job = job_now(hold.job.number)
    assert (job.state, "still works there" in str(job.outcome)) == (State.FAILED, True)


class Busy(Wire):
    """Another session holds the job's lock for so many questions."""

    def __init__(self, times: dict[str, int]) -> None:
        super().__init__()
        self._times = times

    def run(self, command: Command, call: Call) -> Reading:
        assert isinstance(command, PowerShell)
        left = self._times.get(command.script, 0)
        if left:
            self._times[command.script] = left - 1
            raise Unreachable(Text("占用", "another session of this job still works there"), held=True, started=False)
        return super().run(command, call)


def undecided(desk: Desk, claims: MakeClaims, *, stopped: bool = False) -> int:
    """A job of which nobody can tell whether its second step took effect."""
    hold = held(desk, claims, steps=3, undoes=True)
    hold.begin(1, 1)
    if stopped:
        cancel(desk, OPERATOR, hold.job.number, CANCEL)
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    return hold.job.number


@pytest.mark.req("CORE-1", "CORE-6")
def test_a_clean_up_that_was_given_up_leaves_failed_as_the_only_word(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = undecided(desk, claims)
    resolve(desk, OPERATOR, number, FAILED)
    for _ in range(MAX_TRIES + 1):
        claims("w2").doubtful(1)
        lost(desk, clock)
    assert job_now(number).state is State.NEEDS_ATTENTION
    with pytest.raises(Conflict):
        resolve(desk, OPERATOR, number, {"word": "done", "opinion": "I have seen it"})
    assert resolve(desk, OPERATOR, number, FAILED) is State.IN_DOUBT
