"""Claiming: what is due, allowed and free becomes this worker's, each by its guarded UPDATE, a round in one go."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from domain.catalog import Catalog
from domain.event import Kind
from domain.job import Job
from domain.operation import Lock, Operation, Step
from domain.text import Text
from runner.admission import Admission, Candidate, plan_from, unreadable
from runner.decider import Decider
from runner.moves import Move, kept_ending, move, move_all, outcome
from runner.store.rows import dumps, micros, moment, to_job
from runner.store.store import Store
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.claims")
LOOKS: Final = 4  # in one round: what was read may turn out to be blocked, refused or late


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job that is ours now, with the plan as it was stored."""

    job: Job
    operation: Operation
    plan: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round brought.

    `more`: look again, also for those whom this round has freed. `crowded`: another worker claims for the same tenants
    just now.
    """

    claimed: list[Claimed] = field(default_factory=list)
    more: bool = False
    crowded: bool = False


class Claims:
    """Claims for one worker. Every due job it meets is claimed, blocked, postponed, refused or missed: never left."""

    def __init__(self, store: Store, catalog: Catalog, decider: Decider, worker: str, lease_s: float) -> None:
        self._store = store
        self._catalog = catalog
        self._admission = Admission(catalog, decider)
        self._worker = worker
        self._lease_s = lease_s

    def next(self, free: int) -> Round:
        """One round, in one transaction: doubtful jobs first, then those that are due, longest due first."""
        if free <= 0:
            return Round()
        return self._store.write(lambda tx: self._round(tx, free))

    def due(self, free: int) -> list[Claimed]:
        """Claim up to `free` due jobs, longest due first."""
        return self._store.write(lambda tx: self._claim(tx, free)).claimed if free > 0 else []

    def doubtful(self, free: int) -> list[Claimed]:
        """Take up to `free` jobs that are in doubt, to look at their targets."""
        return self._store.write(lambda tx: self._take_doubtful(tx, free)) if free > 0 else []

    def next_due(self) -> datetime | None:
        """When the next job that nothing blocks is due; may lie in the past."""
        row = self._store.row("next_due")
        return moment(row["due_at"]) if row else None

    def _round(self, tx: Tx, free: int) -> Round:
        doubtful = self._take_doubtful(tx, free)
        due = self._claim(tx, free - len(doubtful))
        return replace(due, claimed=doubtful + due.claimed)

    def _claim(self, tx: Tx, free: int) -> Round:
        """Read no more rows than there is room for: what one claim has locked, no other can see."""
        claimed: list[Claimed] = []
        seen = False
        for _ in range(LOOKS):
            rows = tx.rows("due_jobs", now=tx.now(), most=free - len(claimed))
            seen = seen or bool(rows)
            ours = _uncontended(tx, rows)
            admitted = [c for c in (self._admission.admit(tx, row) for row in ours) if c]
            claimed += self._take(tx, _unblocked(tx, admitted))
            if not rows or len(ours) < len(rows) or len(claimed) == free:
                break
        return Round(claimed=claimed, crowded=len(ours) < len(rows), more=seen)

    def _take(self, tx: Tx, candidates: Sequence[Candidate]) -> list[Claimed]:
        now, lease = tx.now(), tx.ahead(self._lease_s)
        moved = move_all(tx, [self._claiming(c, now, lease) for c in candidates])
        return [self._claimed(job, c, now, lease) for job, c in zip(moved, candidates, strict=True)]

    def _claiming(self, candidate: Candidate, now: datetime, lease: datetime) -> Move:
        job = candidate.job
        changes = {
            "epoch": job.epoch + 1,
            "worker": self._worker,
            "lease_until": lease,
            "plan": candidate.stored,
            "started_at": job.started_at or now,
            "tries": job.tries + 1,
        }
        said = [r.policy for r in candidate.decision.reasons]
        facts = {"worker": self._worker, "epoch": job.epoch + 1, "allowed_by": said}
        return Move(job=job, kind=Kind.CLAIMED, changes=changes, facts=facts)

    def _claimed(self, moved: Job, candidate: Candidate, now: datetime, lease: datetime) -> Claimed:
        ours = replace(moved, epoch=moved.epoch + 1, worker=self._worker, lease_until=lease)
        ours = replace(ours, started_at=moved.started_at or now, tries=moved.tries + 1)
        return Claimed(job=ours, operation=candidate.operation, plan=candidate.plan)

    def _take_doubtful(self, tx: Tx, free: int) -> list[Claimed]:
        taken = [self._take_doubt(tx, row) for row in tx.rows("doubtful_jobs", now=tx.now(), most=free)]
        return [t for t in taken if t]

    def _take_doubt(self, tx: Tx, row: Row) -> Claimed | None:
        job = to_job(row)
        request = tx.row("request", number=job.number, version=job.version)
        if request is None:
            raise RuntimeError(f"job {job.number} has no request")
        try:
            operation = self._catalog.build(job.operation, json.loads(request["params"]))
            plan = plan_from(row["plan"])
        except Exception as error:  # this version does not know it: nobody here can look at the target
            log.warning("job %s is in doubt and cannot be read: %s", job.number, error)
            move(
                tx,
                job,
                Kind.UNDECIDED,
                changes=outcome(unreadable(error), **kept_ending(job)),
                facts={"step": job.step},
            )
            return None
        lease = tx.ahead(self._lease_s)
        tx.moved("claim_doubt", number=job.number, epoch=job.epoch, worker=self._worker, lease_until=lease)
        ours = replace(job, epoch=job.epoch + 1, worker=self._worker, lease_until=lease, tries=job.tries + 1)
        tx.tell(ours, Kind.LOOKED, worker=self._worker, epoch=ours.epoch, step=job.step)
        return Claimed(job=ours, operation=operation, plan=plan)


def _uncontended(tx: Tx, rows: list[Row]) -> list[Row]:
    """On PostgreSQL one worker at a time claims what needs a place of a tenant, so that two cannot both find it free.

    Nobody waits for that: what another has in hand is left to it, and looked at again a moment later.
    """
    tenants = sorted({r["tenant"] for r in rows if r["lock_mode"] != Lock.NONE.value}) if tx.is_postgres else []
    if not tenants:
        return rows
    theirs = {r["tenant"] for r in tx.rows("lock_tenants_pg", tenants=tenants) if not r["ours"]}
    return [r for r in rows if r["lock_mode"] == Lock.NONE.value or r["tenant"] not in theirs]


def _unblocked(tx: Tx, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those whose place is free. The others are marked with the job they wait for.

    Of two candidates for one place the one that is ahead in line keeps the other out: neither is claimed yet.
    """
    ready = list(candidates)
    need_a_place = [_wanted(c.job, c.operation.traits.lock) for c in ready if c.operation.traits.lock is not Lock.NONE]
    if not need_a_place:
        return ready
    by = {r["number"]: r["blocker"] for r in tx.rows("lock_conflicts", wanted=dumps(need_a_place)) if r["blocker"]}
    blocked = [c.job for c in ready if c.job.number in by]
    tx.many("block", [{"number": job.number, "blocked_by": by[job.number]} for job in blocked])
    for job in blocked:
        _tell_blocked(tx, job, by[job.number])
    return [c for c in ready if c.job.number not in by]


def _wanted(job: Job, lock: Lock) -> dict[str, Any]:
    """The place that a job wants, and those that stand above and below it in the tree."""
    parts = job.place.split("/")
    return {
        "number": job.number,
        "tenant": job.tenant,
        "lock_mode": lock.value,
        "place": job.place,
        "above": "/".join(parts[:-1]) if len(parts) > 2 else "",
        "below": job.place + "/",
        "due_at": micros(job.due_at),
    }


def _tell_blocked(tx: Tx, job: Job, by: int) -> None:
    zh, en = f"等待运维单 {by} 释放该位置", f"waiting for job {by} on this place"
    tx.tell(job, Kind.BLOCKED, by=by, text=Text(zh, en).as_dict())
