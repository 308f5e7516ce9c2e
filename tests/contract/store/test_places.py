"""One destructive job at a time on a place: exclusive and shared, above and below, fair, and never shut for nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.event import Kind
from domain.job import Job, State
from domain.text import Text
from intake.approve import resolve
from intake.change import cancel
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claimed, Claims
from runner.hold import Hold
from runner.moves import move
from runner.sweeper import Retention, Sweeper
from tests.stage import LI, NOON, OPERATOR, HandClock, wish

pytestmark = pytest.mark.req("CORE-5")
MakeClaims = Callable[..., Claims]
JobNow = Callable[[int], Job]


class Crew:
    """Submits, claims and ends jobs, and says who runs and who waits for whom."""

    def __init__(self, desk: Desk, claims: MakeClaims, job_now: JobNow) -> None:
        self.desk = desk
        self._claims = claims("w1", lease_s=3600)
        self._job_now = job_now
        self._held: dict[int, Claimed] = {}

    def ask(self, operation: str, place: str, **more: Any) -> int:
        return submit(self.desk, LI, wish(operation, place, **more)).number

    def claim(self, free: int = 50) -> list[int]:
        taken = self._claims.due(free)
        self._held |= {c.job.number: c for c in taken}
        return [c.job.number for c in taken]

    def end(self, number: int) -> None:
        Hold(self.desk.store, self._held[number], "w1").end(Kind.SUCCEEDED, Text("成", "done"))

    def waits_for(self, number: int) -> int | None:
        return self._job_now(number).blocked_by

    def state(self, number: int) -> State:
        return self._job_now(number).state


@pytest.fixture
def crew(desk: Desk, claims: MakeClaims, job_now: JobNow) -> Crew:
    return Crew(desk, claims, job_now)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (("work", "acme/prod"), ("work", "acme/prod"), False),
        (("work", "acme/prod"), ("read", "acme/prod"), False),
        (("read", "acme/prod"), ("work", "acme/prod"), False),
        (("read", "acme/prod"), ("read", "acme/prod"), True),
        (("work", "acme/prod"), ("work", "acme/test"), True),
        (("work", "acme/prod"), ("data-work", "acme/prod/one"), False),
        (("data-work", "acme/prod/one"), ("work", "acme/prod"), False),
        (("data-work", "acme/prod/one"), ("data-work", "acme/prod/two"), True),
        (("data-work", "acme/prod/one"), ("data-read", "acme/prod/one"), False),
        (("read", "acme/prod"), ("data-read", "acme/prod/one"), True),
        (("read", "acme/prod"), ("data-work", "acme/prod/one"), False),
        (("data-work", "acme/test/one"), ("work", "acme/prod"), True),
        (("free", "acme/prod"), ("work", "acme/prod"), True),
        (("work", "acme/prod"), ("free", "acme/prod"), True),
    ],
)
def test_who_runs_together(crew: Crew, first: tuple[str, str], second: tuple[str, str], together: bool) -> None:
    a, b = crew.ask(*first), crew.ask(*second)
    assert crew.claim() == ([a, b] if together else [a])
    assert crew.waits_for(b) == (None if together else a)


def test_the_wait_is_told_with_the_job_that_is_waited_for(crew: Crew) -> None:
    a, b = crew.ask("work", "acme/prod"), crew.ask("work", "acme/prod")
    crew.claim()
    (told,) = [e for e in crew.desk.store.rows("job_events_after", job=b, after=0, most=9) if e["kind"] == "blocked"]
    assert f"waiting for job {a} on this place" in told["body"]


def test_the_next_in_line_runs_as_soon_as_the_place_is_free(crew: Crew) -> None:
    numbers = [crew.ask("work", "acme/prod") for _ in range(4)]
    order = []
    for _ in numbers:
        (running,) = crew.claim()
        assert crew.claim() == []
        order.append(running)
        crew.end(running)
    assert order == numbers


def test_readers_do_not_starve_a_writer_that_came_before_them(crew: Crew) -> None:
    reader = crew.ask("read", "acme/prod")
    assert crew.claim() == [reader]
    writer, late_reader = crew.ask("work", "acme/prod"), crew.ask("read", "acme/prod")
    assert crew.claim() == []
    assert (crew.waits_for(writer), crew.waits_for(late_reader)) == (reader, writer)
    crew.end(reader)
    assert crew.claim() == [writer]


def test_a_job_planned_for_later_keeps_nobody_waiting(crew: Crew, clock: HandClock) -> None:
    later = crew.ask("work", "acme/prod", planned_at=(NOON + timedelta(hours=1)).isoformat())
    now = crew.ask("work", "acme/prod")
    assert crew.claim() == [now]
    crew.end(now)
    clock.move(hours=1)
    assert crew.claim() == [later]


def test_a_job_that_needs_attention_keeps_its_place_shut(crew: Crew) -> None:
    a = crew.ask("work", "acme/prod")
    crew.claim()
    hold = Hold(crew.desk.store, crew._held[a], "w1")
    hold.end(Kind.UNDECIDED, Text("不明", "nobody knows"))
    b = crew.ask("work", "acme/prod")
    assert crew.claim() == []
    assert crew.waits_for(b) == a
    resolve(crew.desk, OPERATOR, a, {"word": "failed", "opinion": "the server is being replaced"})
    assert crew.claim() == [b]


def test_a_cancelled_job_lets_those_behind_it_go_on(crew: Crew, clock: HandClock) -> None:
    running = crew.ask("read", "acme/prod")
    crew.claim()
    writer = crew.ask("work", "acme/prod", planned_at=(NOON + timedelta(seconds=1)).isoformat())
    reader = crew.ask("read", "acme/prod", planned_at=(NOON + timedelta(seconds=2)).isoformat())
    clock.move(seconds=3)
    assert crew.claim() == []
    assert (crew.waits_for(writer), crew.waits_for(reader)) == (running, writer)
    job = crew._job_now(writer)
    crew.desk.store.write(lambda tx: move(tx, job, Kind.CANCELLED))
    assert crew.claim() == [reader]


def test_a_wait_for_a_job_that_is_gone_is_healed_by_the_sweeper(crew: Crew, put_job: Callable[..., Job]) -> None:
    for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED):
        gone = put_job(state=state)
        orphan = put_job(place="beta/prod", tenant="beta", blocked_by=gone.number)
        half_done = put_job(state=State.NEEDS_ATTENTION, place="acme/test", started_at=1)
        still = put_job(place="acme/test", blocked_by=half_done.number)
        Sweeper(crew.desk.store, crew.desk.catalog, Retention()).sweep()
        assert crew.waits_for(orphan.number) is None
        assert crew.waits_for(still.number) is not None


def test_a_half_done_job_is_first_in_line_again(crew: Crew) -> None:
    a, b = crew.ask("work", "acme/prod"), crew.ask("work", "acme/prod")
    crew.claim()
    Hold(crew.desk.store, crew._held[a], "w1").release(Text("交还", "handed back"))
    assert crew.claim(1) == [a]
    assert crew.waits_for(b) in (a, None)
    assert crew.claim() == []


@pytest.mark.req("CORE-11")
def test_two_workers_never_hold_one_place(
    desk: Desk, twin_desk: Desk, claims: MakeClaims, at_once: Callable[..., list[Any]]
) -> None:
    crews = [claims("w1"), claims("w2", on=twin_desk)]
    for place in ("acme/prod", "acme/prod/one", "acme/test") * 4:
        submit(desk, LI, wish("data-work" if place.endswith("one") else "work", place))
    ran: list[int] = []
    for _ in range(20):
        answers = at_once([lambda c=c: c.due(1) for c in crews])
        taken = [c for answer in answers for c in answer]
        assert len({c.job.place.removesuffix("/one") for c in taken}) == len(taken), taken
        for one in taken:
            worker = one.job.worker
            Hold(desk.store, one, worker).end(Kind.SUCCEEDED, Text("成", "done"))
            ran.append(one.job.number)
        if len(ran) == 12:
            break
    assert sorted(ran) == list(range(1, 13))


def test_a_cancel_of_one_that_waits_in_line_is_told_and_final(crew: Crew) -> None:
    crew.ask("work", "acme/prod")
    crew.claim()
    b = crew.ask("work", "acme/prod", planned_at=(NOON + timedelta(minutes=5)).isoformat())
    cancel(crew.desk, LI, b, {"reason": "another day"})
    assert crew.state(b) is State.CANCELLED
