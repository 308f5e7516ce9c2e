"""T-SQL's types: how a value is kept in SQLite, converted, and sent. Decimals keep SQLite's 15 digits, no more."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from lab.sqlserver.errors import SqlError, lab_cannot
from lab.tds.answers import Column, SqlType

_ALIASES = {
    "integer": "int",
    "numeric": "decimal",
    "real": "float",
    "smallmoney": "money",
    "smalldatetime": "datetime",
    "datetimeoffset": "datetime2",
    "sysname": "nvarchar(128)",
    "nchar": "nvarchar",
    "char": "varchar",
    "text": "varchar(max)",
    "ntext": "nvarchar(max)",
    "xml": "nvarchar(max)",
    "sql_variant": "nvarchar",
    "binary": "varbinary",
    "image": "varbinary(max)",
    "timestamp": "varbinary(8)",
    "rowversion": "varbinary(8)",
    "time": "nvarchar(16)",
}
RANGES = {
    SqlType.TINYINT: (0, 255),
    SqlType.SMALLINT: (-(2**15), 2**15 - 1),
    SqlType.INT: (-(2**31), 2**31 - 1),
    SqlType.BIGINT: (-(2**63), 2**63 - 1),
}
TEXTUAL = (SqlType.NVARCHAR, SqlType.VARCHAR)
MOMENTS = (SqlType.DATETIME, SqlType.DATETIME2, SqlType.DATE)
_DATE_STYLES = {112: "%Y%m%d", 23: "%Y-%m-%d", 111: "%Y/%m/%d", 108: "%H:%M:%S", 120: "%Y-%m-%d %H:%M:%S"}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type with its size. `size` None is max."""

    type: SqlType
    size: int | None = None
    precision: int = 18
    scale: int = 0

    def column(self, name: str, *, nullable: bool = True) -> Column:
        """As a column of a result."""
        return Column(
            name=name, type=self.type, size=self.size, precision=self.precision, scale=self.scale, nullable=nullable
        )


def kind_of(text: str) -> Kind:
    """The type of that text, such as `decimal(18,4)`. Raises SqlError for what the lab does not know."""
    match = re.fullmatch(r"\s*\[?(\w+)\]?\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?\s*", text.lower())
    if match is None:
        raise lab_cannot(f"type {text}")
    name, first, second = match.groups()
    alias = _ALIASES.get(name, name)
    if "(" in alias:
        return kind_of(alias)
    if alias not in list(SqlType):
        raise lab_cannot(f"type {text}")
    sized = SqlType(alias)
    if sized == SqlType.DECIMAL:
        return Kind(type=sized, precision=int(first or 18), scale=int(second or 0))
    if sized == SqlType.MONEY:
        return Kind(type=sized, precision=19, scale=4)
    if sized in TEXTUAL or sized == SqlType.VARBINARY:
        return Kind(type=sized, size=None if first == "max" else int(first or 1))
    return Kind(type=sized)


def cast(value: Any, kind: Kind, style: int = 0) -> Any:
    """A kept value converted to that type. Raises SqlError 245, 241, 8114, 8115."""
    if value is None:
        return None
    if kind.type in RANGES:
        return _integer(value, kind.type)
    if kind.type in TEXTUAL:
        return _text(value, style)[: kind.size]
    if kind.type in MOMENTS:
        return _moment_text(value, kind.type)
    if kind.type == SqlType.BIT:
        return int(bool(_integer({"true": 1, "false": 0}.get(str(value).lower(), value), SqlType.INT)))
    if kind.type == SqlType.VARBINARY:
        return (value if isinstance(value, bytes) else _as_bytes(value))[: kind.size]
    if kind.type == SqlType.UNIQUEIDENTIFIER:
        return _uuid(value)
    return _fraction(value, kind)


def _integer(value: Any, kind: SqlType) -> int:
    try:
        number = int(value.strip() or 0) if isinstance(value, str) else _int_of(value)
    except ValueError as error:
        raise SqlError(245, "nvarchar", value, kind.value) from error
    low, high = RANGES[kind]
    if not low <= number <= high:
        raise SqlError(8115, "expression", kind.value)
    return number


def _int_of(value: Any) -> int:
    return int.from_bytes(value, "big", signed=False) if isinstance(value, bytes) else int(value)


def _text(value: Any, style: int) -> str:
    if isinstance(value, bytes):
        written = {1: "0x" + value.hex().upper(), 2: value.hex().upper()}
        return written.get(style) or value.decode("utf-16-le", "replace")
    if isinstance(value, str) and style and re.match(r"\d{4}-\d\d-\d\d", value):
        return _styled(datetime.fromisoformat(value), style)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _styled(moment: datetime, style: int) -> str:
    if style in (121, 21, 25):
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if style in (126, 127):
        return moment.isoformat(timespec="milliseconds")
    if style not in _DATE_STYLES:
        raise lab_cannot(f"CONVERT with style {style}")
    return moment.strftime(_DATE_STYLES[style])


def _moment_text(value: Any, kind: SqlType) -> str:
    try:
        text = str(value).strip()
        moment = datetime.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.match(r"\d{8}", text) else text)
    except ValueError as error:
        raise SqlError(241) from error
    if moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment_text(moment, kind)


def moment_text(moment: datetime, kind: SqlType = SqlType.DATETIME2) -> str:
    """How a moment is kept: text that sorts."""
    if kind == SqlType.DATE:
        return moment.date().isoformat()
    if kind == SqlType.DATETIME:
        return _rounded(moment).isoformat(" ", "milliseconds")
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _rounded(moment: datetime) -> datetime:
    """To a three-hundredth of a second, told in milliseconds that end in 0, 3 or 7: no datetime keeps more."""
    second, ticks = moment.replace(microsecond=0), round(moment.microsecond * 300 / 1_000_000)
    return second + timedelta(milliseconds=round(ticks * 1000 / 300))


def now_text() -> str:
    """Now, as a column of the type datetime keeps it."""
    return moment_text(datetime.now(UTC).replace(tzinfo=None), SqlType.DATETIME)


def _as_bytes(value: Any) -> bytes:
    return value.encode("utf-16-le") if isinstance(value, str) else int(value).to_bytes(4, "big", signed=True)


def _uuid(value: Any) -> str:
    try:
        return str(UUID(str(value))).upper()
    except ValueError as error:
        raise SqlError(8114, "nvarchar", "uniqueidentifier") from error


def _fraction(value: Any, kind: Kind) -> float:
    try:
        number = float(value)
    except ValueError as error:
        raise SqlError(8114, "nvarchar", kind.type.value) from error
    return round(number, kind.scale) if kind.type != SqlType.FLOAT else number


def keep(value: Any) -> Any:
    """A Python value as SQLite keeps it."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value).upper() if isinstance(value, UUID) else value


def send(value: Any, kind: Kind) -> Any:
    """A kept value as the wire wants it."""
    if value is None:
        return None
    if kind.type == SqlType.BIT:
        return bool(value)
    if kind.type in (SqlType.DATETIME, SqlType.DATETIME2):
        return datetime.fromisoformat(str(value))
    if kind.type == SqlType.DATE:
        return date.fromisoformat(str(value)[:10])
    if kind.type in (SqlType.DECIMAL, SqlType.MONEY):
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale))
    if kind.type == SqlType.UNIQUEIDENTIFIER:
        return UUID(str(value))
    if kind.type == SqlType.FLOAT:
        return float(value)
    return str(value) if kind.type in TEXTUAL else value


def guess(values: Iterable[Any]) -> Kind:
    """The type of an expression by its values; int when there are none, as the server types a bare NULL."""
    seen = [v for v in values if v is not None]
    if any(isinstance(v, str) for v in seen):
        return Kind(type=SqlType.NVARCHAR, size=None if any(len(str(v)) > 4000 for v in seen) else 4000)
    if any(isinstance(v, bytes) for v in seen):
        return Kind(type=SqlType.VARBINARY)
    if any(isinstance(v, float) for v in seen):
        return Kind(type=SqlType.FLOAT)
    low, high = RANGES[SqlType.INT]
    return Kind(type=SqlType.INT if all(low <= v <= high for v in seen) else SqlType.BIGINT)


def fits(value: Any, kind: Kind) -> bool:
    """A value can be sent under that type."""
    if value is None:
        return True
    if kind.type in TEXTUAL:
        return kind.size is None or len(str(value)) <= kind.size
    if kind.type in RANGES:
        return isinstance(value, int)
    return not (kind.type == SqlType.VARBINARY and not isinstance(value, bytes))
