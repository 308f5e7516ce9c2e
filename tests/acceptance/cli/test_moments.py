"""Times are read in the tenant's zone and told with it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.moments import read_at, shown, span
from domain.errors import Mistake

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


class Noon:
    """12:00:00 in Shanghai, 2026-11-24."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 4, tzinfo=UTC)

    def ahead(self, real_s: float) -> datetime:
        return self.now() + timedelta(seconds=real_s)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("now", "2026-11-24T04:00:02+00:00"),
        ("+10m", "2026-11-24T04:10:00+00:00"),
        ("+1d2h3m4s", "2026-11-25T06:03:04+00:00"),
        ("22:30", "2026-11-24T22:30:00+08:00"),
        ("9:05", "2026-11-25T09:05:00+08:00"),
        ("12:00", "2026-11-25T12:00:00+08:00"),
        ("22:30:15", "2026-11-24T22:30:15+08:00"),
        ("2026-12-01 03:30", "2026-12-01T03:30:00+08:00"),
        ("2026-12-01T03:30:00+09:00", "2026-12-01T03:30:00+09:00"),
    ],
)
def test_a_time_is_read_in_the_tenants_zone(word: str, wanted: str) -> None:
    assert read_at(word, SHANGHAI, Noon()) == wanted


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("-1h", "2026-11-24T03:00:00+00:00"),
        ("22:30", "2026-11-23T22:30:00+08:00"),
        ("12:00", "2026-11-24T12:00:00+08:00"),
        ("9:05", "2026-11-24T09:05:00+08:00"),
    ],
)
def test_a_time_to_look_back_to_is_the_last_one(word: str, wanted: str) -> None:
    assert read_at(word, SHANGHAI, Noon(), back=True) == wanted


@pytest.mark.parametrize("word", ["25:00", "soon", "+", "+5", "2026-13-01 10:00", "2026-12-01T03:30:00", ""])
def test_what_is_no_time_of_ours_is_left_to_the_intake(word: str) -> None:
    assert read_at(word, SHANGHAI, Noon()) == word


def test_a_time_that_the_clocks_skip_is_a_mistake() -> None:
    with pytest.raises(Mistake) as caught:
        read_at("2027-03-14 02:30", NEW_YORK, Noon())
    assert caught.value.faults[0].code == "no-such-time"


def test_a_time_is_told_with_its_offset_and_zone() -> None:
    at = datetime(2026, 11, 24, 4, 0, 1, 500_000, tzinfo=UTC)
    assert shown(at, SHANGHAI) == "2026-11-24 12:00:01 +08:00 (Asia/Shanghai)"
    assert shown(at.isoformat(), None) == "2026-11-24 04:00:01 +00:00 (UTC)"


@given(days=st.integers(0, 9999), hours=st.integers(0, 99999), minutes=st.integers(0, 999999))
def test_a_span_is_the_sum_of_its_parts(days: int, hours: int, minutes: int) -> None:
    assert span(f"{days}d{hours}h{minutes}m") == timedelta(days=days, hours=hours, minutes=minutes)


def test_a_planned_time_is_echoed_in_the_zone_of_the_place(site: Any) -> None:
    words = ("request", "submit", "iis-restart", "other/prod", "--at", "22:30", "--yes", "--as", "otto")
    answer = site.run(*words)
    assert answer.code == 0
    assert "22:30:00 -0" in answer.out
    assert "(America/New_York)" in answer.out


def test_a_time_without_an_offset_in_the_apis_form_is_refused_with_how_to_write_it(site: Any) -> None:
    words = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "2026-12-01T03:30:00", "--yes")
    answer = site.run(*words)
    assert answer.code == 2
    assert "planned_at: The UTC offset is missing" in answer.err
