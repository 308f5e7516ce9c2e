"""Quotas and idempotency keys are exact, however many ask at the same time from however many processes."""

from collections.abc import Callable

import pytest

from domain.decision import Refused
from domain.errors import Mistake
from domain.job import State
from intake.change import cancel
from intake.desk import Desk
from intake.read import Filter, events_of, search
from intake.submit import MAX_BULK_KEY, MOST_IN_BULK, Answer, submit, submit_many
from runner.claims import Claims
from tests.stage import CHEN, DAILY, LI, HandClock, wish

AtOnce = Callable[[list[Callable[[], object]]], list[object]]


@pytest.mark.req("INT-9")
def test_thirty_two_submits_at_once_get_exactly_the_quota(desk: Desk, twin_desk: Desk, at_once: AtOnce) -> None:
    answers = at_once([lambda d=d: submit(d, LI, wish("counted")) for d in (desk, twin_desk) * 16])
    accepted = [a for a in answers if isinstance(a, Answer)]
    refused = [a for a in answers if isinstance(a, Refused)]
    assert (len(accepted), len(refused)) == (DAILY, 32 - DAILY), answers
    assert len(desk.store.rows("events_between", after=0, last=2**62, most=100)) == 3 + DAILY


@pytest.mark.req("INT-9", "INT-11")
def test_a_refusal_says_what_is_used_and_when_it_is_counted_anew(desk: Desk) -> None:
    for _ in range(DAILY):
        submit(desk, LI, wish("counted"))
    with pytest.raises(Refused) as refused:
        submit(desk, LI, wish("counted"))
    (reason,) = refused.value.decision.against
    assert (reason.policy, reason.values["used"], reason.values["limit"]) == ("quotas", DAILY, DAILY)
    assert reason.until is not None
    assert reason.until.isoformat() == "2026-11-23T16:00:00+00:00"  # midnight in Shanghai


@pytest.mark.req("INT-9")
def test_another_tenant_has_a_quota_of_its_own_and_a_new_day_a_new_one(desk: Desk, clock: HandClock) -> None:
    for _ in range(DAILY):
        submit(desk, LI, wish("counted"))
    assert submit(desk, CHEN, wish("counted", "beta/prod")).state is State.WAITING
    clock.move(hours=12)  # past midnight in Shanghai
    assert submit(desk, LI, wish("counted")).state is State.WAITING


@pytest.mark.req("INT-9")
def test_a_cancel_before_the_start_gives_the_count_back_and_only_once(desk: Desk) -> None:
    later = "2026-11-23T05:00:00+00:00"
    numbers = [submit(desk, LI, wish("counted", planned_at=later)).number for _ in range(DAILY)]
    cancel(desk, LI, numbers[0], {"reason": "not needed"})
    assert submit(desk, LI, wish("counted", planned_at=later)).state is State.WAITING
    with pytest.raises(Refused):
        submit(desk, LI, wish("counted", planned_at=later))


@pytest.mark.req("INT-9")
def test_a_missed_start_gives_the_count_back(desk: Desk, clock: HandClock, claims: Callable[..., Claims]) -> None:
    for _ in range(DAILY):
        submit(desk, LI, wish("counted"))
    clock.move(hours=1, seconds=1)
    assert claims("w1").due(DAILY) == []
    row = desk.store.row("quota_used", key="acme|counted|day|2026-11-23")
    assert row is not None
    assert row["used"] == 0


@pytest.mark.req("INT-9")
def test_what_has_started_stays_counted(desk: Desk, claims: Callable[..., Claims]) -> None:
    for _ in range(DAILY):
        submit(desk, LI, wish("counted"))
    assert len(claims("w1").due(DAILY)) == DAILY
    with pytest.raises(Refused):
        submit(desk, LI, wish("counted"))


def test_in_bulk_each_gets_its_own_answer_and_refusals_take_nothing(desk: Desk) -> None:
    bodies = [wish("counted"), wish("no-such"), wish("counted"), wish("counted"), wish("counted"), wish("free")]
    answers = submit_many(desk, LI, bodies)
    kinds = [type(a) for a in answers]
    assert kinds == [Answer, Mistake, Answer, Answer, Refused, Answer]


@pytest.mark.req("CORE-1")
def test_a_bulk_repeated_at_once_from_two_processes_creates_nothing_twice(
    desk: Desk, twin_desk: Desk, at_once: AtOnce
) -> None:
    bodies = [wish("free", description=str(n)) for n in range(5)]
    rounds = at_once([lambda d=d: submit_many(d, LI, bodies, key="b1") for d in (desk, twin_desk) * 4])
    assert all(isinstance(r, list) and len(r) == 5 for r in rounds), rounds
    assert [a.replayed for r in rounds for a in r].count(False) == 5
    numbers = [a.number for a in rounds[0]]
    assert [[a.number for a in r] for r in rounds] == [numbers] * 8
    due = desk.store.rows("due_jobs", now=desk.store.clock.now(), most=99)
    assert [row["number"] for row in due] == numbers


@pytest.mark.req("CORE-1", "INT-9")
def test_in_a_repeated_bulk_only_what_contradicts_or_was_refused_is_judged_anew(desk: Desk) -> None:
    bodies = [wish("counted"), wish("no-such"), wish("counted"), wish("counted"), wish("counted")]
    first = submit_many(desk, LI, bodies, key="b1")
    again = submit_many(desk, LI, [wish("free"), wish("free"), *bodies[2:], wish("free")], key="b1")
    assert [type(a) for a in first] == [Answer, Mistake, Answer, Answer, Refused]
    assert [type(a) for a in again] == [Mistake, Answer, Answer, Answer, Refused, Answer]
    assert again[0].faults[0].code == "reused"
    assert [a.replayed for a in again if isinstance(a, Answer)] == [False, True, True, False]
    assert [a.number for a in again[2:4]] == [first[2].number, first[3].number]


def test_a_bulk_without_a_key_is_new_each_time_and_a_key_has_its_length(desk: Desk) -> None:
    once = [a.number for _ in range(2) for a in submit_many(desk, LI, [wish("free")])]
    assert once == [1, 2]
    longest = submit_many(desk, LI, [wish("free")] * MOST_IN_BULK, key="k" * MAX_BULK_KEY)
    assert sum(isinstance(a, Answer) for a in longest) == MOST_IN_BULK
    for wrong in ("", "k" * (MAX_BULK_KEY + 1)):
        with pytest.raises(Mistake):
            submit_many(desk, LI, [wish("free")], key=wrong)


@pytest.mark.req("CORE-1")
def test_the_same_key_asked_at_once_makes_one_job_and_one_answer(desk: Desk, twin_desk: Desk, at_once: AtOnce) -> None:
    body = wish("free", description="once")
    answers = at_once([lambda d=d: submit(d, LI, body, key="k1") for d in (desk, twin_desk) * 8])
    assert all(isinstance(a, Answer) for a in answers), answers
    assert [a.replayed for a in answers].count(False) == 1
    # Whoever loses the race rolls back, and takes the number it was given along: numbers are unique, not gapless.
    (number,) = {a.number for a in answers}
    everything = search(desk, LI, Filter())
    assert [item.request.number for item in everything] == [number]
    assert [e.job for e in events_of(desk, LI, number)] == [number]


@pytest.mark.req("CORE-1")
def test_the_same_key_with_another_body_is_refused_and_other_peoples_keys_are_theirs(desk: Desk) -> None:
    first = submit(desk, LI, wish("free"), key="k1")
    with pytest.raises(Mistake) as mistake:
        submit(desk, LI, wish("work"), key="k1")
    assert mistake.value.faults[0].code == "reused"
    assert submit(desk, CHEN, wish("free", "beta/prod"), key="k1").number != first.number


def test_a_refused_submit_leaves_no_trace_and_its_key_free(desk: Desk) -> None:
    before = desk.store.rows("events_between", after=0, last=2**62, most=100)
    with pytest.raises(Mistake):
        submit(desk, LI, wish("no-such"), key="k1")
    assert desk.store.rows("events_between", after=0, last=2**62, most=100) == before
    assert submit(desk, LI, wish("free"), key="k1").number == 1
