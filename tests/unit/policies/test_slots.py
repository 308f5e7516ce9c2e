from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Moment, Used, Verdict
from domain.places import Standing
from domain.rulebook import ClosedWindow, Freeze, Planning
from domain.text import Text
from policies import decide, slots
from policies.slots import first_slot, next_slots

pytestmark = pytest.mark.req("CORE-7", "INT-8")
STEP, DAY = timedelta(minutes=15), timedelta(days=1)


def walls(found, zone="Asia/Shanghai"):
    return [f"{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for at in found]


def test_slots_skip_what_is_closed_and_what_would_run_into_it(situation, wall):
    found = next_slots(situation(at=wall("2026-11-23 23:31")), 3)
    assert walls(found) == ["11-23 23:45", "11-24 03:30", "11-24 03:45"]


def test_obstacles_that_hand_over_to_each_other_are_asked_again(situation, wall):
    freeze = Freeze(starts=wall("2026-11-24 03:00"), ends=wall("2026-11-25 01:00"), reason=Text("封网", "freeze"))
    rules = {"freezes": (freeze,), "planning": Planning(lead=timedelta(hours=15))}
    asked = situation(at=situation().now, rules=rules)  # the lead ends at 01:00, then window, freeze, window
    assert walls([first_slot(asked)]) == ["11-25 03:30"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tenant": {"standing": Standing.TRIAL}}, "standing"),
        ({"traits": {"needs": frozenset({"single-tenant"})}}, "entitlements"),
        ({"quotas": (Used(key="d", used=1, limit=1, resets_at=datetime(2026, 11, 23, 16, tzinfo=UTC)),)}, "quotas"),
        ({"estimate": timedelta(days=2)}, "windows"),
    ],
)
def test_where_planning_later_is_no_cure_there_are_no_slots(situation, changes, why):
    assert why in {r.policy for r in decide(situation(**changes)).against}
    assert next_slots(situation(**changes), 5) == ()
    assert first_slot(situation(**changes)) is None


def test_slots_end_with_the_range_and_with_the_horizon(situation):
    asked = situation()
    assert next_slots(asked, 1000)[-1] <= asked.now + asked.rules.planning.range
    assert next_slots(asked, 1000, horizon=timedelta(hours=1))[-1] == asked.at + timedelta(hours=1)


def test_the_number_of_questions_is_limited(situation, monkeypatch):
    monkeypatch.setattr(slots, "MAX_QUESTIONS", 7)
    assert len(next_slots(situation(), 1000)) == 7


@pytest.mark.parametrize("count", [0, -1])
def test_none_are_found_where_none_are_wanted(situation, count):
    assert next_slots(situation(), count) == ()


@pytest.mark.parametrize("moment", [Moment.START, Moment.CANCEL])
def test_slots_are_for_plans_only(situation, moment):
    with pytest.raises(ValueError, match="plans"):
        next_slots(situation(moment=moment), 1)


@pytest.mark.parametrize("step", [timedelta(0), -STEP, timedelta(hours=7), timedelta(days=2)])
def test_a_step_must_divide_the_day(situation, step):
    with pytest.raises(ValueError, match="divide the day"):
        next_slots(situation(), 1, step=step)


@pytest.mark.parametrize(
    ("now", "slots"),
    [
        ("00:10", ["10-04 01:00", "10-04 03:00", "10-04 04:00"]),
        ("01:10", ["10-04 03:00", "10-04 04:00", "10-04 05:00"]),
    ],
)
def test_hours_stay_whole_where_the_clock_moves_by_half_an_hour(situation, wall, now, slots):
    zone = "Australia/Lord_Howe"  # 2026-10-04: 02:00 becomes 02:30
    at = wall(f"2026-10-04 {now}", zone)
    asked = situation(now=at, at=at, tenant={"zone": ZoneInfo(zone)}, rules={"closed_windows": ()})
    found = next_slots(asked, 3, step=timedelta(hours=1))
    assert walls(found, zone) == slots


HOURS = st.integers(0, 23).map(time)
WINDOWS = st.lists(st.builds(ClosedWindow, starts=HOURS, ends=HOURS), max_size=2).map(tuple)
STARTS = st.sampled_from(
    [
        ("Asia/Shanghai", datetime(2026, 11, 23, 2, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 3, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 2, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 8, tzinfo=UTC)),
    ]
)


@settings(max_examples=60)
@given(
    start=STARTS,
    windows=WINDOWS,
    minutes=st.integers(0, 600),
    lead=st.integers(0, 600),
    freeze=st.tuples(st.integers(0, 1500), st.integers(1, 600)),
    count=st.integers(1, 20),
)
def test_slots_are_exactly_the_whole_steps_that_are_allowed(situation, start, windows, minutes, lead, freeze, count):
    zone, now = ZoneInfo(start[0]), start[1]
    frozen = now + timedelta(minutes=freeze[0])
    rules = {
        "closed_windows": windows,
        "planning": Planning(lead=timedelta(minutes=lead)),
        "freezes": (Freeze(starts=frozen, ends=frozen + timedelta(minutes=freeze[1]), reason=Text("封网", "freeze")),),
    }
    asked = situation(now=now, at=now, estimate=timedelta(minutes=minutes), rules=rules, tenant={"zone": zone})
    found = next_slots(asked, count, horizon=DAY)
    steps = [now + n * STEP for n in range(DAY // STEP + 1)]  # offsets are whole quarters of an hour, and so is now
    allowed = [at for at in steps if decide(replace(asked, at=at)).verdict is Verdict.ALLOW]
    assert list(found) == allowed[:count]
