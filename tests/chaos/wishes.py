"""What the customers of a run will ask for, drawn from its seed, and what became of it at the intake."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

ALL_AT_ONCE: Final = 0.25
PLANNED: Final = 0.6  # the others start at once
CANCELLED: Final = 0.14
AHEAD_S: Final = (1.5, 6.0)
CANCEL_S: Final = (0.1, 8.0)  # after the answer: before, at and after the start


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request to come: asked `at_s` seconds into the run, planned `ahead_s` later (None: at once)."""

    key: str
    place: str
    order: str
    at_s: float
    ahead_s: float | None
    cancel_s: float | None

    def body(self, now: datetime) -> dict[str, Any]:
        """What is sent. Asked again, it must be the same: it is made once."""
        planned = {} if self.ahead_s is None else {"planned_at": (now + timedelta(seconds=self.ahead_s)).isoformat()}
        return {
            "operation": "iis-restart",
            "place": self.place,
            "params": {"order": self.order},
            "description": self.key,
            "confirm": True,
            **planned,
        }


@dataclass
class Asked:
    """A wish and what was answered. `closed` counts the times that no answer came."""

    wish: Wish
    number: int | None = None
    refused: bool = False
    closed: int = 0
    cancel_answer: str | None = None
    cancelled_at: datetime | None = None
    trouble: str = ""


def wishes(seed: int, jobs: int, places: list[str], over_s: float) -> list[Wish]:
    """The wishes of a run, in the order of asking."""
    chance = random.Random(f"wishes-{seed}")
    moments = sorted(chance.uniform(0, over_s) for _ in range(jobs))
    return [_wish(chance, f"seed{seed}-wish{n}", chance.choice(places), at_s) for n, at_s in enumerate(moments, 1)]


def _wish(chance: random.Random, key: str, place: str, at_s: float) -> Wish:
    return Wish(
        key=key,
        place=place,
        order="all-at-once" if chance.random() < ALL_AT_ONCE else "one-by-one",
        at_s=at_s,
        ahead_s=chance.uniform(*AHEAD_S) if chance.random() < PLANNED else None,
        cancel_s=chance.uniform(*CANCEL_S) if chance.random() < CANCELLED else None,
    )


def now() -> datetime:
    """The wall clock of this machine, the only one there is."""
    return datetime.now(UTC)
