"""The provider's rules as figures: what the policies compare with. Written in the estate file, never in code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from domain.text import Text


@dataclass(frozen=True, kw_only=True)
class ClosedWindow:
    """Closed daily, half-open: `starts <= wall time in the tenant's zone < ends`. `ends < starts` crosses midnight."""

    starts: time
    ends: time

    def holds(self, wall: time) -> bool:
        if self.starts <= self.ends:
            return self.starts <= wall < self.ends
        return wall >= self.starts or wall < self.ends

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}–{self.ends:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """A stretch of time, half-open, in which nothing that interrupts users may run. No tenants named = all."""

    starts: datetime
    ends: datetime
    reason: Text
    tenants: frozenset[str] = frozenset()

    def holds(self, at: datetime, tenant: str) -> bool:
        return self.starts <= at < self.ends and (not self.tenants or tenant in self.tenants)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What follows an expiry date (EXP-1): grace until day `grace_days`, then suspended, closed from `closed_day`."""

    warn_days_before: int = 30
    grace_days: int = 7
    last_notice_day: int = 30
    closed_day: int = 31


@dataclass(frozen=True, kw_only=True)
class Planning:
    """How far ahead work may be planned."""

    lead: timedelta = timedelta(0)
    range: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At most `limit` requests of a quota class per tenant and calendar `period` (day or month)."""

    period: str  # day | month
    limit: int


# The handbook's own; the estate file may set others, and further classes.
QUOTAS: Final[Mapping[str, tuple[Quota, ...]]] = {
    "sql-update": (Quota(period="day", limit=10),),
    "rename": (Quota(period="month", limit=2),),
    "password": (Quota(period="day", limit=5),),
}


@dataclass(frozen=True, kw_only=True)
class LetterRules:
    """A letter of authorization ends at most `longest` ahead. Its review is promised within `review` of working time
    (Monday to Friday, `opens` to `closes` in the tenant's zone); the provider is warned `warning` before."""

    longest: timedelta = timedelta(days=366)
    review: timedelta = timedelta(hours=4, minutes=30)
    warning: timedelta = timedelta(hours=1)
    opens: time = time(9)
    closes: time = time(18)


@dataclass(frozen=True, kw_only=True)
class BackupRules:
    """How long backups are kept: the newest `keep` of each data center, and all that are younger than `at_least`."""

    keep: int = 7
    at_least: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All figures. The defaults are the handbook's."""

    closed_windows: tuple[ClosedWindow, ...] = (ClosedWindow(starts=time(0), ends=time(3, 30)),)
    freezes: tuple[Freeze, ...] = ()
    planning: Planning = Planning()
    expiry: Expiry = Expiry()
    quotas: dict[str, tuple[Quota, ...]] = field(default_factory=dict)
    default_cutoff: timedelta = timedelta(minutes=30)
    letters: LetterRules = LetterRules()
    backups: BackupRules = BackupRules()

    def quotas_of(self, quota_class: str | None) -> tuple[Quota, ...]:
        """What limits a class: the estate file's word, or the handbook's."""
        return self.quotas.get(quota_class or "", QUOTAS.get(quota_class or "", ()))
