"""Output lines of a job: stored per second, sent to a watcher per second, and how late a watcher sees them."""

import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from bench.child import Child
from bench.figures import Figure, at_share
from bench.peers.yunwei import Yunwei
from bench.rows import Run
from bench.site import Site
from bench.web import Portal

PACED_PER_S: Final = 10_000
PACED_SHARE: Final = 0.5  # of the lines of the flood
LONGEST_S: Final = 120.0


def measure(run: Run) -> Iterator[Figure]:
    for _, store, site in run.contests("ours"):
        with Yunwei(site) as peer, Portal(site, peer) as portal:
            flood = _watched(site, portal, run.scale.lines, 0)
            yield _figure("lines.stored", store, run.scale.lines / flood["stored_s"], flood)
            yield _figure("lines.streamed", store, run.scale.lines / flood["streamed_s"], flood)
            paced = _watched(site, portal, int(run.scale.lines * PACED_SHARE), PACED_PER_S)
            yield _figure("lines.lag", store, paced["lag_max_ms"], {**paced, "asked_per_s": PACED_PER_S})


def _watched(site: Site, portal: Portal, lines: int, per_s: int) -> dict[str, float]:
    """Have a job say `lines` lines while somebody watches. Raises RuntimeError if one is lost, doubled or displaced."""
    talker = Child(site, "bench.talker", str(lines), str(per_s))
    try:
        number = int(talker.ready())
        watcher = _Watcher(portal, number, lines)
        talker.go()
        stored_s = float(talker.hear("done", LONGEST_S))
        return {"stored_s": stored_s, "stored_per_s": lines / stored_s, **watcher.result()}
    finally:
        talker.stop()


class _Watcher:
    """Follows one job over server-sent events in a thread of its own, from the moment it is made."""

    def __init__(self, portal: Portal, number: int, lines: int) -> None:
        self._lines = lines
        self._seen: list[tuple[int, float, float]] = []  # index, said at, seen at
        self._events = portal.watch(f"/api/v1/requests/{number}/events")
        next(self._events)  # connected
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def result(self) -> dict[str, float]:
        """What was seen, once all of it was."""
        self._thread.join(LONGEST_S)
        if [index for index, _, _ in self._seen] != list(range(self._lines)):
            raise RuntimeError(f"the watcher saw {len(self._seen)} of {self._lines} lines, or not in order")
        lags = [1000 * (seen - said) for _, said, seen in self._seen]
        streamed_s = self._seen[-1][2] - self._seen[0][1]
        return {"streamed_s": streamed_s, "lag_p50_ms": at_share(lags, 0.5), "lag_max_ms": max(lags), "lost": 0}

    def _watch(self) -> None:
        for event in self._events:
            if event.get("kind") == "output":
                index, said = event["facts"]["line"].split()
                self._seen.append((int(index), int(said) / 1e9, time.time()))
            if len(self._seen) == self._lines:
                return


def _figure(row: str, store: str, value: float, detail: dict[str, Any]) -> Figure:
    return Figure(row=row, peer="ours", store=store, value=value, detail=detail)
