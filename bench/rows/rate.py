"""Durable no-op jobs per second: all are recorded first, then two worker processes drain them."""

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.crew import Crew
from bench.figures import Figure
from bench.machine import cpu_s
from bench.peers import Peer, peer_named
from bench.rows import WITH_DBOS, Run
from bench.site import Site

LONGEST_S = 120.0


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests(*WITH_DBOS):
        with peer_named(name)(site) as peer:
            yield _drains(run, name, store, site, peer)


def _drains(run: Run, name: str, store: str, site: Site, peer: Peer) -> Figure:
    number, recorded, drained, cpu_ms, doubled = run.scale.drained, [], [], [], 0
    for index in range(run.scale.repeats):
        with Crew(name, site) as crew:
            recorded.append(record(peer, number, first=index * number))
            before_s = _cpu_s(crew)
            drained.append(drain(peer, crew, number))
            cpu_ms.append(1000 * (_cpu_s(crew) - before_s) / number)
            doubled += crew.stamps.doubled
    detail: dict[str, Any] = {"jobs": number, "runs": drained, "recorded_per_s": median(recorded), "doubled": doubled}
    detail["worker_cpu_ms_per_job"] = median(cpu_ms)  # what a busy machine does not change
    return Figure(row="rate", peer=name, store=store, value=median(drained), detail=detail)


def _cpu_s(crew: Crew) -> float:
    return sum(cpu_s(worker.pid) for worker in crew.workers)


def record(peer: Peer, number: int, first: int = 0) -> float:
    """Submits per second, in the fastest way the peer has."""
    before = time.time()
    peer.submit_all([(mark, None) for mark in range(first, first + number)])
    return number / (time.time() - before)


def drain(peer: Peer, crew: Crew, number: int) -> float:
    """Jobs per second from go until the last one's end is recorded."""
    started = crew.go()
    last = crew.stamps.wait_until(number, LONGEST_S)[-1]
    return number / (peer.settled(number, started, last, LONGEST_S) - started)
