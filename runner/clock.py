"""The clock is handed in. Planned times are told by `now`; leases and back-offs are lengths of real time.

On a scaled clock a day takes minutes, but a lease of 15 seconds stays 15 real seconds: `ahead` converts.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is, for everybody who works on one store."""

    speed: float

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def ahead(self, real_s: float) -> datetime:
        """The moment that will be now in `real_s` real seconds."""

    def real_s(self, until: datetime) -> float:
        """How many real seconds until then; negative if it has passed."""


class SteadyClock:
    """The system's clock, or one that runs `speed` times as fast from `origin` on (the same in all processes).

    `read` gives seconds since the epoch; on PostgreSQL it is corrected to the database server's clock.
    """

    def __init__(
        self, *, speed: float = 1.0, origin: datetime | None = None, read: Callable[[], float] = time.time
    ) -> None:
        if not 0 < speed <= 100_000:
            raise ValueError("a clock's speed lies above 0 and at most at 100,000")
        self.speed = speed
        self._read = read
        self._origin = origin.timestamp() if origin else 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._origin + (self._read() - self._origin) * self.speed, UTC)

    def ahead(self, real_s: float) -> datetime:
        return self.now() + timedelta(seconds=real_s * self.speed)

    def real_s(self, until: datetime) -> float:
        return (until - self.now()).total_seconds() / self.speed


def parse_clock(word: str, read: Callable[[], float] = time.time) -> SteadyClock:
    """The clock that a `--clock` option names: `real`, or `60x@2026-11-24T00:00:00+08:00` (speed, common origin)."""
    if word == "real":
        return SteadyClock(read=read)
    speed, _, origin = word.partition("x@")
    moment = datetime.fromisoformat(origin)
    if moment.tzinfo is None:
        raise ValueError("the origin of a scaled clock needs a UTC offset")
    return SteadyClock(speed=float(speed), origin=moment, read=read)
