"""When the wall clock of a zone is inside daily closed windows, in UTC: right also where clocks are put on or back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.rulebook import ClosedWindow
from policies.stretches import Stretch

_DAY: Final = timedelta(days=1)
_PACE: Final = timedelta(hours=12)  # clocks are never changed twice within twelve hours
_PUT_BACK: Final = timedelta(hours=3)  # no more: a clock put back just after midnight shows the day before again
_SECOND: Final = timedelta(seconds=1)


def closed_stretches(
    windows: Sequence[ClosedWindow], zone: ZoneInfo, since: datetime, until: datetime
) -> tuple[Stretch, ...]:
    """All of `since <= t < until` that is closed: sorted, apart from each other, cut at both ends."""
    stretches: list[Stretch] = []
    marks = _marks(windows, zone, since, until)
    for starts, ends in zip(marks, [*marks[1:], until], strict=True):
        if not holding(windows, zone, starts):
            continue
        if stretches and stretches[-1].ends == starts:
            stretches[-1] = replace(stretches[-1], ends=ends)
        else:
            stretches.append(Stretch(starts=starts, ends=ends))
    return tuple(stretches)


def holding(windows: Sequence[ClosedWindow], zone: ZoneInfo, at: datetime) -> tuple[ClosedWindow, ...]:
    """The windows inside which the wall clock is at that instant."""
    wall = at.astimezone(zone).time()
    return tuple(w for w in windows if w.holds(wall))


def _marks(windows: Sequence[ClosedWindow], zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """`since`, and every instant before `until` at which open may turn into closed or back; nothing in between does."""
    marks = {*_boundaries(windows, zone, since, until), *_offset_changes(zone, since, until)}
    return [since, *sorted(m for m in marks if since < m < until)]


def _boundaries(
    windows: Sequence[ClosedWindow], zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[datetime]:
    times = {time for w in windows for time in (w.starts, w.ends)}
    for day in _days((since - _PUT_BACK).astimezone(zone).date(), (until + _PUT_BACK).astimezone(zone).date()):
        for time in times:
            # A wall time that is shown twice gives both instants, one that is skipped gives two harmless ones.
            for fold in (0, 1):
                yield datetime.combine(day, time.replace(fold=fold), tzinfo=zone).astimezone(UTC)


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + n * _DAY


def _offset_changes(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """The instants at which clocks are put on or back; whole seconds, as the time zone database has them."""
    low = since.replace(microsecond=0)
    while low < until:
        high = low + _PACE
        if _offset(zone, low) != _offset(zone, high):
            yield _change_between(zone, low, high)
        low = high


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = _offset(zone, low)
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
