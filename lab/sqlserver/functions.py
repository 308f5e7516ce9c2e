"""T-SQL's functions and operators that need no session, for SQLite. Errors are raised as SqlError."""

import calendar
import hashlib
import operator
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.kinds import cast, kind_of, moment_text
from lab.tds.answers import SqlType

_PARTS = {
    "yy": "year", "yyyy": "year", "mm": "month", "m": "month", "dd": "day", "d": "day", "hh": "hour", "mi": "minute",
    "n": "minute", "ss": "second", "s": "second", "ms": "millisecond", "wk": "week", "ww": "week", "qq": "quarter",
    "q": "quarter", "dy": "dayofyear", "dw": "weekday",
}  # fmt: skip
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def calculate(sign: str, left: Any, right: Any) -> Any:
    """`+ - * / %` with T-SQL's rules: texts join, a text beside a number must be one, whole numbers divide whole."""
    if left is None or right is None:
        return None
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    a, b = _number(left), _number(right)
    if sign in "/%" and not b:
        raise SqlError(8134)
    if isinstance(a, int) and isinstance(b, int):
        return _whole(sign, a, b)
    return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod}[sign](
        a, b
    )


def _whole(sign: str, a: int, b: int) -> int:
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else 0
    result = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - quotient * b}[sign]
    return int(cast(result, kind_of("bigint")))


def _number(value: Any) -> int | float:
    if isinstance(value, str):
        return int(cast(value, kind_of("int")))
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value


def convert(value: Any, kind: str, style: Any, tries: int) -> Any:
    """CAST, CONVERT and their TRY_ forms. A bare `varchar` is 30 long here."""
    try:
        sized = kind_of(f"{kind}(30)" if kind in ("varchar", "nvarchar", "char", "nchar", "varbinary") else kind)
        return cast(value, sized, int(style or 0))
    except SqlError as error:
        if tries and error.number != 50000:
            return None
        raise


def alike(pattern: Any, value: Any, escape: str = "") -> int | None:
    """LIKE, without regard to case, with [a-z] and [^a]."""
    if pattern is None or value is None:
        return None
    return int(_like(str(pattern), escape).fullmatch(str(value)) is not None)


@lru_cache(maxsize=256)
def _like(pattern: str, escape: str) -> re.Pattern[str]:
    pieces, at = [], 0
    while at < len(pattern):
        char, end = pattern[at], pattern.find("]", at + 1)
        if escape and char == escape and at + 1 < len(pattern):
            at += 1
            pieces.append(re.escape(pattern[at]))
        elif char == "[" and end > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            pieces.append(f"[{inner}]")
            at = end
        else:
            pieces.append({"%": ".*", "_": "."}.get(char, re.escape(char)))
        at += 1
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def now_text(kind: SqlType = SqlType.DATETIME) -> str:
    """Now, as the server's clock shows it. The lab's servers run on UTC."""
    return moment_text(datetime.now(UTC).replace(tzinfo=None), kind)


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(str(cast(value, kind_of("datetime2"))))


def _part(name: str) -> str:
    return _PARTS.get(name.lower(), name.lower())


def date_add(part: str, count: Any, value: Any) -> str | None:
    """DATEADD."""
    if count is None or value is None:
        return None
    moment, name, number = _moment(value), _part(part), int(count)
    if name in ("year", "quarter", "month"):
        months = moment.month - 1 + number * {"year": 12, "quarter": 3, "month": 1}[name]
        year, month = moment.year + months // 12, months % 12 + 1
        moved = moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
    elif name == "millisecond":
        moved = moment + timedelta(milliseconds=number)
    elif name in _SECONDS:
        moved = moment + timedelta(seconds=number * _SECONDS[name])
    else:
        raise lab_cannot(f"DATEADD of {part}")
    return moment_text(moved, SqlType.DATETIME)


def date_diff(part: str, start: Any, end: Any) -> int | None:
    """DATEDIFF: the boundaries crossed."""
    if start is None or end is None:
        return None
    a, b, name = _moment(start), _moment(end), _part(part)
    if name == "year":
        return b.year - a.year
    if name in ("month", "quarter"):
        return (b.year - a.year) * 12 + b.month - a.month if name == "month" else _quarter(b) - _quarter(a)
    if name == "millisecond":
        return round((b - a).total_seconds() * 1000)
    if name not in _SECONDS:
        raise lab_cannot(f"DATEDIFF of {part}")
    zero = datetime(1900, 1, 1)  # noqa: DTZ001 -- boundaries count from an agreed start
    step = _SECONDS[name]
    return int((b - zero).total_seconds() // step - (a - zero).total_seconds() // step)


def _quarter(moment: datetime) -> int:
    return moment.year * 4 + (moment.month - 1) // 3


def date_part(part: str, value: Any) -> int | None:
    """DATEPART."""
    if value is None:
        return None
    moment, name = _moment(value), _part(part)
    found = {"weekday": moment.isoweekday() % 7 + 1, "dayofyear": moment.timetuple().tm_yday}
    found |= {"millisecond": moment.microsecond // 1000, "quarter": (moment.month - 1) // 3 + 1}
    if name in found:
        return found[name]
    if name in ("year", "month", "day", "hour", "minute", "second"):
        return int(getattr(moment, name))
    raise lab_cannot(f"DATEPART of {part}")


def _nulls(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if any(v is None for v in values) else function(*values)


def _stuff(text: str, start: int, length: int, new: str) -> str | None:
    return text[: start - 1] + new + text[start - 1 + length :] if 0 < start <= len(text) else None


def _substring(text: Any, start: int, length: int) -> Any:
    return text[max(start - 1, 0) : max(start - 1 + length, 0)]


def _char_index(needle: str, text: str, start: int = 1) -> int:
    return str(text).lower().find(str(needle).lower(), max(start - 1, 0)) + 1


def _object_bytes(value: Any) -> int:
    return len(value) if isinstance(value, bytes) else 2 * len(value) if isinstance(value, str) else 4


def _hash(algorithm: str, value: Any) -> bytes:
    """HASHBYTES: a text is nvarchar here, so its bytes are those of UTF-16."""
    known = {"sha2_256": "sha256", "sha2_512": "sha512", "sha1": "sha1", "md5": "md5"}
    if algorithm.lower() not in known:
        raise lab_cannot(f"HASHBYTES {algorithm}")
    content = value if isinstance(value, bytes) else str(value).encode("utf-16-le")
    return hashlib.new(known[algorithm.lower()], content, usedforsecurity=False).digest()


def _quote(name: str, mark: str = "]") -> str:
    opening, closing = (mark, mark) if mark in ("'", '"') else ("[", "]")
    return opening + name.replace(closing, closing * 2) + closing


# Name -> function. The names are looked up in the text of a statement, before `(`.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "getdate": now_text,
    "getutcdate": now_text,
    "sysdatetime": lambda: now_text(SqlType.DATETIME2),
    "sysutcdatetime": lambda: now_text(SqlType.DATETIME2),
    "dateadd": date_add,
    "datediff": date_diff,
    "datepart": date_part,
    "year": lambda v: date_part("year", v),
    "month": lambda v: date_part("month", v),
    "day": lambda v: date_part("day", v),
    "isnull": lambda a, b: b if a is None else a,
    "len": _nulls(lambda v: len(str(v).rstrip(" "))),
    "datalength": _nulls(_object_bytes),
    "left": _nulls(lambda v, n: str(v)[:n]),
    "right": _nulls(lambda v, n: str(v)[-n:] if n else ""),
    "substring": _nulls(_substring),
    "charindex": _nulls(_char_index),
    "stuff": _nulls(_stuff),
    "replace": _nulls(lambda v, a, b: re.sub(re.escape(a), lambda _: b, str(v), flags=re.IGNORECASE)),
    "replicate": _nulls(lambda v, n: str(v) * n),
    "space": _nulls(lambda n: " " * n),
    "concat": lambda *values: "".join("" if v is None else str(v) for v in values),
    "upper": _nulls(lambda v: str(v).upper()),
    "lower": _nulls(lambda v: str(v).lower()),
    "quotename": _nulls(_quote),
    "nchar": _nulls(chr),
    "char": _nulls(chr),
    "hashbytes": _nulls(_hash),
    "newid": lambda: str(uuid.uuid4()).upper(),
    "isnumeric": lambda v: int(bool(re.fullmatch(r"\s*[-+]?\d+(\.\d*)?\s*", str(v)))),
    "floor": _nulls(lambda v: int(v // 1)),
    "ceiling": _nulls(lambda v: int(-(-v // 1))),
}
DATE_PART_FIRST = {"dateadd", "datediff", "datepart"}
