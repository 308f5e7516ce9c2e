"""Days end at the tenant's midnight, whatever its clocks do; working time passes in working hours alone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.days import a_month_after, after_working_time, end_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Some skip midnight when clocks are put forward, some have it twice, Apia skipped a whole day.
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "America/Santiago",
    "UTC",
)
TICK = timedelta(microseconds=1)
OPENS, CLOSES = time(9), time(18)


@pytest.mark.req("LET-2")
@given(zone=st.sampled_from(ZONES), day=st.dates(date(1990, 1, 1), date(2037, 12, 31)))
@example(zone="Africa/Cairo", day=date(2026, 4, 23))  # the next day begins at 01:00
@example(zone="America/Sao_Paulo", day=date(2018, 11, 3))
@example(zone="America/Havana", day=date(2026, 10, 31))  # the next midnight comes twice
@example(zone="Pacific/Apia", day=date(2011, 12, 29))  # the next day does not exist
def test_a_day_ends_with_the_first_moment_that_its_zone_calls_a_later_day(zone: str, day: date) -> None:
    ends = end_of(day, ZoneInfo(zone))
    assert ends.astimezone(ZoneInfo(zone)).date() > day
    assert (ends - TICK).astimezone(ZoneInfo(zone)).date() <= day


@pytest.mark.req("LET-1")
@pytest.mark.parametrize(
    ("day", "later"),
    [
        ("2026-11-26", "2026-12-26"),
        ("2026-12-31", "2027-01-31"),
        ("2027-01-31", "2027-02-28"),
        ("2028-01-30", "2028-02-29"),
        ("2026-10-31", "2026-11-30"),
        ("2026-12-01", "2027-01-01"),
    ],
)
def test_a_month_ahead_is_the_same_day_of_the_next_month_or_its_last(day: str, later: str) -> None:
    assert a_month_after(date.fromisoformat(day)) == date.fromisoformat(later)


@pytest.mark.req("LET-3")
@pytest.mark.parametrize(
    ("since", "due"),
    [
        ("2026-11-26 09:00", "2026-11-26 13:30"),  # a Thursday
        ("2026-11-26 13:30", "2026-11-26 18:00"),
        ("2026-11-26 13:31", "2026-11-27 09:01"),
        ("2026-11-26 17:00", "2026-11-27 12:30"),
        ("2026-11-26 18:00", "2026-11-27 13:30"),
        ("2026-11-26 03:00", "2026-11-26 13:30"),
        ("2026-11-27 16:30", "2026-11-30 12:00"),  # over a weekend
        ("2026-11-28 12:00", "2026-11-30 13:30"),
        ("2026-11-29 23:59", "2026-11-30 13:30"),
    ],
)
def test_half_a_working_day_passes_from_nine_to_six_on_weekdays(since: str, due: str) -> None:
    at = datetime.fromisoformat(since).replace(tzinfo=SHANGHAI).astimezone(UTC)
    found = after_working_time(at, timedelta(hours=4, minutes=30), SHANGHAI, OPENS, CLOSES)
    assert f"{found.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" == due


@pytest.mark.req("LET-3")
@given(
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 60 * 24 * 365 * 10),
    lengths=st.tuples(st.integers(0, 3000), st.integers(0, 3000)),
)
def test_working_time_adds_up_and_ends_inside_working_hours(zone: str, minute: int, lengths: tuple[int, int]) -> None:
    place, since = ZoneInfo(zone), datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    first, second = (timedelta(minutes=m) for m in lengths)
    between = after_working_time(since, first, place, OPENS, CLOSES)
    at_once = after_working_time(since, first + second, place, OPENS, CLOSES)
    assert after_working_time(between, second, place, OPENS, CLOSES) == at_once or second == timedelta(0)
    wall = at_once.astimezone(place)
    assert wall.weekday() < 5
    assert OPENS <= wall.time() <= CLOSES
    assert at_once >= since + first + second
