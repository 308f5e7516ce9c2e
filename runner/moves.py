"""Every move of a job goes through `move`: LIFE allows it, the row is guarded, the event is written with it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from domain.errors import Overtaken
from domain.event import Event, Kind
from domain.job import FINAL, HOLDING, NOT_STARTED, Job, State
from domain.text import Text
from runner.store.rows import recorded
from runner.store.tx import Tx

_ALARMING: Final = frozenset({Kind.FAILED, Kind.UNDECIDED, Kind.MISSED, Kind.LOST})
"""Moves that people are told of at once."""


def move(
    tx: Tx,
    job: Job,
    kind: Kind,
    *,
    actor: str = "yunwei",
    changes: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Job:
    """Move the job in the store and tell of it. Raises Conflict (LIFE says no) or Overtaken (the row has moved on).

    The guard is the state, epoch and worker that `job` was read with, so a worker that lost its lease moves nothing,
    nor does one of before the store was replaced by another, in which number and epoch are the same.
    """
    moved = job.after(kind)
    full = {"state": moved.state.value, **_leaving(tx, moved.state), **(changes or {})}
    guard = {"state": job.state.value, "epoch": job.epoch, **({"worker": job.worker} if job.worker else {})}
    if tx.update_job(job.number, guard, full) != 1:
        raise overtaken(job)
    tx.tell(job, kind, actor, **{"from": job.state.value, "to": moved.state.value, **(facts or {})})
    if kind in _ALARMING:
        tx.tell(job, Kind.ALARM, why=kind.value, text=(facts or {}).get("text"))
    if job.takes_lock and (moved.state in FINAL or (job.state in HOLDING and moved.state not in HOLDING)):
        _unblock(tx, job)
    if moved.state in NOT_STARTED and job.started_at is None:
        _give_back(tx, job)
    return moved


def overtaken(job: Job) -> Overtaken:
    """What a worker is told that writes about a job it no longer holds."""
    zh, en = f"运维单 {job.number} 已由别的执行者接管", f"Request {job.number} is no longer held by this attempt"
    return Overtaken(Text(zh, en), number=job.number, epoch=job.epoch)


def outcome(text: Text, **facts: Any) -> dict[str, Any]:
    """The changes that record how a job ended."""
    return {"outcome": recorded({"text": text.as_dict(), **facts})}


def taken_back(job: Job, *, changed: bool) -> dict[str, Any]:
    """What a release takes back: a job that has `changed` nothing has not started, so it can still be late or missed.

    It is planned anew when it starts: by then it may have another time, and the estate other hosts.
    A job that a person has decided about (it has an outcome) keeps its start: that it goes on is that person's word.
    """
    return {} if changed or job.outcome is not None else {"started_at": None, "plan": None, "step": 0}


def _leaving(tx: Tx, state: State) -> dict[str, Any]:
    """What a state leaves behind: a worker and its lease belong to work only, an end has its time."""
    changes: dict[str, Any] = {}
    if state not in (State.RUNNING, State.STOPPING):
        changes |= {"worker": None, "lease_until": None}
    if state in FINAL:
        changes |= {"ended_at": tx.now(), "blocked_by": None, "begun": 0}
    if state is State.SUCCEEDED:
        changes["percent"] = 100
    return changes


def _unblock(tx: Tx, job: Job) -> None:
    """Those who waited for this job may try again."""
    for row in tx.rows("unblock_followers", number=job.number):
        facts = {"by": job.number}
        tx.append(Event(kind=Kind.UNBLOCKED, at=tx.now(), job=row["number"], tenant=job.tenant, facts=facts))


def _give_back(tx: Tx, job: Job) -> None:
    """Return the quota that was taken and not used. The row's own list is the receipt; it is emptied with it."""
    row = tx.row("job", number=job.number)
    for key in json.loads(row["quota_keys"]) if row else ():
        tx.moved("quota_give_back", key=key)
    tx.moved("clear_receipt", number=job.number)
