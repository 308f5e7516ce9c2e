"""Claiming: what is due, allowed and free becomes this worker's, by one guarded UPDATE a job."""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from domain.catalog import Catalog
from domain.decision import Decision, Verdict
from domain.errors import Mistake
from domain.event import Kind
from domain.job import Job
from domain.operation import Lock, Misfire, Operation, Step
from domain.places import Place
from domain.text import Text
from runner.decider import Decider
from runner.moves import move, outcome
from runner.store.rows import dumps, moment, to_job
from runner.store.store import Store
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.claims")
LOOK_AHEAD: Final = 4  # rows read for each free slot: some may be blocked, refused or late


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job that is ours now, with the plan as it was stored."""

    job: Job
    operation: Operation
    plan: tuple[Step, ...]


class Claims:
    """Claims for one worker. Every due job it meets is claimed, blocked, postponed, refused or missed: never left."""

    def __init__(self, store: Store, catalog: Catalog, decider: Decider, worker: str, lease_s: float) -> None:
        self._store = store
        self._catalog = catalog
        self._decider = decider
        self._worker = worker
        self._lease_s = lease_s

    def due(self, free: int) -> list[Claimed]:
        """Claim up to `free` due jobs, longest due first."""
        return self._store.write(lambda tx: self._claim(tx, free)) if free > 0 else []

    def doubtful(self, free: int) -> list[Claimed]:
        """Take up to `free` jobs that are in doubt, to look at their targets."""
        return self._store.write(lambda tx: self._take_doubtful(tx, free)) if free > 0 else []

    def next_due(self) -> datetime | None:
        """When the next job that nothing blocks is due; may lie in the past."""
        row = self._store.row("next_due")
        return moment(row["due_at"]) if row else None

    def _claim(self, tx: Tx, free: int) -> list[Claimed]:
        rows = tx.rows("due_jobs", now=tx.now(), most=free * LOOK_AHEAD)
        if tx.is_postgres:  # always in one order, so that two claims cannot wait for each other
            for tenant in sorted({row["tenant"] for row in rows}):
                tx.rows("lock_tenant_pg", tenant=tenant)
        claimed: list[Claimed] = []
        for row in rows:
            if len(claimed) == free:
                break
            taken = self._consider(tx, row)
            claimed += [taken] if taken else []
        return claimed

    def _consider(self, tx: Tx, row: Row) -> Claimed | None:
        job, now = to_job(row), tx.now()
        try:
            operation = self._catalog.build(job.operation, json.loads(row["request_params"]))
            place = self._decider.estate.place(job.place)
        except Mistake as mistake:  # the estate or the catalog changed since it was accepted
            self._refuse(tx, job, mistake.text)
            return None
        if job.started_at is None and now > job.latest_start:
            miss(tx, job, operation)
            return None
        decision = self._decider.at_start(row, job, operation, place, now)
        if decision.verdict is not Verdict.ALLOW:
            self._not_now(tx, job, operation, decision)
            return None
        if self._is_blocked(tx, job, operation):
            return None
        return self._take(tx, row, job, operation, place, decision)

    def _not_now(self, tx: Tx, job: Job, operation: Operation, decision: Decision) -> None:
        facts: dict[str, Any] = {"decision": decision.as_dict()}
        if decision.verdict is Verdict.WAIT and decision.until:
            facts["until"] = decision.until.isoformat()
            move(tx, job, Kind.POSTPONED, changes={"due_at": decision.until}, facts=facts)
            return
        if any(r.policy == "lateness" for r in decision.against):
            miss(tx, job, operation)
            return
        self._refuse(tx, job, decision.chief.text, **facts)

    def _refuse(self, tx: Tx, job: Job, text: Text, **facts: Any) -> None:
        """A job that is half done is not refused: a person decides how it goes on."""
        kind = Kind.REFUSED if job.started_at is None else Kind.UNDECIDED
        move(tx, job, kind, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})

    def _is_blocked(self, tx: Tx, job: Job, operation: Operation) -> bool:
        if operation.traits.lock is Lock.NONE:
            return False
        by = conflict(tx, job, operation.traits.lock)
        if by is None:
            return False
        tx.moved("block", number=job.number, blocked_by=by)
        zh, en = f"等待运维单 {by} 释放该位置", f"waiting for job {by} on this place"
        tx.tell(job, Kind.BLOCKED, by=by, text=Text(zh, en).as_dict())
        return True

    def _take(
        self, tx: Tx, row: Row, job: Job, operation: Operation, place: Place, decision: Decision
    ) -> Claimed | None:
        try:
            stored = row["plan"] or dumps([s.as_data() for s in operation.plan(place)])
            plan = plan_from(stored)
        except Exception as error:  # a plan of its own making must not keep the others from being claimed
            log.exception("job %s has no plan", job.number)
            self._refuse(tx, job, _unreadable(error))
            return None
        started_at = job.started_at or tx.now()
        changes = {
            "epoch": job.epoch + 1,
            "worker": self._worker,
            "lease_until": tx.ahead(self._lease_s),
            "plan": stored,
            "started_at": started_at,
            "tries": job.tries + 1,
        }
        said = [r.policy for r in decision.reasons]
        facts = {"worker": self._worker, "epoch": job.epoch + 1, "allowed_by": said}
        moved = move(tx, job, Kind.CLAIMED, changes=changes, facts=facts)
        ours = replace(moved, epoch=job.epoch + 1, worker=self._worker, started_at=started_at)
        return Claimed(job=ours, operation=operation, plan=plan)

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
        except (Mistake, ValueError) as error:  # this version does not know it: nobody here can look at the target
            move(tx, job, Kind.UNDECIDED, changes=outcome(_unreadable(error)), facts={"step": job.step})
            return None
        lease = tx.ahead(self._lease_s)
        tx.moved("claim_doubt", number=job.number, epoch=job.epoch, worker=self._worker, lease_until=lease)
        ours = replace(job, epoch=job.epoch + 1, worker=self._worker)
        tx.tell(ours, Kind.LOOKED, worker=self._worker, epoch=ours.epoch, step=job.step)
        return Claimed(job=ours, operation=operation, plan=plan)


def miss(tx: Tx, job: Job, operation: Operation) -> None:
    """Too late: the operation's misfire rule says what follows. Recorded once, and told."""
    late_s = (tx.now() - job.planned_at).total_seconds()
    zh, en = (
        f"计划时间已过 {late_s:.0f} 秒，超过允许的延迟，未执行",
        f"Planned {late_s:.0f} s ago, later than allowed; not started",
    )
    facts = {"late_s": late_s, "latest_start": job.latest_start.isoformat()}
    kind = Kind.UNDECIDED if operation.traits.misfire is Misfire.ASK else Kind.MISSED
    text = Text(zh, en)
    move(tx, job, kind, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})
    tx.tell(job, Kind.ALARM, text=text.as_dict(), why="missed")


def _unreadable(error: Exception) -> Text:
    """Why a job cannot be worked on by this version of the product."""
    if isinstance(error, Mistake):
        return error.text
    what = f"{type(error).__name__}: {error}"
    return Text(f"无法得出执行计划：{what}", f"Its plan cannot be made or read: {what}")


def plan_from(stored: str) -> tuple[Step, ...]:
    """The plan as it was stored when the job was claimed: an upgrade in mid-job does not change it."""
    return tuple(Step.from_data(s) for s in json.loads(stored))


def conflict(tx: Tx, job: Job, lock: Lock) -> int | None:
    """The number of the job that keeps this one from its place, if any."""
    parts = job.place.split("/")
    above = "/".join(parts[:-1]) if len(parts) > 2 else ""
    below = job.place + "/"
    row = tx.row(
        "lock_conflict",
        number=job.number,
        tenant=job.tenant,
        lock_mode=lock.value,
        place=job.place,
        above=above,
        below=below,
        below_length=len(below),
        due_at=job.due_at,
    )
    return row["number"] if row else None
