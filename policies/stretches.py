"""Closed stretches of time, and the first gap that work fits into. All instants are UTC, all stretches half-open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Closed for `starts <= t < ends`."""

    starts: datetime
    ends: datetime

    def hits(self, at: datetime, length: timedelta) -> bool:
        """Work from `at` for `length` would begin in it or run into it. Ending just as it starts is no hit."""
        return at < self.ends and (self.starts <= at or self.starts < at + length)


def first_hit(at: datetime, length: timedelta, closed: Sequence[Stretch]) -> Stretch | None:
    """The first of the stretches, sorted by their starts, that the work would hit."""
    return next((stretch for stretch in closed if stretch.hits(at, length)), None)


def first_gap(at: datetime, length: timedelta, closed: Sequence[Stretch]) -> datetime:
    """The first instant, not before `at`, from which the work hits none of the stretches, sorted by their starts.

    One pass is enough: whatever starts later than the stretch that was hit is looked at with the instant moved on.
    """
    for stretch in closed:
        if stretch.hits(at, length):
            at = stretch.ends
    return at
