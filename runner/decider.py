"""Ask the policies: gather what they may see, and nothing else, then let them decide."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.code import Code
from domain.decision import Decision, Moment, Situation, Used
from domain.job import Job
from domain.operation import Operation, Target, Traits
from domain.places import Estate, Place
from domain.request import Actor
from domain.rulebook import Quota, Rulebook
from policies import decide
from runner.letters import effective
from runner.names import Known, named, names_in
from runner.store.reading import Reading
from runner.store.rows import to_actor
from runner.store.tx import Tx
from runner.usage import usage_of

HISTORY: Final = 5  # runs whose median is the estimate


@dataclass(frozen=True, kw_only=True)
class Decider:
    """The estate and the rulebook, as they are now."""

    estate: Estate
    rules: Rulebook
    _memory: dict[Known, Estate] = field(default_factory=dict, repr=False, compare=False)

    def here(self, reading: Reading) -> Estate:
        """The estate as it is called now: with every rename that is committed."""
        known = names_in(reading)
        if not known:
            return self.estate
        if known not in self._memory:
            self._memory.clear()
            self._memory[known] = named(self.estate, known)
        return self._memory[known]

    def at_start(self, tx: Tx, row: Mapping[str, Any], job: Job, operation: Operation, place: Place) -> Decision:
        """The last word before a worker begins. The requester's roles are those of today."""
        actor, now = _requester(row), tx.now()
        situation = self._situation(Moment.START, now, now, actor, operation, place, job=job)
        return decide(_with_what_it_needs(tx, situation))

    def asked(
        self,
        tx: Tx,
        moment: Moment,
        at: datetime | None,
        actor: Actor,
        operation: Operation,
        place: Place,
        job: Job | None = None,
    ) -> Situation:
        """What the policies see when somebody submits, edits, approves or cancels. No time named means now."""
        now = tx.now()
        situation = self._situation(moment, now, at or now, actor, operation, place, job=job)
        situation = replace(situation, estimate=from_history(tx, operation, place))
        quotas = tuple(_used(tx, q, place, operation, now) for q in self.quotas(operation))
        return _with_what_it_needs(tx, replace(situation, quotas=quotas))

    def offered(self, tx: Tx, moment: Moment, actor: Actor, operation: type[Operation], place: Place) -> Situation:
        """What the policies see of an operation that nobody has filled in yet: would it be accepted now?"""
        now, traits = tx.now(), operation.traits
        quotas = self.rules.quotas_of(traits.quota_class)
        situation = Situation(
            moment=moment,
            now=now,
            at=now,
            actor=actor,
            place=place,
            traits=traits,
            rules=self.rules,
            estimate=traits.takes,
            quotas=tuple(_used(tx, q, place, operation, now) for q in quotas),
        )
        return _with_what_it_needs(tx, situation)

    def passing(
        self,
        reading: Reading,
        moment: Moment,
        traits: Traits,
        actor: Actor,
        place: Place,
        now: datetime,
        code: Code | None = None,
    ) -> Decision:
        """May this actor fetch something of a place, or bring it there, that no request was made for?"""
        situation = Situation(
            moment=moment,
            now=now,
            at=now,
            actor=actor,
            place=place,
            traits=traits,
            rules=self.rules,
            estimate=traits.takes,
            code=code,
        )
        return decide(_with_what_it_needs(reading, situation))

    def quotas(self, operation: Operation) -> tuple[Quota, ...]:
        """The quotas that count this operation."""
        return self.rules.quotas_of(operation.traits.quota_class)

    def _situation(
        self,
        moment: Moment,
        now: datetime,
        at: datetime,
        actor: Actor,
        operation: Operation,
        place: Place,
        *,
        job: Job | None,
    ) -> Situation:
        return Situation(
            moment=moment,
            now=now,
            at=at,
            actor=actor,
            place=place,
            traits=operation.traits,
            rules=self.rules,
            estimate=operation.estimate(place),
            held=job is not None,
            planned_at=job.planned_at if job else None,
            underway=job is not None and job.started_at is not None,
        )


def from_history(reading: Reading, operation: Operation, place: Place) -> timedelta:
    """How long it is likely to take: the median of its last successes there, or the operation's own word."""
    if operation.traits.target is not Target.DATA_CENTER:
        return operation.estimate(place)  # restarts take as long as their rule says; and submits must stay quick
    rows = reading.rows("last_success", place=place.path, operation=operation.name, most=HISTORY)
    if not rows:
        return operation.estimate(place)
    return timedelta(microseconds=median(r["ended_at"] - r["started_at"] for r in rows))


def _with_what_it_needs(reading: Reading, situation: Situation) -> Situation:
    """What only some operations ask for, read for those alone: claiming must stay quick."""
    if situation.traits.letter:
        letters = effective(reading, situation.place.tenant.name, situation.now)
        situation = replace(situation, letters=letters)
    if situation.traits.traffic:
        situation = replace(situation, usage=usage_of(reading, situation.place.tenant))
    return situation


def quota_key(quota: Quota, place: Place, operation: Operation | type[Operation], now: datetime) -> str:
    """The counter of a tenant's local day or month, such as `acme|restart|day|2026-11-24`."""
    local = now.astimezone(place.tenant.zone)
    period = local.strftime("%Y-%m-%d" if quota.period == "day" else "%Y-%m")
    return f"{place.tenant.name}|{operation.traits.quota_class}|{quota.period}|{period}"


def _used(tx: Tx, quota: Quota, place: Place, operation: Operation | type[Operation], now: datetime) -> Used:
    key = quota_key(quota, place, operation, now)
    row = tx.row("quota_used", key=key)
    resets_at = _next_period(quota, now, place.tenant.zone)
    return Used(key=key, used=row["used"] if row else 0, limit=quota.limit, resets_at=resets_at)


def _next_period(quota: Quota, now: datetime, zone: ZoneInfo) -> datetime:
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = timedelta(days=1) if quota.period == "day" else timedelta(days=32 - midnight.day)
    start = midnight + days
    return start if quota.period == "day" else start.replace(day=1)


def _requester(row: Mapping[str, Any]) -> Actor:
    """Who asked, with today's roles; somebody who left has none, and the policies say no."""
    active = bool(row["actor_active"])
    return to_actor(row["asked_by"], row["actor_tenant"], row["actor_roles"] if active else json.dumps([]))
