"""Times as people write and read them: written without an offset in the tenant's zone, shown always with one."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, Protocol

from domain.errors import Fault, Mistake
from domain.text import Text

FORMS: Final = "now, +10m, 22:30, '2026-11-24 22:30', 2026-11-24T22:30:00+08:00"
SOON_S: Final = 2.0  # `now` is a moment that has not passed when the policies look at it
_SPAN: Final = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")
_WALL: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}(:\d{2})?")


class Clock(Protocol):
    """What time it is, and what time it will be in some real seconds."""

    def now(self) -> datetime: ...

    def ahead(self, real_s: float) -> datetime: ...


def read_at(word: str, zone: tzinfo, clock: Clock, path: str = "planned_at", *, back: bool = False) -> str:
    """A time as the intake wants it, RFC 3339. What is in none of our forms is passed on: the intake says what it is.

    A time of day is the next one, or with `back` the last one. Raises Mistake for one that the zone's clocks skip.
    """
    word = word.strip()
    if word == "now":
        return clock.ahead(SOON_S).isoformat()
    length = span(word[1:])
    if word[:1] in ("+", "-") and length is not None:
        return (clock.now() + (length if word[0] == "+" else -length)).isoformat()
    if _WALL.fullmatch(word):
        return _next(word, zone, clock.now(), path, back=back)
    if _LOCAL.fullmatch(word):
        return _local(word, zone, path)
    return word


def span(word: str) -> timedelta | None:
    """`10m`, `1h30m`, `45s`, `2d`; None for anything else."""
    match = _SPAN.fullmatch(word)
    if match is None or not word:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def shown(at: datetime | str, zone: tzinfo | None) -> str:
    """`2026-11-24 22:30:00 +08:00 (Asia/Shanghai)`; without a zone in UTC."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    wall = moment.astimezone(zone or UTC).isoformat(timespec="seconds")
    return f"{wall[:10]} {wall[11:19]} {wall[19:]} ({zone or 'UTC'})"


def _next(word: str, zone: tzinfo, now: datetime, path: str, *, back: bool) -> str:
    """The next time the zone's clocks show this, today or tomorrow; with `back` the last time."""
    wall = _wall(word)
    if wall is None:
        return word
    today = now.astimezone(zone).date()
    at = datetime.combine(today, wall, zone)
    if back is (at > now):
        at = datetime.combine(today + timedelta(days=-1 if back else 1), wall, zone)
    return _existing(at, path)


def _local(word: str, zone: tzinfo, path: str) -> str:
    day, _, clock = word.partition(" ")
    wall = _wall(clock)
    try:
        at = None if wall is None else datetime.combine(datetime.fromisoformat(day).date(), wall, zone)
    except ValueError:
        return word
    return word if at is None else _existing(at, path)


def _wall(word: str) -> time | None:
    try:
        return time.fromisoformat(word.zfill(5) if word.count(":") == 1 else word.zfill(8))
    except ValueError:
        return None


def _existing(at: datetime, path: str) -> str:
    """When clocks are put forward some times do not exist; of one that comes twice the first is taken, and shown."""
    if at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) != at.replace(tzinfo=None):
        zh = f"{at:%Y-%m-%d %H:%M} 在时区 {at.tzinfo} 不存在（时钟拨快）"
        en = f"{at:%Y-%m-%d %H:%M} does not exist in {at.tzinfo}: the clocks are put forward"
        raise Mistake(Text("时间有误", "The time has a mistake"), (Fault(path, Text(zh, en), "no-such-time"),))
    return at.isoformat()
