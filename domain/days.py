"""Days of the calendar in a time zone, and the hours of them in which people work."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a zone, in UTC; where clocks skip midnight, with the first time that exists."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after a day in a zone, in UTC."""
    return first_moment(day + _DAY, zone)


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def after_working_time(since: datetime, length: timedelta, zone: ZoneInfo, opens: time, closes: time) -> datetime:
    """The moment, in UTC, at which `length` of working time has passed: Monday to Friday, `opens` to `closes`."""
    day = since.astimezone(zone).date()
    while True:
        begins, ends = _hours(day, zone, opens, closes)
        begins = max(begins, since)
        if day.weekday() < _SATURDAY and begins < ends:
            if length <= ends - begins:
                return begins + length
            length -= ends - begins
        day += _DAY


def _hours(day: date, zone: ZoneInfo, opens: time, closes: time) -> tuple[datetime, datetime]:
    at, to = (datetime.combine(day, wall, zone).astimezone(UTC) for wall in (opens, closes))
    return at, to
