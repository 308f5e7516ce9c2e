"""Rows as the nouns of the domain, and back. Moments are microseconds in the store, aware datetimes outside."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, overload

from domain.event import Event, Kind
from domain.job import Job, State
from domain.request import Actor, Request, Role
from domain.secret import shown

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def micros(moment: datetime) -> int: ...
@overload
def micros(moment: None) -> None: ...
def micros(moment: datetime | None) -> int | None:
    """A moment as the store holds it. A naive one raises."""
    return None if moment is None else (moment - EPOCH) // _MICROSECOND


@overload
def moment(value: int) -> datetime: ...
@overload
def moment(value: None) -> None: ...
def moment(value: int | None) -> datetime | None:
    """A stored moment, aware, UTC."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no blanks, text as it is."""
    # Half a surrogate pair, which a host's JSON may hold, stays escaped: no database takes it otherwise.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def recorded(facts: Mapping[str, Any]) -> str:
    """Facts as JSON. What JSON cannot say needs the slow walk: secrets become dots, NaN and infinity text."""
    try:
        return dumps(facts)
    except (TypeError, ValueError):
        return dumps(shown(facts))


def to_job(row: Mapping[str, Any]) -> Job:
    return Job(
        number=row["number"],
        version=row["version"],
        state=State(row["state"]),
        operation=row["operation"],
        tenant=row["tenant"],
        place=row["place"],
        planned_at=moment(row["planned_at"]),
        due_at=moment(row["due_at"]),
        latest_start=moment(row["latest_start"]),
        epoch=row["epoch"],
        run=row["run"],
        step=row["step"],
        begun=bool(row["begun"]),
        worker=row["worker"],
        lease_until=moment(row["lease_until"]),
        blocked_by=row["blocked_by"],
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        stop_asked_by=row["stop_asked_by"],
        outcome=json.loads(row["outcome"]) if row["outcome"] else None,
        rating=row["rating"],
        percent=row["percent"],
        takes_lock=row["lock_mode"] != "none",
        tries=row["tries"],
        rev=row["rev"],
        asked_by=row["asked_by"],
        asked_at=moment(row["asked_at"]),
        opinion=row["opinion"],
    )


def to_request(row: Mapping[str, Any]) -> Request:
    return Request(
        number=row["number"],
        version=row["version"],
        operation=row["operation"],
        place=row["place"],
        tenant=row["tenant"],
        params=json.loads(row["params"]),
        planned_at=moment(row["planned_at"]),
        asked_at=moment(row["asked_at"]),
        asked_by=row["asked_by"],
        description=row["description"],
        email=row["email"],
    )


def to_event(row: Mapping[str, Any]) -> Event:
    """A stored event. One whose text outlived its retention says so in its facts."""
    facts = json.loads(row["body"]) if row["body"] is not None else {"expired": True}
    return Event(
        kind=Kind(row["kind"]),
        at=moment(row["at"]),
        job=row["job"],
        tenant=row["tenant"],
        actor=row["actor"],
        facts=facts,
        seq=row["seq"],
    )


def to_actor(name: str, tenant: str | None, roles: str, scopes: str | None = None) -> Actor:
    actor = Actor(name=name, tenant=tenant, roles=frozenset(Role(r) for r in json.loads(roles)))
    if scopes is None:
        return actor
    return Actor(name=name, tenant=tenant, roles=actor.roles, scopes=frozenset(json.loads(scopes)))
