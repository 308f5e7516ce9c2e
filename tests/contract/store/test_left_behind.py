"""What a job has left on a target is taken away again, also where its worker died while it was being stopped."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.command import Pause
from domain.job import Job, State
from domain.operation import Step
from domain.text import Text
from intake.change import cancel
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claims
from runner.engine import Engine
from runner.hold import Hold
from runner.leavings import leavings
from runner.patience import Patience
from tests.contract.store.wires import Wire, go_on, held, lost
from tests.stage import LI, OPERATOR, HandClock, wish

MakeClaims = Callable[..., Claims]
JobNow = Callable[[int], Job]


@pytest.mark.req("CORE-6", "INT-7")
def test_a_cancel_whose_worker_died_is_finished_by_another_one(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = held(desk, claims, steps=3, destructive=False, undoes=True).job.number
    assert cancel(desk, OPERATOR, number, {"reason": "wrong place"}) is State.STOPPING
    lost(desk, clock)
    assert job_now(number).state is State.IN_DOUBT, "nobody may say that it is stopped yet"
    (claimed,) = claims("w2").doubtful(1)
    wire = Wire()
    go_on(desk, claimed, wire)
    assert wire.sent == ["undo-s2", "undo-s1", "undo-s0"], "how far the dead worker came is not known"
    assert job_now(number).state is State.CANCELLED


@pytest.mark.req("CORE-6")
def test_a_cancel_whose_worker_died_is_over_where_nothing_can_be_left_behind(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = held(desk, claims, steps=3, destructive=False).job.number
    cancel(desk, OPERATOR, number, {"reason": "wrong place"})
    lost(desk, clock)
    assert job_now(number).state is State.CANCELLED


@pytest.mark.req("CORE-6")
def test_a_second_attempt_that_fails_takes_away_what_the_first_one_left_further_on(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = held(desk, claims, steps=3, destructive=False, undoes=True).job.number
    lost(desk, clock)
    assert job_now(number).state is State.WAITING
    (claimed,) = claims("w2").due(1)
    wire = Wire("s0")
    go_on(desk, claimed, wire)
    assert job_now(number).state is State.FAILED
    assert wire.sent == ["undo-s2", "undo-s1", "undo-s0"]


@pytest.mark.req("CORE-6")
def test_a_first_attempt_that_fails_takes_away_what_it_has_reached_itself(
    desk: Desk, claims: MakeClaims, job_now: JobNow
) -> None:
    submit(desk, LI, wish(params={"steps": 3, "destructive": False, "undoes": True}))
    (claimed,) = claims("w1").due(1)
    wire = Wire("s1")
    engine = Engine({"winrm": wire}, lambda _event, _s: None, lambda: 0.0, Patience())
    engine.run(Hold(desk.store, claimed, "w1"))
    assert job_now(claimed.job.number).state is State.FAILED
    assert wire.sent == ["s0", "undo-s1", "undo-s0"]


@pytest.mark.req("CORE-6", "INT-7")
def test_what_cannot_be_taken_away_is_not_called_cancelled(
    desk: Desk, claims: MakeClaims, clock: HandClock, job_now: JobNow
) -> None:
    number = held(desk, claims, steps=3, destructive=False, undoes=True).job.number
    cancel(desk, OPERATOR, number, {"reason": "wrong place"})
    lost(desk, clock)
    (claimed,) = claims("w2").doubtful(1)
    wire = Wire("undo-s1")
    go_on(desk, claimed, wire)
    job = job_now(number)
    assert (job.state, wire.sent) == (State.NEEDS_ATTENTION, ["undo-s2"]), "what came before waits for a person's word"
    assert job.outcome is not None
    assert (job.outcome["evidence"]["undo"], "no way" in job.outcome["text"]["en"]) == ("s1", True)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8), st.data())
def test_nothing_is_undone_beyond_a_step_that_changes_something_and_was_not_reached(
    shapes: list[tuple[bool, bool]], data: st.DataObject
) -> None:
    plan = [_step(n, destructive=d, undoes=u) for n, (d, u) in enumerate(shapes)]
    at = data.draw(st.integers(0, len(plan)))
    first = [s.key for s in leavings(plan, at, again=False)]
    later = [s.key for s in leavings(plan, at, again=True)]
    reached = [s.key for s in plan[: at + 1] if s.undo]
    assert first == reached[::-1]
    assert later[::-1][: len(reached)] == reached
    beyond = later[::-1][len(reached) :]
    wall = next((n for n in range(at, len(plan)) if plan[n].destructive), len(plan))
    assert beyond == [s.key for s in plan[at + 1 : wall] if s.undo]


def _step(number: int, *, destructive: bool, undoes: bool) -> Step:
    pause = Pause()
    return Step(
        key=f"s{number}",
        title=Text("步", "step"),
        do=pause,
        look=pause if destructive else None,
        undo=pause if undoes else None,
        timeout_s=timedelta(seconds=1).total_seconds(),
        destructive=destructive,
    )
