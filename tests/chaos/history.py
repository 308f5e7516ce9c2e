"""Everything the oracle judges by: the jobs, their events, the ledger, and what the customers were answered."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from domain.event import Event
from runner.store.rows import to_event, to_job
from runner.store.schema import job as jobs
from runner.store.store import Store
from tests.chaos.wishes import Asked

MOST: Final = 10_000
RESTARTS: Final = ("iisreset", "reboot")  # a host that a fault reboots restarts its IIS too

Effect = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One job as the store tells of it. `hosts` are those that its operation restarts, none for work on data."""

    number: int
    key: str
    place: str
    state: str
    planned_at: datetime
    operation: str
    hosts: tuple[str, ...]
    outcome: Mapping[str, Any]
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True)
class DataCenters:
    """As they are at the end. `rows`: wish → its batches that are there, as often as they are there; by place."""

    states: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    rows: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    strays: tuple[str, ...] = ()
    left_in_exchange: tuple[str, ...] = ()
    colours: Mapping[int, Mapping[int, str]] = field(default_factory=dict)  # job → batch → its colour
    kept: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # place → hash and salt of its password
    delivered: Mapping[int, Sequence[str]] = field(default_factory=dict)  # job → passwords that were mailed


@dataclass(frozen=True, kw_only=True)
class History:
    """A whole run."""

    jobs: Mapping[int, Told]
    asked: tuple[Asked, ...]
    effects: tuple[Effect, ...]
    audit_ok: bool
    evidence: tuple[Mapping[str, Any], ...] = ()  # of each job that needed attention
    data: DataCenters = DataCenters()


def jobs_of(store: Store, hosts: Mapping[str, tuple[str, ...]]) -> dict[int, Told]:
    """Every job of the store. `hosts` by place."""
    rows = store.select(select(jobs).order_by(jobs.c.number))
    return {row["number"]: _told(store, row, hosts) for row in rows}


def hit_by(effects: Iterable[Effect], number: int) -> set[str]:
    """The hosts that this job restarted, by the ledger."""
    return {str(e["host"]).lower() for e in effects if e["job"] == number and e["kind"] in RESTARTS}


def _told(store: Store, row: Mapping[str, Any], hosts: Mapping[str, tuple[str, ...]]) -> Told:
    job = to_job(row)
    request = store.row("request", number=job.number, version=job.version)
    events = store.rows("job_events_after", job=job.number, after=0, most=MOST)
    return Told(
        number=job.number,
        key=str(request["description"]) if request else "",
        place=job.place,
        state=job.state.value,
        planned_at=job.planned_at,
        operation=job.operation,
        hosts=hosts[job.place] if job.operation == "iis-restart" else (),
        outcome=job.outcome or {},
        events=tuple(to_event(e) for e in events),
    )


def dumped(told: Told, effects: Iterable[Effect]) -> str:
    """A job with all its events and effects, for a person who has to find out."""
    events = [{"seq": e.seq, "at": e.at.isoformat(), "kind": e.kind.value, "facts": dict(e.facts)} for e in told.events]
    mine = [dict(e) for e in effects if e["job"] == told.number]
    whole = {"number": told.number, "key": told.key, "place": told.place, "state": told.state, "outcome": told.outcome}
    return json.dumps({**whole, "events": events, "effects": mine}, ensure_ascii=False, default=str)
