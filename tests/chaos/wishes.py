"""What the customers of a run will ask for, drawn from its seed, and what became of it at the intake."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

OPERATIONS: Final = (
    ("iis-restart", 56),
    ("sql-update", 22),
    ("restore", 7),
    ("backup", 5),
    ("rehearse", 3),
    ("rename", 4),
    ("reset-password", 3),
    ("bacpac-export", 3),
    ("bacpac-import", 3),
)
ALL_AT_ONCE: Final = 0.25
BACKED_UP: Final = 0.5
IN_PLACE: Final = 0.4
PLANNED: Final = 0.6  # the others start at once
CANCELLED: Final = 0.14
AHEAD_S: Final = (1.5, 6.0)
CANCEL_S: Final = (0.1, 8.0)  # after the answer: before, at and after the start


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request to come: asked `at_s` seconds into the run, planned `ahead_s` later (None: at once)."""

    key: str
    place: str
    operation: str
    params: dict[str, Any]
    batches: int = 0  # of its script, for a SQL update
    at_s: float
    ahead_s: float | None
    cancel_s: float | None

    def body(self, now: datetime) -> dict[str, Any]:
        """What is sent. Asked again, it must be the same: it is made once."""
        planned = {} if self.ahead_s is None else {"planned_at": (now + timedelta(seconds=self.ahead_s)).isoformat()}
        return {
            "operation": self.operation,
            "place": self.place,
            "params": self.params,
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


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where wishes may go: environments whose servers are restarted; data centers, and those that may be restored."""

    environments: list[str]
    data_centers: list[str]
    restorable: list[str]


def wishes(seed: int, jobs: int, ground: Ground, over_s: float) -> list[Wish]:
    """The wishes of a run, in the order of asking."""
    chance = random.Random(f"wishes-{seed}")
    moments = sorted(chance.uniform(0, over_s) for _ in range(jobs))
    return [_wish(chance, f"seed{seed}-wish{n}", ground, at_s) for n, at_s in enumerate(moments, 1)]


def _wish(chance: random.Random, key: str, ground: Ground, at_s: float) -> Wish:
    operation = chance.choices(*zip(*OPERATIONS, strict=True))[0]
    place, params, batches = _what(chance, operation, ground, key)
    return Wish(
        key=key,
        place=place,
        operation=operation,
        params=params,
        batches=batches,
        at_s=at_s,
        ahead_s=chance.uniform(*AHEAD_S) if chance.random() < PLANNED else None,
        cancel_s=chance.uniform(*CANCEL_S) if chance.random() < CANCELLED else None,
    )


def _what(chance: random.Random, operation: str, ground: Ground, key: str) -> tuple[str, dict[str, Any], int]:
    """The place, the parameters, and the number of the script's batches. Scripts and packages are there before."""
    match operation:
        case "iis-restart":
            order = "all-at-once" if chance.random() < ALL_AT_ONCE else "one-by-one"
            return chance.choice(ground.environments), {"order": order}, 0
        case "sql-update":
            return (
                chance.choice(ground.data_centers),
                {"backup_first": chance.random() < BACKED_UP},
                chance.randint(3, 12),
            )
        case "restore":
            place = chance.choice(ground.restorable)
            others = [p for p in ground.data_centers if p != place and p.split("/")[0] == place.split("/")[0]]
            how = "in-place" if chance.random() < IN_PLACE else "beside"
            return place, {"from_data_center": chance.choice(others), "how": how}, 0
        case "rename":
            database = f"CH_{key.replace('-', '_')}"
            return chance.choice(ground.data_centers), {"new_name": f"chaos {key}", "database": database}, 0
        case "bacpac-import":
            return chance.choice(ground.restorable), {"backup_first": chance.random() < BACKED_UP}, 0
    return chance.choice(ground.data_centers), {}, 0


def now() -> datetime:
    """The wall clock of this machine, the only one there is."""
    return datetime.now(UTC)
