"""How jobs moved since this process started: counted from the events, each once, when Prometheus asks."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.event import Kind
from intake.desk import Desk
from runner.store.rows import moment

MOST: Final = 20_000
ROUNDS: Final = 10
OVERLAP: Final = timedelta(seconds=1)  # transactions may be committed a little out of the order of their times
_DELAYS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class MovesSeen:
    """Counts moves by kind, and how long after its due time each job started first."""

    def __init__(self, desk: Desk, registry: CollectorRegistry) -> None:
        self._desk = desk
        self._after = desk.store.clock.now()
        self._seen: set[int] = set()
        self._moves = Counter("yunwei_moves", "Moves of jobs since this process started", ["kind"], registry=registry)
        about = "First start minus due time, since this process started"
        self._delay = Histogram("yunwei_start_delay_seconds", about, registry=registry, buckets=_DELAYS)

    def look(self) -> None:
        """Count what is new. Raises StoreDown."""
        for _ in range(ROUNDS):
            rows = self._read()
            for row in rows:
                if row["seq"] not in self._seen:
                    self._count(row)
            self._seen = {row["seq"] for row in rows}
            if rows:
                newest: int = rows[-1]["at"]
                full = len(rows) == MOST
                self._after = max(self._after, moment(newest) - (timedelta(0) if full else self._overlap()))
            if len(rows) < MOST:
                return

    def _read(self) -> list[Mapping[str, Any]]:
        return self._desk.store.rows("moves_since", since=self._after, most=MOST)

    def _count(self, row: Mapping[str, Any]) -> None:
        self._moves.labels(row["kind"]).inc()
        if row["kind"] == Kind.CLAIMED and json.loads(row["body"]).get("epoch") == 1:
            delay_s = (row["at"] - row["due_at"]) / 1_000_000 / self._desk.store.clock.speed
            self._delay.observe(max(0.0, delay_s))

    def _overlap(self) -> timedelta:
        return OVERLAP * self._desk.store.clock.speed
