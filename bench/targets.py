"""What each row is, and the number it has to reach (the design's table of numbers). A new row is one entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Target:
    """A row's meaning. `limits` by store, or `any`; `at_most` says on which side of it one has to be."""

    about: str
    unit: str
    at_most: bool
    limits: Mapping[str, float]

    def met(self, store: str, value: float) -> bool | None:
        """Whether `value` reaches the target on `store`; None if there is none for it."""
        limit = self.limits.get(store, self.limits.get("any"))
        if limit is None:
            return None
        return value <= limit if self.at_most else value >= limit


def _most(about: str, unit: str, limit: float | None) -> Target:
    return Target(about=about, unit=unit, at_most=True, limits={} if limit is None else {"any": limit})


def _least(about: str, unit: str, **limits: float) -> Target:
    return Target(about=about, unit=unit, at_most=False, limits=limits)


TARGETS: Final[Mapping[str, Target]] = {
    "latency.p50": _most("submit to start of one immediate job, idle system, median", "ms", 15),
    "latency.p99": _most("submit to start of one immediate job, idle system, 99 %", "ms", 50),
    "rate": _least("durable no-op jobs drained by 2 worker processes", "jobs/s", sqlite=500, postgresql=650),
}
