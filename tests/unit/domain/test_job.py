"""The life of a job is one table: every pair of state and move is either in it or refused."""

import itertools
from dataclasses import replace

import pytest

from domain.errors import Conflict
from domain.event import Kind
from domain.job import (
    FINAL,
    HOLDING,
    LABELS,
    LIFE,
    NOT_STARTED,
    REQUEST_LABELS,
    Job,
    RequestState,
    State,
    request_state,
)
from tests.stage import NOON

JOB = Job(
    number=7,
    version=1,
    state=State.WAITING,
    operation="work",
    tenant="acme",
    place="acme/prod",
    planned_at=NOON,
    due_at=NOON,
    latest_start=NOON,
)


@pytest.mark.req("CORE-6")
def test_every_pair_of_state_and_move_is_in_the_table_or_refused() -> None:
    for state, kind in itertools.product(State, Kind):
        job = replace(JOB, state=state)
        after = LIFE.get(state, {}).get(kind)
        if after is None:
            with pytest.raises(Conflict) as refused:
                job.after(kind)
            assert (refused.value.facts["state"], refused.value.facts["move"]) == (state.value, kind.value)
            assert LABELS[state].zh in refused.value.text.zh
        else:
            assert job.after(kind) == replace(job, state=after)


def test_final_states_have_no_move_and_every_other_state_leads_to_one() -> None:
    assert {s for s in State if not LIFE.get(s)} == FINAL
    for start in State:
        seen, todo = {start}, [start]
        while todo:
            news = set(LIFE.get(todo.pop(), {}).values()) - seen
            seen |= news
            todo += news
        assert seen & FINAL, f"{start} never ends"


def test_every_state_can_be_reached_from_a_new_request() -> None:
    reached = {State.PENDING, State.WAITING}
    for _ in State:
        reached |= {after for s in reached for after in LIFE.get(s, {}).values()}
    assert reached == set(State)


@pytest.mark.req("CORE-2")
def test_doubt_never_leads_back_to_work_without_a_look_or_a_person() -> None:
    assert {k for k, after in LIFE[State.IN_DOUBT].items() if after is State.RUNNING} == {Kind.RESUMED}
    assert {k for k, after in LIFE[State.NEEDS_ATTENTION].items() if after is State.WAITING} == {
        Kind.RUN_AGAIN,
        Kind.RESUMED,
    }
    assert Kind.CLAIMED not in LIFE[State.IN_DOUBT]
    assert State.IN_DOUBT not in FINAL
    assert {State.IN_DOUBT, State.NEEDS_ATTENTION} <= HOLDING


def test_what_gives_a_quota_back_is_an_end() -> None:
    assert NOT_STARTED < FINAL
    assert not NOT_STARTED & HOLDING


@pytest.mark.req("INT-1")
@pytest.mark.parametrize(
    ("state", "seen"),
    [
        (State.PENDING, "待处理"),
        (State.WITHDRAWN, "已取消"),
        (State.REJECTED, "已驳回"),
        (State.WAITING, "已处理"),
        (State.RUNNING, "已处理"),
        (State.STOPPING, "已处理"),
        (State.IN_DOUBT, "已处理"),
        (State.NEEDS_ATTENTION, "已处理"),
        (State.SUCCEEDED, "已处理"),
        (State.FAILED, "已处理"),
        (State.REFUSED, "已处理"),
        (State.MISSED, "已处理"),
        (State.CANCELLED, "已处理"),
    ],
)
def test_a_requester_sees_the_requests_state(state: State, seen: str) -> None:
    assert REQUEST_LABELS[request_state(state, rated=False)].zh == seen


@pytest.mark.req("INT-4")
def test_rating_completes_a_request() -> None:
    assert all(request_state(s, rated=True) is RequestState.COMPLETED for s in FINAL)


def test_every_state_has_a_label_in_both_languages() -> None:
    assert LABELS.keys() == set(State)
    assert REQUEST_LABELS.keys() == set(RequestState)
    assert all(t.zh and t.en for t in (*LABELS.values(), *REQUEST_LABELS.values()))
