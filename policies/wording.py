"""The words that policies share: times, spans and lists as a customer reads them, and the three kinds of answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.decision import Reason, Verdict
from domain.text import Text

_UNITS: Final = (
    (timedelta(days=1), "天", "day"),
    (timedelta(hours=1), "小时", "hour"),
    (timedelta(minutes=1), "分钟", "minute"),
    (timedelta(seconds=1), "秒", "second"),
)


def allow(policy: str, text: Text, **values: Any) -> Reason:
    return Reason(policy=policy, verdict=Verdict.ALLOW, text=text, values=values)


def warn(policy: str, text: Text, **values: Any) -> Reason:
    """Allowed, with something the reader should know first: `warning` in the values marks it for pages and mails."""
    return allow(policy, text, warning=True, **values)


def wait(policy: str, until: datetime, text: Text, **values: Any) -> Reason:
    return Reason(policy=policy, verdict=Verdict.WAIT, text=text, values=values, until=until)


def refuse(policy: str, text: Text, **values: Any) -> Reason:
    return Reason(policy=policy, verdict=Verdict.REFUSE, text=text, values=values)


def shown(at: datetime, zone: ZoneInfo) -> str:
    """`2026-11-24 03:30 (Asia/Shanghai)`; seconds only where there are some."""
    wall = at.astimezone(zone)
    return f"{wall:%Y-%m-%d %H:%M:%S} ({zone})" if wall.second else f"{wall:%Y-%m-%d %H:%M} ({zone})"


def span(length: timedelta) -> Text:
    """`1 小时 30 分钟`, `1 hour 30 minutes`; less than a second counts as none."""
    zh, en = [], []
    for unit, chinese, english in _UNITS:
        count, length = divmod(length, unit)
        if count:
            zh.append(f"{count} {chinese}")
            en.append(counted(count, english))
    return Text(" ".join(zh) or "0 秒", " ".join(en) or "0 seconds")


def counted(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(texts: Iterable[Text]) -> Text:
    """`甲、乙`, `A, B`."""
    kept = tuple(texts)
    return Text("、".join(t.zh for t in kept), ", ".join(t.en for t in kept))
