"""Admission: may a due job begin now, and with which plan? One that may not is told why, and leaves the line."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from domain.catalog import Catalog
from domain.decision import Decision, Verdict
from domain.errors import Mistake
from domain.event import Kind
from domain.job import Job
from domain.operation import Misfire, Operation, Step
from domain.places import Place
from domain.text import Text
from runner.decider import Decider
from runner.moves import move, outcome, wind_up
from runner.store.rows import dumps, to_job
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.admission")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A due job that may begin, if its place is free. `stored` is its plan as text."""

    job: Job
    operation: Operation
    decision: Decision
    plan: tuple[Step, ...]
    stored: str


class Admission:
    """Asks the policies a last time, and makes the plan."""

    def __init__(self, catalog: Catalog, decider: Decider) -> None:
        self._catalog = catalog
        self._decider = decider

    def admit(self, tx: Tx, row: Row) -> Candidate | None:
        """None: it was refused, missed or postponed, and that is written down."""
        job, now = to_job(row), tx.now()
        try:
            operation = self._catalog.build(job.operation, json.loads(row["request_params"]))
            place = self._decider.here(tx).place(job.place)
            decision = self._decider.at_start(tx, row, job, operation, place)
        except Mistake as mistake:  # the estate or the catalog changed since it was accepted
            _refuse(tx, job, row["plan"], mistake.text)
            return None
        except Exception as error:  # a job that nobody can decide about must not keep the others from being claimed
            log.exception("job %s cannot be decided", job.number)
            _refuse(tx, job, row["plan"], _undecidable(error))
            return None
        if job.started_at is None and now > job.latest_start:
            miss(tx, job, row["plan"], operation)
            return None
        if decision.verdict is not Verdict.ALLOW and not job.stop_asked_by:  # to be stopped it needs no leave
            _not_now(tx, job, row["plan"], operation, decision)
            return None
        return _planned(tx, row, job, operation, place, decision)


def _planned(tx: Tx, row: Row, job: Job, operation: Operation, place: Place, decision: Decision) -> Candidate | None:
    try:
        stored = row["plan"] or dumps([s.as_data() for s in operation.plan(place)])
        plan = plan_from(stored)
    except Exception as error:  # a plan of its own making must not keep the others from being claimed
        log.exception("job %s has no plan", job.number)
        _refuse(tx, job, row["plan"], unreadable(error))
        return None
    return Candidate(job=job, operation=operation, decision=decision, plan=plan, stored=stored)


def _not_now(tx: Tx, job: Job, stored: str | None, operation: Operation, decision: Decision) -> None:
    facts: dict[str, Any] = {"decision": decision.as_dict()}
    if decision.verdict is Verdict.WAIT and decision.until:
        facts["until"] = decision.until.isoformat()
        move(tx, job, Kind.POSTPONED, changes={"due_at": decision.until}, facts=facts)
        return
    if any(r.policy == "lateness" for r in decision.against):
        miss(tx, job, stored, operation)
        return
    _refuse(tx, job, stored, decision.chief.text, **facts)


def _refuse(tx: Tx, job: Job, stored: str | None, text: Text, **facts: Any) -> None:
    """A job that is half done is not refused: a person decides how it goes on."""
    if job.started_at is None:
        wind_up(tx, job, stored, Kind.REFUSED, text, **facts)
    else:
        move(tx, job, Kind.UNDECIDED, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})


def miss(tx: Tx, job: Job, stored: str | None, operation: Operation) -> None:
    """Too late: the operation's misfire rule says what follows. Recorded once, and told."""
    late_s = (tx.now() - job.planned_at).total_seconds()
    zh, en = (
        f"计划时间已过 {late_s:.0f} 秒，超过允许的延迟，未执行",
        f"Planned {late_s:.0f} s ago, later than allowed; not started",
    )
    facts: dict[str, Any] = {"late_s": late_s, "latest_start": job.latest_start.isoformat()}
    text = Text(zh, en)
    if operation.traits.misfire is Misfire.ASK:
        move(tx, job, Kind.UNDECIDED, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})
    else:
        wind_up(tx, job, stored, Kind.MISSED, text, **facts)


def plan_from(stored: str) -> tuple[Step, ...]:
    """The plan as it was stored when the job was claimed: an upgrade in mid-job does not change it."""
    return tuple(Step.from_data(s) for s in json.loads(stored))


def unreadable(error: Exception) -> Text:
    """Why a job cannot be worked on by this version of the product."""
    if isinstance(error, Mistake):
        return error.text
    what = f"{type(error).__name__}: {error}"
    return Text(f"无法得出执行计划：{what}", f"Its plan cannot be made or read: {what}")


def _undecidable(error: Exception) -> Text:
    """Why no policy could say yes: what cannot be decided is not done."""
    what = type(error).__name__
    return Text(f"内部错误，无法作出策略判断：{what}", f"The policies could not decide, by an error of our own: {what}")
