"""Untrusted mappings become drafts, or everything that is wrong with them at once, each with its path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from domain.catalog import Catalog
from domain.errors import Fault, Mistake
from domain.operation import Operation, Target
from domain.parameters import check
from domain.places import Estate, Place
from domain.text import Text

MAX_DESCRIPTION: Final = 2000
MAX_EMAIL: Final = 254
MAX_PHONE: Final = 16
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_KNOWN: Final = frozenset({"operation", "place", "params", "planned_at", "description", "email", "confirm", "code"})


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A well-formed wish. `planned_at` None means: as soon as the policies allow."""

    operation: Operation
    place: Place
    params: dict[str, Any]
    planned_at: datetime | None
    description: str = ""
    email: str = ""


@dataclass
class _Faults:
    """Gathers faults while a body is read."""

    found: list[Fault] = field(default_factory=list)

    def add(self, path: str, zh: str, en: str, code: str = "invalid") -> None:
        self.found.append(Fault(path, Text(zh, en), code))

    def raise_if_any(self) -> None:
        if self.found:
            raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(self.found))


def draft(body: Mapping[str, Any], catalog: Catalog, estate: Estate, *, confirmed: bool) -> Draft:
    """Read a submit or a check. `confirmed` asks for the second confirmation. Raises Mistake with every fault."""
    faults = _Faults()
    _unknown_keys(body, _KNOWN, faults)
    operation = _operation(body.get("operation"), catalog, faults)
    place = _place(body.get("place"), estate, faults)
    params = _params(body.get("params", {}), operation, faults)
    planned_at = read_moment(body.get("planned_at"), "planned_at", faults.found)
    description = text_of(body, "description", MAX_DESCRIPTION, faults.found)
    email = _email(body, faults)
    if operation and place:
        _fits(operation, place, faults)
    if confirmed and operation and operation.traits.interrupts_users and body.get("confirm") is not True:
        zh, en = "此操作会中断用户，须二次确认：confirm 应为 true", "This interrupts users: confirm it with true"
        faults.add("confirm", zh, en, "unconfirmed")
    faults.raise_if_any()
    if operation is None or place is None:
        raise AssertionError("a fault would have been raised")
    built = operation(**params)
    faults.found.extend(built.faults(place))
    faults.raise_if_any()
    return Draft(
        operation=built, place=place, params=params, planned_at=planned_at, description=description, email=email
    )


def read_contact(body: Mapping[str, Any]) -> dict[str, str | None]:
    """What of `email` and `phone` is given; null or empty means none. Raises Mistake with every fault."""
    faults = _Faults()
    _unknown_keys(body, frozenset({"email", "phone"}), faults)
    given: dict[str, str | None] = {}
    if "email" in body:
        given["email"] = _email(body, faults) or None
    if "phone" in body:
        given["phone"] = text_of(body, "phone", MAX_PHONE, faults.found) or None
        if given["phone"] and not _PHONE.fullmatch(given["phone"]):
            faults.add("phone", "应为 +国家码 与号码，如 +8613800000000", "Must be + and digits, like +8613800000000")
    if not body:
        faults.add("email", "没有要修改的内容", "There is nothing to change", "missing")
    faults.raise_if_any()
    return given


def read_moment(value: Any, path: str, faults: list[Fault]) -> datetime | None:
    """An RFC 3339 time with an offset, as UTC. None stays None; anything else is a fault."""
    if value is None:
        return None
    example = "2026-11-24T03:30:00+08:00"
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 64 else None
    except ValueError:
        moment = None
    if moment is None:
        faults.append(
            Fault(path, Text(f"应为 RFC 3339 时间，如 {example}", f"Must be an RFC 3339 time like {example}"))
        )
        return None
    if moment.tzinfo is None:
        faults.append(
            Fault(path, Text(f"缺少时区偏移，如 {example}", f"The UTC offset is missing; write {example}"), "no-zone")
        )
        return None
    if not FIRST_YEAR < moment.year < LAST_YEAR:  # what lies beyond cannot be reckoned with in every zone
        zh, en = f"年份应在 {FIRST_YEAR} 与 {LAST_YEAR} 之间", f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}"
        faults.append(Fault(path, Text(zh, en)))
        return None
    return moment.astimezone(UTC)


def read_day(value: Any, path: str, faults: list[Fault]) -> date | None:
    """A day like `2026-12-26`. None stays None; anything else is a fault."""
    if value is None:
        return None
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        faults.append(Fault(path, Text("应为日期，如 2026-12-26", "Must be a day like 2026-12-26")))
    elif not FIRST_YEAR < day.year < LAST_YEAR:
        zh, en = f"年份应在 {FIRST_YEAR} 与 {LAST_YEAR} 之间", f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}"
        faults.append(Fault(path, Text(zh, en)))
        return None
    return day


def text_of(body: Mapping[str, Any], key: str, longest: int, faults: list[Fault], *, required: bool = False) -> str:
    """A text field: no control characters, no lone surrogates, at most `longest` characters."""
    value = body.get(key)
    if value is None or value == "":
        if required:
            faults.append(Fault(key, Text("必填", "Required"), "missing"))
        return ""
    if not isinstance(value, str):
        faults.append(Fault(key, Text("应为文本", "Must be text")))
        return ""
    if len(value) > longest:
        faults.append(Fault(key, Text(f"最多 {longest} 个字符", f"At most {longest} characters"), "too-long"))
    if any((ord(c) < 32 and c not in "\n\r\t") or 0xD800 <= ord(c) <= 0xDFFF for c in value):
        faults.append(Fault(key, Text("含有控制字符", "Holds control characters"), "control-characters"))
    return value


def search_text(description: str, actor: str, opinion: str) -> str:
    """What free-text search looks in."""
    return "\n".join((description, actor, opinion)).casefold()


def unknown_keys(body: Mapping[str, Any], known: frozenset[str], faults: list[Fault]) -> None:
    """A key that nobody reads is a mistake: it may have been meant for something."""
    for key in body:
        if key not in known:
            zh, en = f"未知字段；可用：{'、'.join(sorted(known))}", f"Unknown; allowed: {', '.join(sorted(known))}"
            faults.append(Fault(str(key)[:100], Text(zh, en), "unknown"))


def _unknown_keys(body: Mapping[str, Any], known: frozenset[str], faults: _Faults) -> None:
    unknown_keys(body, known, faults.found)


def _operation(name: Any, catalog: Catalog, faults: _Faults) -> type[Operation] | None:
    if not isinstance(name, str):
        faults.add("operation", "必填，应为操作名称", "Required: the name of an operation", "missing")
        return None
    try:
        return catalog.get(name[:100])
    except Mistake as mistake:
        faults.add("operation", mistake.text.zh, mistake.text.en, "unknown")
        return None


def _place(path: Any, estate: Estate, faults: _Faults) -> Place | None:
    if not isinstance(path, str):
        faults.add("place", "必填，如 tenant/environment", "Required, like tenant/environment", "missing")
        return None
    try:
        return estate.place(path[:200])
    except Mistake as mistake:
        faults.add("place", mistake.text.zh, mistake.text.en, "unknown")
        return None


def _params(params: Any, operation: type[Operation] | None, faults: _Faults) -> dict[str, Any]:
    if not isinstance(params, Mapping):
        faults.add("params", "应为对象", "Must be an object")
        return {}
    if operation:
        faults.found.extend(check(operation, params))
    return dict(params)


def _email(body: Mapping[str, Any], faults: _Faults) -> str:
    value = text_of(body, "email", MAX_EMAIL, faults.found)
    if value and not _EMAIL.fullmatch(value):
        faults.add("email", "邮箱格式不正确", "Not an e-mail address")
    return value


def _fits(operation: type[Operation], place: Place, faults: _Faults) -> None:
    actual = Target.DATA_CENTER if place.data_center else Target.ENVIRONMENT
    if actual is not operation.traits.target:
        words = {Target.ENVIRONMENT: ("环境", "an environment"), Target.DATA_CENTER: ("数据中心", "a data center")}
        (zh, en) = words[operation.traits.target]
        faults.add("place", f"此操作针对{zh}", f"This operation works on {en}", "wrong-target")
