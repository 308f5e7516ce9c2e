"""Planned start: how late, and never early. Jobs spread over some seconds, then many due at the same moment."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bench.crew import Crew
from bench.figures import Figure, spread
from bench.peers import Peer, peer_named
from bench.rows import WITH_DBOS, Run

AHEAD_S = 3.0
LONGEST_S = 60.0


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests(*WITH_DBOS):
        with peer_named(name)(site) as peer, Crew(name, site) as crew:
            crew.go()
            spread_out = late(peer, crew, _spread_out(run.scale.planned, run.scale.planned_over_s))
            yield from spread("skew", name, store, spread_out)
            burst = late(peer, crew, _at_once(run.scale.burst, first=run.scale.planned))
            yield Figure(row="burst.last", peer=name, store=store, value=max(burst), detail={"jobs": len(burst)})
            yield Figure(row="early", peer=name, store=store, value=min([*spread_out, *burst]))


def late(peer: Peer, crew: Crew, jobs: Sequence[tuple[int, datetime]]) -> list[float]:
    """Milliseconds from each job's planned time to its work; negative is early."""
    peer.submit_all(jobs)
    return [1000 * (crew.stamps.wait_for(mark, LONGEST_S) - at.timestamp()) for mark, at in jobs]


def _spread_out(number: int, over_s: float) -> list[tuple[int, datetime]]:
    first = datetime.now(UTC) + timedelta(seconds=AHEAD_S)
    return [(mark, first + timedelta(seconds=random.uniform(0, over_s))) for mark in range(number)]


def _at_once(number: int, first: int) -> list[tuple[int, datetime]]:
    at = datetime.now(UTC) + timedelta(seconds=AHEAD_S)
    return [(mark, at) for mark in range(first, first + number)]
