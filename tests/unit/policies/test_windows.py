from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Moment, Verdict
from domain.rulebook import ClosedWindow
from policies.windows import outside_windows

pytestmark = pytest.mark.req("INT-8", "CARD-4")
ALLOW, WAIT, REFUSE = Verdict.ALLOW, Verdict.WAIT, Verdict.REFUSE


def windows(*spans):
    """`windows("00:00-03:30")`."""
    ends = (s.split("-") for s in spans)
    return {
        "closed_windows": tuple(ClosedWindow(starts=time.fromisoformat(a), ends=time.fromisoformat(b)) for a, b in ends)
    }


@pytest.mark.parametrize("moment", [Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL, Moment.START])
@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ("2026-11-23 23:59:59.999999", ALLOW),
        ("2026-11-24 00:00", WAIT),
        ("2026-11-24 01:45", WAIT),
        ("2026-11-24 03:29:59.999999", WAIT),
        ("2026-11-24 03:30", ALLOW),
    ],
)
def test_the_window_is_half_open_in_the_tenants_zone(situation, wall, moment, at, verdict):
    reason = outside_windows(situation(moment=moment, at=wall(at), estimate=timedelta(0)))
    assert reason.verdict is verdict
    assert reason.until == (wall("2026-11-24 03:30") if verdict is WAIT else None)


@pytest.mark.parametrize(
    ("spans", "at", "until"),
    [
        (["22:00-02:00"], "21:59:59.999999", None),
        (["22:00-02:00"], "22:00", "2026-11-25 02:00"),
        (["22:00-02:00"], "23:59:59.999999", "2026-11-25 02:00"),
        (["22:00-02:00"], "00:00", "2026-11-24 02:00"),
        (["22:00-02:00"], "01:59:59.999999", "2026-11-24 02:00"),
        (["22:00-02:00"], "02:00", None),
        (["00:00-03:30", "03:30-04:00"], "00:10", "2026-11-24 04:00"),  # touching
        (["00:00-03:30", "03:00-05:00"], "00:10", "2026-11-24 05:00"),  # overlapping
        (["00:00-03:30", "01:00-02:00"], "01:10", "2026-11-24 03:30"),  # one inside the other
        (["22:00-00:00", "00:00-03:30"], "22:10", "2026-11-25 03:30"),
        ([], "00:10", None),
    ],
)
def test_windows_may_cross_midnight_touch_and_overlap(situation, wall, spans, at, until):
    asked = situation(at=wall(f"2026-11-24 {at}"), estimate=timedelta(0), rules=windows(*spans))
    reason = outside_windows(asked)
    assert reason.until == (wall(until) if until else None)
    assert reason.verdict is (WAIT if until else ALLOW)


@pytest.mark.parametrize(
    ("minutes", "overrun", "verdict"),
    [
        (timedelta(minutes=30), "refuse", ALLOW),
        (timedelta(minutes=30, microseconds=1), "refuse", WAIT),
        (timedelta(minutes=30), "warn", ALLOW),
        (timedelta(minutes=30, microseconds=1), "warn", ALLOW),
        (timedelta(days=365), "warn", ALLOW),
    ],
)
def test_work_must_end_before_the_next_window_or_warns(situation, wall, minutes, overrun, verdict):
    at = wall("2026-11-23 23:30")
    reason = outside_windows(situation(at=at, estimate=minutes, traits={"overrun": overrun}))
    assert reason.verdict is verdict
    assert reason.until == (wall("2026-11-24 03:30") if verdict is WAIT else None)
    assert reason.values.get("warning", False) is (overrun == "warn" and minutes > timedelta(minutes=30))


def test_until_is_where_the_work_fits_not_merely_where_it_opens(situation, wall):
    rules = windows("00:00-03:30", "04:00-05:00")
    asked = {"at": wall("2026-11-24 01:00"), "estimate": timedelta(hours=1), "rules": rules}
    assert outside_windows(situation(**asked)).until == wall("2026-11-24 05:00")
    assert outside_windows(situation(**asked, traits={"overrun": "warn"})).until == wall("2026-11-24 03:30")


@pytest.mark.parametrize(
    ("spans", "estimate"),
    [
        (["00:00-12:00", "12:00-00:00"], timedelta(0)),
        (["06:00-18:00", "18:00-06:00"], timedelta(minutes=10)),
        (["00:00-03:30"], timedelta(hours=20, minutes=30, microseconds=1)),
        (["00:00-03:30"], timedelta(days=10_000)),
    ],
)
def test_what_never_fits_is_refused_and_does_not_loop(situation, wall, spans, estimate):
    reason = outside_windows(situation(at=wall("2026-11-24 12:00"), estimate=estimate, rules=windows(*spans)))
    assert (reason.verdict, reason.until) == (REFUSE, None)
    assert "每天的开放时间都不足以完成此操作" in reason.text.zh


def test_work_that_just_fills_the_open_time_waits_for_its_beginning(situation, wall):
    asked = situation(at=wall("2026-11-24 12:00"), estimate=timedelta(hours=20, minutes=30))
    assert outside_windows(asked).until == wall("2026-11-25 03:30")


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("spans", "at", "until"),
    [
        # 2026-03-08: 02:00 becomes 03:00 (07:00 UTC).
        (["00:00-02:30"], ("2026-03-08 01:59", NEW_YORK), ("2026-03-08 03:00", NEW_YORK)),
        (["00:00-03:30"], ("2026-03-08 01:59", NEW_YORK), ("2026-03-08 03:30", NEW_YORK)),
        (["02:00-02:30"], ("2026-03-08 01:59:59", NEW_YORK), None),
        (["02:00-02:30"], ("2026-03-08 03:00", NEW_YORK), None),
        # 2026-11-01: 02:00 becomes 01:00 (06:00 UTC), so 01:00-02:00 is shown twice.
        (["00:00-01:45"], ("2026-11-01 01:30", NEW_YORK), ("2026-11-01 01:45", NEW_YORK)),
        (["00:00-01:45"], ("2026-11-01 01:30", NEW_YORK, 1), ("2026-11-01 01:45", NEW_YORK, 1)),
        (["01:30-02:00"], ("2026-11-01 01:45", NEW_YORK), ("2026-11-01 01:00", NEW_YORK, 1)),
        (["00:00-03:30"], ("2026-11-01 01:30", NEW_YORK), ("2026-11-01 03:30", NEW_YORK)),
    ],
)
def test_the_wall_clock_counts_also_where_it_is_put_on_or_back(situation, wall, spans, at, until):
    tenant = {"zone": ZoneInfo(NEW_YORK)}
    reason = outside_windows(situation(tenant=tenant, at=wall(*at), estimate=timedelta(0), rules=windows(*spans)))
    assert reason.until == (wall(*until) if until else None)


def test_a_clock_put_back_over_midnight_shows_the_evening_before_again(situation, wall):
    zone = "America/St_Johns"  # 2010-11-07: 00:01 becomes 23:01 of the day before
    asked = {"at": wall("2010-11-07 00:00:30", zone), "tenant": {"zone": ZoneInfo(zone)}}
    reason = outside_windows(situation(**asked, estimate=timedelta(minutes=40), rules=windows("23:30-23:45")))
    assert reason.until == wall("2010-11-06 23:45", zone, 1)


def test_the_texts_name_window_time_and_zone(situation, wall):
    reason = outside_windows(situation(at=wall("2026-11-24 00:10")))
    for text in (reason.text.zh, reason.text.en):
        assert "00:00–03:30" in text
        assert "2026-11-24 03:30 (Asia/Shanghai)" in text
    overrun = outside_windows(situation(at=wall("2026-11-23 23:55")))
    assert "预计需要 10 分钟" in overrun.text.zh
    assert "2026-11-24 00:00 (Asia/Shanghai)" in overrun.text.en


def test_work_that_interrupts_nobody_may_run_at_any_time(situation, wall):
    asked = situation(at=wall("2026-11-24 00:10"), traits={"interrupts_users": False})
    assert outside_windows(asked).verdict is ALLOW
