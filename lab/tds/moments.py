"""Dates and times as the protocol counts them."""

from datetime import date, datetime, time, timedelta
from typing import Final

EPOCH: Final = datetime(1900, 1, 1)  # noqa: DTZ001  (a SQL Server datetime has no zone)
FIRST_DAY: Final = date(1, 1, 1)
TICKS_A_SECOND: Final = 300
DAY_TICKS: Final = 86400 * TICKS_A_SECOND
SCALE: Final = 7  # a tick of 100 ns
TIME_BYTES: Final = (3, 3, 3, 4, 4, 5, 5, 5)  # by scale


def write_datetime(value: date) -> bytes:
    """`datetime`: days since 1900 and 1/300 s, rounded to the nearest."""
    since = _midnight(value) - EPOCH
    ticks = round((since.seconds + since.microseconds / 1_000_000) * TICKS_A_SECOND)
    days, ticks = since.days + ticks // DAY_TICKS, ticks % DAY_TICKS
    return days.to_bytes(4, "little", signed=True) + ticks.to_bytes(4, "little")


def read_datetime(data: bytes) -> datetime:
    """`datetime` (8 bytes) or `smalldatetime` (4: days and minutes). Raises OverflowError, ValueError."""
    if len(data) == 4:
        minutes = int.from_bytes(data[2:], "little")
        return EPOCH + timedelta(days=int.from_bytes(data[:2], "little"), minutes=minutes)
    ticks = int.from_bytes(data[4:], "little")
    milliseconds = round(ticks * 1000 / TICKS_A_SECOND)
    return EPOCH + timedelta(days=int.from_bytes(data[:4], "little", signed=True), milliseconds=milliseconds)


def write_date(value: date) -> bytes:
    """`date`: days since 0001-01-01."""
    return (_midnight(value).date() - FIRST_DAY).days.to_bytes(3, "little")


def read_date(data: bytes) -> date:
    """`date`. Raises OverflowError, ValueError."""
    return FIRST_DAY + timedelta(days=int.from_bytes(data, "little"))


def write_datetime2(value: date) -> bytes:
    """`datetime2(7)`: 100 ns since midnight, then the date."""
    moment = _midnight(value)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return (seconds * 10**SCALE + moment.microsecond * 10).to_bytes(5, "little") + write_date(moment)


def read_time(data: bytes, scale: int) -> time:
    """`time(scale)`; what is finer than a microsecond is lost. Raises OverflowError, ValueError."""
    microseconds = int.from_bytes(data, "little") * 10**SCALE // 10**scale // 10
    seconds, microsecond = divmod(microseconds, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, microsecond)


def read_datetime2(data: bytes, scale: int) -> datetime:
    """`datetime2(scale)`. Raises OverflowError, ValueError."""
    return datetime.combine(read_date(data[-3:]), read_time(data[:-3], scale))


def read_offset(data: bytes, scale: int) -> str:
    """`datetimeoffset(scale)`, as the text that SQL Server would make of it."""
    minutes = int.from_bytes(data[-2:], "little", signed=True)
    local = read_datetime2(data[:-2], scale) + timedelta(minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    return f"{local.isoformat(' ')} {sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _midnight(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())
