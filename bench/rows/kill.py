"""kill -9 of a worker in the middle of a destructive step: until the job's outcome is known again.

Bare huey has no number here: the message of a killed consumer is gone.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any, Final

from bench.child import Child
from bench.crew import Crew
from bench.estate import place
from bench.figures import Figure
from bench.peers.yunwei import Yunwei
from bench.rows import Run
from intake.read import show
from intake.submit import submit

LOOK_S: Final = 0.05
LONGEST_LEASES: Final = 4


def measure(run: Run) -> Iterator[Figure]:
    for _, store, plain in run.contests("ours"):
        site = replace(plain, lease_s=run.scale.lease_s)
        with Yunwei(site) as peer:
            taken = [_reconciled(peer, site, mark) for mark in range(run.scale.kills)]
        detail = {"samples_s": taken, "lease_s": site.lease_s, "median": median(taken)}
        yield Figure(row="kill", peer="ours", store=store, value=max(taken) / site.lease_s, detail=detail)


def _reconciled(peer: Yunwei, site: Any, mark: int) -> float:
    """Seconds from the kill until the job has ended, by a look at its target."""
    with Crew("ours", site) as crew:
        crew.go()
        body = {"operation": "linger", "place": place(mark), "params": {"mark": mark}, "confirm": True}
        number = submit(peer.desk, peer.actor, body).number
        _holder(peer, crew, number).kill()
        killed = time.monotonic()
        _until(lambda: show(peer.desk, peer.actor, number).is_over, LONGEST_LEASES * site.lease_s)
        return time.monotonic() - killed


def _holder(peer: Yunwei, crew: Crew, number: int) -> Child:
    """The worker process in whose hands the destructive step has begun."""
    _until(lambda: show(peer.desk, peer.actor, number).job.begun, 30.0)
    worker = show(peer.desk, peer.actor, number).job.worker or ""
    return next(w for w in crew.workers if f"-{w.pid}-" in worker)


def _until(holds: Any, timeout_s: float) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"nothing happened within {timeout_s:g} s")
        time.sleep(LOOK_S)
