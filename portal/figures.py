"""What Prometheus reads of one portal process, in a registry of its own."""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from domain.errors import StoreDown
from intake.desk import Desk
from portal.moves_seen import MovesSeen
from portal.stored import stored

FRESH_S: Final = 5.0


class Figures(Collector):
    """Submits and answers of this process, moves that it has seen, and the store's state, read every FRESH_S."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._guard = threading.Lock()
        self._read_at = float("-inf")
        self._stored: list[Metric] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._moves = MovesSeen(desk, self._registry)
        self._submits = Counter(
            "yunwei_submits", "Submits, by what became of them", ["result"], registry=self._registry
        )
        labels = ["route", "method", "status"]
        self._http = Histogram("yunwei_http_seconds", "Until an answer begins", labels, registry=self._registry)

    def submitted(self, result: str) -> None:
        """One submit that was `accepted`, `replayed`, `refused` or `mistaken`."""
        self._submits.labels(result).inc()

    def timed(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answer."""
        self._http.labels(route, method, str(status)).observe(seconds)

    def render(self) -> bytes:
        """All figures, in Prometheus' text format."""
        with self._guard:
            try:
                self._moves.look()
            except StoreDown:
                self._read_at = float("-inf")  # the next look at the store says so
            return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        if time.monotonic() - self._read_at > FRESH_S:
            self._stored = stored(self._desk)
            self._read_at = time.monotonic()
        yield from self._stored

    def describe(self) -> Iterable[Metric]:
        return ()  # registering must not read the store
