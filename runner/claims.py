"""Claiming: what is due, allowed and free becomes this worker's, by one guarded UPDATE a job."""

import json
import logging
from dataclasses import dataclass, field, replace
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
LOOKS: Final = 4  # in one round: what was read may turn out to be blocked, refused or late


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job that is ours now, with the plan as it was stored."""

    job: Job
    operation: Operation
    plan: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one look brought. `more`: look again; `crowded`: another worker claims for the same tenants just now."""

    claimed: list[Claimed] = field(default_factory=list)
    more: bool = False
    crowded: bool = False


class Claims:
    """Claims for one worker. Every due job it meets is claimed, blocked, postponed, refused or missed: never left."""

    def __init__(self, store: Store, catalog: Catalog, decider: Decider, worker: str, lease_s: float) -> None:
        self._store = store
        self._catalog = catalog
        self._decider = decider
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
        for _ in range(LOOKS):
            rows = tx.rows("due_jobs", now=tx.now(), most=free - len(claimed))
            ours = _uncontended(tx, rows)
            taken = [self._consider(tx, row) for row in ours]
            claimed += [t for t in taken if t]
            if not rows or len(ours) < len(rows) or len(claimed) == free:
                break
        return Round(claimed=claimed, crowded=len(ours) < len(rows), more=bool(rows))

    def _consider(self, tx: Tx, row: Row) -> Claimed | None:
        job, now = to_job(row), tx.now()
        try:
            operation = self._catalog.build(job.operation, json.loads(row["request_params"]))
            place = self._decider.estate.place(job.place)
            decision = self._decider.at_start(row, job, operation, place, now)
        except Mistake as mistake:  # the estate or the catalog changed since it was accepted
            self._refuse(tx, job, mistake.text)
            return None
        except Exception as error:  # a job that nobody can decide about must not keep the others from being claimed
            log.exception("job %s cannot be decided", job.number)
            self._refuse(tx, job, _undecidable(error))
            return None
        if job.started_at is None and now > job.latest_start:
            miss(tx, job, operation)
            return None
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
        except Exception as error:  # this version does not know it: nobody here can look at the target
            log.warning("job %s is in doubt and cannot be read: %s", job.number, error)
            move(tx, job, Kind.UNDECIDED, changes=outcome(_unreadable(error)), facts={"step": job.step})
            return None
        lease = tx.ahead(self._lease_s)
        tx.moved("claim_doubt", number=job.number, epoch=job.epoch, worker=self._worker, lease_until=lease)
        ours = replace(job, epoch=job.epoch + 1, worker=self._worker)
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


def _unreadable(error: Exception) -> Text:
    """Why a job cannot be worked on by this version of the product."""
    if isinstance(error, Mistake):
        return error.text
    what = f"{type(error).__name__}: {error}"
    return Text(f"无法得出执行计划：{what}", f"Its plan cannot be made or read: {what}")


def _undecidable(error: Exception) -> Text:
    """Why no policy could say yes: what cannot be decided is not done."""
    what = type(error).__name__
    return Text(f"内部错误，无法作出策略判断：{what}", f"The policies could not decide, by an error of our own: {what}")


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
