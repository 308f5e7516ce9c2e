"""The life of a request: one table of moves, one method that moves a job. docs/life.md is drawn from this table."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.errors import Conflict
from domain.event import Kind
from domain.text import Text


class State(StrEnum):
    """Where a job stands."""

    PENDING = "pending"  # waits for the provider's word
    WAITING = "waiting"  # accepted; starts when due, and when its place is free
    RUNNING = "running"  # a worker holds it under a lease
    STOPPING = "stopping"  # a cancel was asked while it ran
    IN_DOUBT = "in-doubt"  # its target is to be looked at, or what it has left there taken away
    NEEDS_ATTENTION = "needs-attention"  # nobody but an operator can decide
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"  # a policy refused it when it was to start
    MISSED = "missed"  # it could not start in time
    CANCELLED = "cancelled"  # after it was accepted
    WITHDRAWN = "withdrawn"  # by the requester while it was pending
    REJECTED = "rejected"  # by the provider


_BEFORE_WORK = {Kind.CANCELLED: State.CANCELLED, Kind.REFUSED: State.REFUSED, Kind.MISSED: State.MISSED}
_WORK = {
    Kind.SUCCEEDED: State.SUCCEEDED,
    Kind.FAILED: State.FAILED,
    Kind.LOST: State.IN_DOUBT,
    Kind.UNDECIDED: State.NEEDS_ATTENTION,
    Kind.RELEASED: State.WAITING,
    Kind.CANCELLED: State.CANCELLED,
    Kind.ENDING: State.IN_DOUBT,
}

LIFE: Final[dict[State, dict[Kind, State]]] = {
    State.PENDING: {
        Kind.ACCEPTED: State.WAITING,
        Kind.WITHDRAWN: State.WITHDRAWN,
        Kind.REJECTED: State.REJECTED,
        Kind.MISSED: State.MISSED,
    },
    State.WAITING: {
        Kind.CLAIMED: State.RUNNING,
        Kind.REOPENED: State.PENDING,  # it was edited: the provider had accepted something else
        Kind.POSTPONED: State.WAITING,
        Kind.STOP_ASKED: State.WAITING,  # half done: who claims it stops it, and takes away what it left
        Kind.ENDING: State.IN_DOUBT,
        Kind.UNDECIDED: State.NEEDS_ATTENTION,  # a late start whose misfire rule is to ask
        **_BEFORE_WORK,
    },
    State.RUNNING: {**_WORK, Kind.STOP_ASKED: State.STOPPING},
    State.STOPPING: _WORK,
    State.IN_DOUBT: {
        Kind.RESUMED: State.RUNNING,
        Kind.RELEASED: State.WAITING,  # to go on, the policies are asked again: time has passed
        Kind.FAILED: State.FAILED,
        Kind.CANCELLED: State.CANCELLED,
        Kind.SUCCEEDED: State.SUCCEEDED,
        Kind.UNDECIDED: State.NEEDS_ATTENTION,
        Kind.REFUSED: State.REFUSED,
        Kind.MISSED: State.MISSED,
        Kind.ENDING: State.IN_DOUBT,
    },
    State.NEEDS_ATTENTION: {
        Kind.RUN_AGAIN: State.WAITING,
        Kind.RESUMED: State.WAITING,
        Kind.FAILED: State.FAILED,
        Kind.SUCCEEDED: State.SUCCEEDED,
        Kind.ENDING: State.IN_DOUBT,
    },
}

FINAL: Final = frozenset(State) - LIFE.keys()
HOLDING: Final = frozenset({State.RUNNING, State.STOPPING, State.IN_DOUBT, State.NEEDS_ATTENTION})
"""States in which a job holds the lock on its place."""

NOT_STARTED: Final = FINAL - {State.SUCCEEDED}
"""Final states that give a quota back, if nothing had started."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as a worker or a reader sees it. Times are UTC; `number` is the request's."""

    number: int
    version: int
    state: State
    operation: str
    tenant: str
    place: str
    planned_at: datetime
    due_at: datetime
    latest_start: datetime
    epoch: int = 0
    run: int = 1
    step: int = 0
    begun: bool = False  # the destructive step at index `step` may have had its effect
    worker: str | None = None
    lease_until: datetime | None = None
    blocked_by: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stop_asked_by: str | None = None
    outcome: dict[str, Any] | None = None
    rating: int | None = None
    percent: int = 0
    takes_lock: bool = True
    tries: int = 0  # claims so far, reconciliations among them
    rev: int = 1  # grows with every change a reader can see: the ETag
    asked_by: str = ""
    asked_at: datetime | None = None
    opinion: str | None = None

    @property
    def ending(self) -> Kind | None:
        """How it ends once what it has left is taken away; None: that is not decided."""
        word = (self.outcome or {}).get("ending")
        return Kind(word) if word else None

    def after(self, kind: Kind) -> "Job":
        """The job after a move: the only way its state changes. Raises Conflict for a move that is not in LIFE."""
        return replace(self, state=next_state(self.number, self.state, kind))


def next_state(number: int, state: State, kind: Kind) -> State:
    """Where `kind` leads from `state`. Raises Conflict if LIFE has no such move."""
    moves = LIFE.get(state, {})
    if kind not in moves:
        zh = f"运维单 {number} 当前状态为“{LABELS[state].zh}”，不能执行该操作（{kind}）"
        en = f"Request {number} is {LABELS[state].en!r}; it cannot be {kind}"
        raise Conflict(Text(zh, en), number=number, state=str(state), move=str(kind))
    return moves[kind]


LABELS: Final[dict[State, Text]] = {
    State.PENDING: Text("待处理", "pending"),
    State.WAITING: Text("等待执行中", "waiting"),
    State.RUNNING: Text("执行中", "running"),
    State.STOPPING: Text("停止中", "stopping"),
    State.IN_DOUBT: Text("核实中", "being verified"),
    State.NEEDS_ATTENTION: Text("需人工处理", "needs attention"),
    State.SUCCEEDED: Text("执行成功", "succeeded"),
    State.FAILED: Text("执行失败", "failed"),
    State.REFUSED: Text("策略拒绝", "refused by a policy"),
    State.MISSED: Text("已错过", "missed"),
    State.CANCELLED: Text("取消成功", "cancelled"),
    State.WITHDRAWN: Text("已取消", "withdrawn"),
    State.REJECTED: Text("已驳回", "rejected"),
}


class RequestState(StrEnum):
    """How the requester sees it (INT-1)."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    PROCESSED = "processed"
    COMPLETED = "completed"


REQUEST_LABELS: Final[dict[RequestState, Text]] = {
    RequestState.PENDING: Text("待处理", "pending"),
    RequestState.CANCELLED: Text("已取消", "cancelled"),
    RequestState.REJECTED: Text("已驳回", "rejected"),
    RequestState.PROCESSED: Text("已处理", "processed"),
    RequestState.COMPLETED: Text("已完成", "completed"),
}

_REQUEST_STATES = {
    State.PENDING: RequestState.PENDING,
    State.WITHDRAWN: RequestState.CANCELLED,
    State.REJECTED: RequestState.REJECTED,
}


def request_state(state: State, *, rated: bool) -> RequestState:
    """The request's state: derived, never stored. Rating an ended job completes it."""
    if rated:
        return RequestState.COMPLETED
    return _REQUEST_STATES.get(state, RequestState.PROCESSED)
