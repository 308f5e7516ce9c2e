from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.text import Text
from policies.wording import listed, shown, span


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(0), "0 秒", "0 seconds"),
        (timedelta(seconds=1), "1 秒", "1 second"),
        (timedelta(minutes=30), "30 分钟", "30 minutes"),
        (timedelta(minutes=90), "1 小时 30 分钟", "1 hour 30 minutes"),
        (timedelta(days=7), "7 天", "7 days"),
        (timedelta(days=1, seconds=1), "1 天 1 秒", "1 day 1 second"),
        (timedelta(milliseconds=999), "0 秒", "0 seconds"),
    ],
)
def test_a_span_reads_like_speech(length, zh, en):
    assert span(length) == Text(zh, en)


@pytest.mark.parametrize(
    ("at", "zone", "words"),
    [
        (datetime(2026, 11, 23, 19, 30, tzinfo=UTC), "Asia/Shanghai", "2026-11-24 03:30 (Asia/Shanghai)"),
        (datetime(2026, 11, 23, 19, 30, 5, tzinfo=UTC), "Asia/Shanghai", "2026-11-24 03:30:05 (Asia/Shanghai)"),
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "Europe/London", "2026-07-01 13:00 (Europe/London)"),
    ],
)
def test_a_time_is_shown_in_the_tenants_zone(at, zone, words):
    assert shown(at, ZoneInfo(zone)) == words


def test_lists_take_the_comma_of_their_language():
    assert listed([Text("甲", "A"), Text("乙", "B")]) == Text("甲、乙", "A, B")
