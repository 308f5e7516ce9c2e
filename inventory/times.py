"""Readers of time: days, instants, times of day, durations and zones."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from inventory.spot import Reader, Spot, shown

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WALL: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")
_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]{1,4})W|(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,7})M)?(?:(?P<seconds>[0-9]{1,8}(?:\.[0-9]{1,3})?)S)?)?)"
)
YEARS: Final = range(2000, 2200)  # beyond them arithmetic with offsets may leave the calendar


def day(spot: Spot, value: object) -> object:
    """A date, `2027-12-31`."""
    if not isinstance(value, str):
        return spot.mistyped(value, "日期，如 2027-12-31", "a date like 2027-12-31")
    found = _parsed(date.fromisoformat, value) if _DAY.fullmatch(value) else None
    if found and found.year in YEARS:
        return found
    return spot.wrong(f"{shown(value)} 不是日期，应如 2027-12-31", f"{shown(value)} is not a date like 2027-12-31")


def instant(spot: Spot, value: object) -> object:
    """A time with its offset from UTC, `2027-01-01T00:00:00+08:00`."""
    like = "2027-01-01T00:00:00+08:00"
    if not isinstance(value, str):
        return spot.mistyped(value, f"时间，如 {like}", f"a time like {like}")
    found = _parsed(datetime.fromisoformat, value)
    if not isinstance(found, datetime) or found.year not in YEARS:
        return spot.wrong(f"{shown(value)} 不是时间，应如 {like}", f"{shown(value)} is not a time like {like}")
    if found.tzinfo is None:
        zh = f"{shown(value)} 没有时区偏移，应如 {like}"
        return spot.wrong(zh, f"{shown(value)} has no offset from UTC: write it like {like}")
    return found


def _parsed(parse: Callable[[str], date], value: str) -> date | None:
    try:
        return parse(value)
    except ValueError:
        return None


def wall(spot: Spot, value: object) -> object:
    """A time of day, `"03:30"`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        zh = f'YAML 把不加引号的时间读成了数字 {shown(value)}：请加引号，如 "12:30"'
        en = f'YAML has read an unquoted time as the number {shown(value)}: write it in quotes, like "12:30"'
        return spot.wrong(zh, en, "type")
    if not isinstance(value, str):
        return spot.mistyped(value, '时刻，如 "03:30"', 'a time of day like "03:30"')
    found = _WALL.fullmatch(value)
    if found:
        return time(int(found[1]), int(found[2]))
    zh = f'{shown(value)} 不是 00:00 到 23:59 的时刻（午夜写作 "00:00"）'
    return spot.wrong(zh, f'{shown(value)} is not a time from 00:00 to 23:59 (midnight is "00:00")')


def duration(least: timedelta, most: timedelta) -> Reader:
    """An ISO 8601 duration in weeks, or in days, hours, minutes and seconds, from `least` to `most`."""
    between = f"{least.total_seconds():g} s, {most.total_seconds():g} s"

    def read(spot: Spot, value: object) -> object:
        if not isinstance(value, str):
            return spot.mistyped(value, "时长，如 PT60S", "a duration like PT60S")
        found = _DURATION.fullmatch(value)
        if not found:
            zh, en = "PT60S、PT30M、P7D（不支持年和月）", "PT60S, PT30M or P7D (no years, no months)"
            return spot.wrong(f"{shown(value)} 不是时长，应如 {zh}", f"{shown(value)} is not a duration like {en}")
        length = timedelta(**{unit: float(n) for unit, n in found.groupdict("0").items()})
        if least <= length <= most:
            return length
        return spot.wrong(f"{shown(value)} 不在 [{between}] 之内", f"{shown(value)} is not within [{between}]")

    return read


def zone(spot: Spot, value: object) -> object:
    """A time zone of the IANA database, `Asia/Shanghai`."""
    if not isinstance(value, str):
        return spot.mistyped(value, "时区，如 Asia/Shanghai", "a time zone like Asia/Shanghai")
    try:
        if _ZONE.fullmatch(value):
            return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # OSError: `Asia` is a folder of the database
        pass
    near = get_close_matches(value[:64], _zones(), n=1) or ["Asia/Shanghai"]
    zh, en = (
        f"没有时区 {shown(value)}；是不是 {near[0]}？",
        f"there is no time zone {shown(value)}; did you mean {near[0]}?",
    )
    return spot.wrong(zh, en)


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
