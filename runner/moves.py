"""Every move of a job goes through `move`: LIFE allows it, the row is guarded, the event is written with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from domain.errors import Overtaken
from domain.event import Event, Kind
from domain.job import FINAL, HOLDING, NOT_STARTED, Job, State
from domain.text import Text
from runner.leavings import Trace, has_changed, leavings, outline
from runner.store.rows import dumps, recorded
from runner.store.tx import Tx, Update

_ALARMING: Final = frozenset({Kind.FAILED, Kind.UNDECIDED, Kind.MISSED, Kind.LOST})
"""Moves that people are told of at once."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """A move to be made: which job, which way, what changes with it, what is told of it."""

    job: Job
    kind: Kind
    actor: str = "yunwei"
    changes: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def move(
    tx: Tx,
    job: Job,
    kind: Kind,
    *,
    actor: str = "yunwei",
    changes: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Job:
    """Move one job: see `move_all`."""
    return move_all(tx, [Move(job=job, kind=kind, actor=actor, changes=changes or {}, facts=facts or {})])[0]


def move_all(tx: Tx, moves: Sequence[Move]) -> list[Job]:
    """Move jobs in the store, as one message, and tell of it; all change the same columns.

    Raises Conflict (LIFE says no) or Overtaken (a row has moved on): then the transaction must not be committed.
    The guard is the state, epoch and worker that a job was read with, so a worker that lost its lease moves nothing,
    nor does one of before the store was replaced by another, in which number and epoch are the same.
    """
    moved = [m.job.after(m.kind) for m in moves]
    updates = [_update(tx, m, after.state) for m, after in zip(moves, moved, strict=True)]
    if updates and tx.update_jobs(updates) != len(updates):
        raise overtaken(moves[0].job)
    for one, after in zip(moves, moved, strict=True):
        _tell(tx, one, after)
        _let_go(tx, one.job, after)
    return moved


def _update(tx: Tx, move: Move, state: State) -> Update:
    job = move.job
    guard = {"state": job.state.value, "epoch": job.epoch, **({"worker": job.worker} if job.worker else {})}
    return Update(number=job.number, guard=guard, changes={"state": state.value, **_leaving(tx, state), **move.changes})


def _tell(tx: Tx, move: Move, after: Job) -> None:
    job, facts = move.job, move.facts
    tx.tell(job, move.kind, move.actor, **{"from": job.state.value, "to": after.state.value, **facts})
    if move.kind in _ALARMING:
        tx.tell(job, Kind.ALARM, why=move.kind.value, text=facts.get("text"))


def _let_go(tx: Tx, job: Job, after: Job) -> None:
    """What a move gives back: the place that the job held or stood in line for, a quota that was not used."""
    if job.takes_lock and (after.state in FINAL or (job.state in HOLDING and after.state not in HOLDING)):
        tx.gather(_unblock, job.number)
    if after.state in NOT_STARTED and job.started_at is None:
        _give_back(tx, job)


def overtaken(job: Job) -> Overtaken:
    """What a worker is told that writes about a job it no longer holds."""
    zh, en = f"运维单 {job.number} 已由别的执行者接管", f"Request {job.number} is no longer held by this attempt"
    return Overtaken(Text(zh, en), number=job.number, epoch=job.epoch)


def outcome(text: Text, **facts: Any) -> dict[str, Any]:
    """The changes that record how a job ended."""
    return {"outcome": recorded({"text": text.as_dict(), **facts})}


def taken_back(job: Job, plan: Sequence[Trace], step: int, *, exact: bool = False) -> dict[str, Any]:
    """What a release before `step` takes back: a job that has changed nothing has not started: it can still be missed.

    One that has left nothing either is planned anew when it starts: by then it may have another time, and the estate
    other hosts. `exact`: no other worker came further than `step`.
    A job that a person has decided about (it has an outcome) keeps its start: that it goes on is that person's word.
    """
    if job.outcome is not None or has_changed(plan, step):
        return {}
    if any(leavings(plan, step - 1, again=False) if exact else leavings(plan, step, again=True)):
        return {"started_at": None}
    return {"started_at": None, "plan": None, "step": 0}


def wind_up(
    tx: Tx, job: Job, stored: str | None, kind: Kind, text: Text, *, actor: str = "yunwei", **facts: Any
) -> Job:
    """End a job that no worker holds; `stored` is its plan. What it may have left is taken away by a worker before."""
    told = {"text": text.as_dict(), **facts}
    if not any(leavings(outline(stored), job.step, again=True)):
        return move(tx, job, kind, actor=actor, changes=outcome(text, **facts), facts=told)
    ending = outcome(text, ending=kind.value, **facts) | {"due_at": tx.now()}
    return move(tx, job, Kind.ENDING, actor=actor, changes=ending, facts={**told, "ending": kind.value})


def kept_ending(job: Job) -> dict[str, Any]:
    """That its ending was decided is kept with what becomes of it: something of it may be taken away by now."""
    return {"ending": job.ending.value} if job.ending else {}


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


def _unblock(tx: Tx, numbers: list[int]) -> None:
    """Those who waited for these jobs may try again."""
    followers = tx.rows("followers", numbers=dumps(numbers))
    tx.many("unblock", [{"number": row["number"]} for row in followers])
    for row in followers:
        facts = {"by": row["blocked_by"]}
        tx.append(Event(kind=Kind.UNBLOCKED, at=tx.now(), job=row["number"], tenant=row["tenant"], facts=facts))


def _give_back(tx: Tx, job: Job) -> None:
    """Return the quota that was taken and not used. The row's own list is the receipt; it is emptied with it."""
    row = tx.row("job", number=job.number)
    for key in json.loads(row["quota_keys"]) if row else ():
        tx.moved("quota_give_back", key=key)
    tx.moved("clear_receipt", number=job.number)
