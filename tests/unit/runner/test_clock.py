"""The clock tells aware UTC moments; on a scaled one planned time runs fast, and leases stay real seconds."""

from datetime import UTC, datetime, timedelta

import pytest

from runner.clock import SteadyClock, parse_clock

ORIGIN = datetime(2026, 11, 24, tzinfo=UTC)


def at(real_s: float) -> object:
    return lambda: ORIGIN.timestamp() + real_s


def test_the_real_clock_tells_what_it_reads_in_utc() -> None:
    now = SteadyClock(read=at(90)).now()
    assert (now, now.tzinfo) == (ORIGIN + timedelta(seconds=90), UTC)


@pytest.mark.req("CORE-4")
def test_on_a_scaled_clock_a_day_takes_minutes_and_a_lease_stays_real() -> None:
    clock = SteadyClock(speed=600, origin=ORIGIN, read=at(144))
    assert clock.now() == ORIGIN + timedelta(days=1)
    assert clock.ahead(15) - clock.now() == timedelta(seconds=9000)
    assert clock.real_s(clock.ahead(15)) == pytest.approx(15)
    assert clock.real_s(clock.now() - timedelta(seconds=600)) == pytest.approx(-1)


def test_processes_that_share_speed_and_origin_share_the_time() -> None:
    word = "60x@2026-11-24T08:00:00+08:00"
    assert parse_clock(word, at(10)).now() == parse_clock(word, at(10)).now() == ORIGIN + timedelta(minutes=10)


@pytest.mark.parametrize(
    "word",
    [
        "60x",
        "fast",
        "0x@2026-11-24T00:00:00Z",
        "-1x@2026-11-24T00:00:00Z",
        "60x@2026-11-24T00:00:00",
        "1e9x@2026-11-24T00:00:00Z",
        "",
    ],
)
def test_a_clock_that_makes_no_sense_is_refused(word: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_clock(word)
