"""The windows policy against a watchman who looks at the wall clock minute by minute."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Verdict
from domain.rulebook import ClosedWindow
from policies.walls import closed_stretches
from policies.windows import outside_windows

pytestmark = pytest.mark.req("INT-8")
MINUTE, THREE_DAYS = timedelta(minutes=1), timedelta(days=3)
CHANGES = [
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 2, 18, 2, tzinfo=UTC)),  # at midnight
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),  # one minute after midnight
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a whole day is left out
    ("Asia/Shanghai", datetime(2026, 11, 24, tzinfo=UTC)),
]
MINUTES = st.integers(0, 24 * 60 - 1)
# Half of the windows lie in the small hours, where clocks are changed.
TIMES = st.one_of(st.integers(0, 240), MINUTES).map(lambda m: time(m // 60, m % 60))
WINDOWS = st.lists(st.builds(ClosedWindow, starts=TIMES, ends=TIMES), max_size=3).map(tuple)
OFFSETS = st.builds(
    timedelta, minutes=st.integers(-26 * 60, 26 * 60), microseconds=st.sampled_from([0, 0, 1, 59_999_999])
)
ESTIMATES = st.one_of(st.integers(0, 300), st.integers(0, 26 * 60)).map(lambda m: m * MINUTE)


def is_closed(windows, zone, at):
    """Written on its own: minutes of the day, all round from the start of the window."""
    wall = at.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    for window in windows:
        start = window.starts.hour * 60 + window.starts.minute
        length = (window.ends.hour * 60 + window.ends.minute - start) % 1440
        if (minute - start) % 1440 < length:
            return True
    return False


def watched(windows, zone, at, length):
    """The first instant within three days from which every minute of the work is open; None if there is none."""
    whole = at.replace(second=0, microsecond=0)
    count = (THREE_DAYS + length) // MINUTE + 2
    open_for, opens = timedelta(0), [timedelta(0)] * count
    for n in reversed(range(count)):
        open_for = timedelta(0) if is_closed(windows, zone, whole + n * MINUTE) else open_for + MINUTE
        opens[n] = open_for
    if opens[0] and at + length <= whole + opens[0]:
        return at
    fits = (whole + n * MINUTE for n in range(1, count) if opens[n] and opens[n] >= length)
    first = next(fits, None)
    return first if first is not None and first <= at + THREE_DAYS else None


@settings(max_examples=150)
@given(change=st.sampled_from(CHANGES), windows=WINDOWS, offset=OFFSETS, length=ESTIMATES)
def test_until_is_the_first_instant_from_which_the_work_fits(situation, change, windows, offset, length):
    zone, at = ZoneInfo(change[0]), change[1] + offset
    rules, tenant = {"closed_windows": windows}, {"zone": zone}
    reason = outside_windows(situation(at=at, estimate=length, rules=rules, tenant=tenant))
    first = watched(windows, zone, at, length)
    expected = {None: Verdict.REFUSE, at: Verdict.ALLOW}.get(first, Verdict.WAIT)
    assert (reason.verdict, reason.until) == (expected, first if expected is Verdict.WAIT else None)


@settings(max_examples=100)
@given(change=st.sampled_from(CHANGES), windows=WINDOWS, offset=OFFSETS)
def test_until_is_open_and_everything_before_it_is_closed(situation, change, windows, offset):
    zone, at = ZoneInfo(change[0]), change[1] + offset
    rules, tenant, traits = {"closed_windows": windows}, {"zone": zone}, {"overrun": "warn"}
    asked = situation(at=at, estimate=timedelta(0), rules=rules, tenant=tenant, traits=traits)
    reason = outside_windows(asked)
    if reason.verdict is not Verdict.WAIT:
        assert is_closed(windows, zone, at) is (reason.verdict is Verdict.REFUSE)
        return
    minutes = range((reason.until - at) // MINUTE + 1)
    between = [t for t in (at + n * MINUTE for n in minutes) if t < reason.until]
    assert all(is_closed(windows, zone, t) for t in between)
    assert is_closed(windows, zone, reason.until - datetime.resolution)
    assert not is_closed(windows, zone, reason.until)


@settings(max_examples=100)
@given(change=st.sampled_from(CHANGES), windows=WINDOWS, offset=OFFSETS)
def test_closed_stretches_agree_with_the_watchman_minute_by_minute(change, windows, offset):
    zone, since = ZoneInfo(change[0]), (change[1] + offset).replace(second=0, microsecond=0)
    stretches = closed_stretches(windows, zone, since, since + THREE_DAYS)
    assert all(before.ends < after.starts for before, after in pairwise(stretches))
    for n in range(THREE_DAYS // MINUTE):
        at = since + n * MINUTE
        assert any(s.starts <= at < s.ends for s in stretches) is is_closed(windows, zone, at)
