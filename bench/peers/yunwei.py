"""The product itself, as its users have it: the desk to ask at, workers from the composition root."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from bench.estate import place
from bench.operations import OPERATIONS
from bench.peers import Work
from bench.site import Site
from domain.job import FINAL
from intake.desk import Desk
from intake.people import actor_named, put_account
from intake.submit import MOST_IN_BULK, Answer, submit, submit_many
from runner.store.schema import job
from wiring import Settings, make_worker, open_product

ACTOR: Final = "bench"
LOOK_S: Final = 0.05
_FINAL: Final = tuple(s.value for s in FINAL)


class Yunwei:
    """`operation` is what is submitted: the no-op with an exclusive lock on its place, or one without."""

    operation = "noop"

    def __init__(self, site: Site) -> None:
        settings = Settings(
            home=Path(site.home),
            estate=Path(site.estate),
            store=site.store_url,
            bell=site.bell_url,
            lease_s=site.lease_s,
        )
        self.product = open_product(settings, OPERATIONS)
        self.desk: Desk = self.product.desk
        put_account(self.desk, ACTOR, ACTOR, None, ["operator", "scheduler"])
        self.actor = actor_named(self.desk, ACTOR)
        self._first = 0

    def __enter__(self) -> "Yunwei":
        return self

    def __exit__(self, *error: object) -> None:
        self.product.close()

    def submit(self, mark: int, at: datetime | None = None) -> None:
        submit(self.desk, self.actor, self.body(mark, at))

    def submit_all(self, jobs: Sequence[tuple[int, datetime | None]]) -> None:
        numbers: list[int] = []
        for first in range(0, len(jobs), MOST_IN_BULK):
            bodies: list[Mapping[str, Any]] = [self.body(*j) for j in jobs[first : first + MOST_IN_BULK]]
            numbers += [_number(a) for a in submit_many(self.desk, self.actor, bodies)]
        self._first = min(numbers)

    def settled(self, number: int, since: float, last_stamp: float, timeout_s: float) -> float:
        until = time.monotonic() + timeout_s
        mine = (job.c.number >= self._first, job.c.state.in_(_FINAL), job.c.ended_at > int(since * 1e6))
        query = select(job.c.ended_at).where(*mine)
        while len(ended := self.desk.store.select(query)) < number and time.monotonic() < until:
            time.sleep(LOOK_S)
        if len(ended) >= number:
            return float(max(row["ended_at"] for row in ended)) / 1e6
        raise TimeoutError(f"{len(ended)} of {number} jobs ended within {timeout_s:g} s")

    def worker(self, slots: int) -> Work:
        return _Worker(self.product, slots)

    def body(self, mark: int, at: datetime | None = None) -> dict[str, Any]:
        """A submit, as a caller of the API would send it."""
        body = {"operation": self.operation, "place": place(mark), "params": {"mark": mark}, "confirm": True}
        return {**body, "planned_at": at.isoformat()} if at else body


def _number(answer: Answer | Exception) -> int:
    if isinstance(answer, Exception):
        raise answer
    return answer.number


class _Worker:
    def __init__(self, product: Any, slots: int) -> None:
        from runner.worker import Pace

        self._worker = make_worker(product, Pace(slots=slots, lease_s=product.settings.lease_s))

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop(grace_s=5.0)
