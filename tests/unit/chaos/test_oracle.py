"""Every count that must be 0 can be something else: a history with one thing wrong is found, by its name and alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.event import Event, Kind
from lab.erp import lab_hash
from tests.chaos.history import DataCenters, History, Told
from tests.chaos.oracle import MUST_BE_0, verdict
from tests.chaos.reconcile import times_s
from tests.chaos.wishes import Asked, Wish

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def moment(s: float) -> datetime:
    return NOON + timedelta(seconds=s)


def event(s: float, kind: Kind, **facts: Any) -> Event:
    return Event(kind=kind, at=moment(s), job=1, facts=facts)


def effect(n: int, s: float, host: str, job: int = 1) -> dict[str, Any]:
    return {"n": n, "at": moment(s).isoformat(), "host": host.upper(), "kind": "iisreset", "job": job}


def told(number: int, s: float, **other: Any) -> Told:
    """A job that was claimed at `s` and succeeded ten seconds later."""
    moves = (
        event(s - 1, Kind.ASKED, state="waiting"),
        event(s, Kind.CLAIMED, worker="host-7-x", **{"from": "waiting", "to": "running"}),
        event(s + 10, Kind.SUCCEEDED, **{"from": "running", "to": "succeeded"}),
    )
    usual = {"key": f"wish{number}", "place": "acme/prod", "state": "succeeded", "planned_at": moment(s)}
    usual["operation"] = "iis-restart"
    things = [{"name": "app1", "state": "done"}, {"name": "app2", "state": "done"}]
    return Told(
        **{
            **usual,
            "number": number,
            "hosts": ("app1", "app2"),
            "outcome": {"things": things},
            "events": moves,
            **other,
        }
    )


def asked(n: int, **other: Any) -> Asked:
    wish = Wish(
        key=f"wish{n}", place="acme/prod", operation="iis-restart", params={}, at_s=0, ahead_s=None, cancel_s=None
    )
    return Asked(wish, **{"number": n, **other})


def script() -> Told:
    moves = (*told(3, 0).events[:2], event(9, Kind.FAILED, **{"from": "running", "to": "failed"}))
    about: dict[str, Any] = {"operation": "sql-update", "place": BOOKS, "hosts": (), "state": "failed", "outcome": {}}
    return told(3, 0, events=moves, **about)


def reset() -> Told:
    asked_, claimed, ended = told(4, 0).events
    moves = (asked_, claimed, event(3, Kind.STEP_BEGUN), ended)
    return told(4, 0, operation="reset-password", place=BOOKS, hosts=(), outcome={}, events=moves)


BOOKS = "acme/prod/books"
DATA = DataCenters(
    states={BOOKS: ("ONLINE", "MULTI_USER")},
    rows={BOOKS: (("wish3", 1),)},
    colours={3: {1: "green", 2: "red", 3: "grey"}},
    kept={BOOKS: (lab_hash("second", "salt"), "salt")},
    delivered={4: ("first", "second")},
)


def good() -> History:
    """Two restarts, one after the other, on one environment; the second needed an operator, and had evidence.

    And a script whose second batch is red: its first is there, its third was not run; and a reset that was begun twice.
    """
    effects = (effect(1, 2, "app1"), effect(2, 5, "app2"), effect(3, 22, "app1", 2), effect(4, 25, "app2", 2))
    return History(
        jobs={1: told(1, 0), 2: told(2, 20), 3: script(), 4: reset()},
        asked=(asked(1), asked(2), asked(3), asked(4)),
        effects=effects,
        audit_ok=True,
        evidence=({"number": 2, "evidence": {"phase": "begun"}},),
        data=DATA,
    )


def with_job(run: History, number: int, **changes: Any) -> History:
    return replace(run, jobs={**run.jobs, number: replace(run.jobs[number], **changes)})


def with_effects(run: History, *more: dict[str, Any]) -> History:
    return replace(run, effects=(*run.effects, *more))


GOOD = good()
CANCELLED = (*GOOD.jobs[2].events[:2], event(30, Kind.CANCELLED, **{"from": "running", "to": "cancelled"}))
WRONG: dict[str, History] = {
    "doubles": with_effects(GOOD, effect(5, 26, "app2", 2)),
    "lost": with_job(GOOD, 2, state="running", events=GOOD.jobs[2].events[:2]),
    "succeeded without effect": with_job(replace(GOOD, effects=GOOD.effects[:3]), 2, outcome={}),
    "unanswered": replace(GOOD, asked=(*GOOD.asked, asked(5, number=None))),
    "accepted twice": with_job(GOOD, 2, key="wish1"),
    "effects before planned": with_job(GOOD, 2, planned_at=moment(23)),
    "effects after the end": replace(GOOD, effects=(*GOOD.effects[:3], effect(4, 31, "app2", 2))),
    "effects after cancelled": replace(
        with_job(GOOD, 2, state="cancelled", events=CANCELLED),
        asked=(asked(1), asked(2, cancel_answer="cancelled", cancelled_at=moment(24))),
    ),
    "locks overlapping": replace(
        GOOD, effects=(effect(1, 2, "app1"), effect(2, 22, "app1", 2), effect(3, 5, "app2"), effect(4, 25, "app2", 2))
    ),
    "needs-attention without evidence": replace(GOOD, evidence=({"number": 2, "evidence": {}},)),
    "untrue outcomes": with_job(GOOD, 2, outcome={"things": [{"name": "app1", "state": "untouched"}]}),
    "unlawful moves": with_job(GOOD, 2, events=(GOOD.jobs[2].events[0], GOOD.jobs[2].events[2])),
    "audit broken": replace(GOOD, audit_ok=False),
    "data centers left unusable": replace(
        GOOD, data=replace(DATA, states={BOOKS: ("RESTORING", "MULTI_USER")}, rows={})
    ),
    "left behind untold": replace(GOOD, data=replace(DATA, strays=("job3.ff-restore",))),
    "script batches run twice": replace(GOOD, data=replace(DATA, rows={BOOKS: (("wish3", 1), ("wish3", 1))})),
    "script batches shown untruly": replace(GOOD, data=replace(DATA, rows={BOOKS: (("wish3", 1), ("wish3", 3))})),
    "scripts succeeded without effect": with_job(
        replace(GOOD, data=replace(DATA, colours={3: {1: "green", 2: "unknown"}})),
        3,
        state="succeeded",
        events=(*told(3, 0).events[:2], event(9, Kind.SUCCEEDED, **{"from": "running", "to": "succeeded"})),
    ),
    "passwords that nobody has": replace(GOOD, data=replace(DATA, delivered={4: ("second", "first")})),
}


def test_nothing_is_found_in_a_run_in_which_all_went_well() -> None:
    assert not any(verdict(GOOD).values())


@pytest.mark.parametrize("name", MUST_BE_0)
def test_one_thing_that_is_wrong_is_found_under_its_name_alone(name: str) -> None:
    found = {rule for rule, numbers in verdict(WRONG[name]).items() if numbers}
    assert found == {name}


def test_a_refused_wish_that_was_stored_all_the_same_is_found() -> None:
    run = replace(GOOD, asked=(asked(1), asked(2, number=None, refused=True)))
    assert verdict(run)["accepted twice"] == [2]


def test_the_time_to_reconcile_runs_from_the_kill_to_the_next_workers_claim() -> None:
    again = event(5, Kind.CLAIMED, worker="host-8-x", **{"from": "waiting", "to": "running"})
    released = event(4, Kind.RELEASED, **{"from": "running", "to": "waiting"})
    first, second, last = told(1, 0).events
    jobs = [told(1, 0, events=(first, second, released, again, last)), told(2, 20)]
    assert times_s(jobs, [(7, moment(1.5)), (9, moment(1.5))]) == [3.5]
