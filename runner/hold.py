"""A worker's hold on one job: whether to stop, and the only way to write about it while it runs.

Every write names the epoch. One that moves no row means that somebody else holds the job now: this attempt stops.
Remarks (output, progress, harmless steps) are gathered and written together with the next commit.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from domain.command import Facts, Fence
from domain.errors import Overtaken, Stopped
from domain.event import Event, Kind
from domain.job import Job, State
from domain.operation import Judgement, Operation, Step
from domain.text import Text
from runner.artifacts import record
from runner.claims import Claimed
from runner.leavings import is_proven
from runner.moves import move, outcome, overtaken, taken_back
from runner.patience import patiently
from runner.store.rows import dumps, micros, to_job
from runner.store.store import Store
from runner.store.tx import Tx

T = TypeVar("T")
Remark = Callable[[Tx], object]  # writes itself into the transaction of the next commit
MOST_REMARKS: Final = 5_000
MAX_LINE: Final = 8000
ROOM_S: Final = 10.0  # how long a line waits for the ones before it to be stored


class Hold:
    """One claimed job in the hands of one worker. Thread safe: output, heartbeat and work write to it."""

    def __init__(self, store: Store, claimed: Claimed, worker: str) -> None:
        self.job: Job = claimed.job
        self.operation: Operation = claimed.operation
        self.plan: tuple[Step, ...] = claimed.plan
        self.worker = worker
        self.step = claimed.job.step
        self.run = claimed.job.run
        self.lease_until = claimed.job.lease_until
        self.lost = threading.Event()
        self.asked_to_stop = threading.Event()
        self.asked_to_release = threading.Event()
        self.disturbed = threading.Event()  # lost or asked to stop
        self.over = threading.Event()
        self.sure_until_s = math.inf  # on our own monotonic clock: from then on the lease may be another's
        self._store = store
        self._remarks: list[Remark] = []
        self._on_the_way = 0  # remarks that were taken and are not committed yet
        self._full = False
        self._guard = threading.Lock()
        self._room = threading.Condition(self._guard)
        self._wakers: list[Callable[[], None]] = []
        if claimed.job.stop_asked_by:
            self.stop()

    # -- being told -------------------------------------------------------------------------------------------

    def stop(self, *, lost: bool = False) -> None:
        """End the work: somebody cancelled the job, or it is no longer ours."""
        (self.lost if lost else self.asked_to_stop).set()
        self.disturbed.set()
        with self._room:
            wakers = list(self._wakers)
            self._room.notify_all()
        for wake in wakers:
            wake()

    def on_stop(self, wake: Callable[[], None]) -> None:
        with self._guard:
            self._wakers.append(wake)

    def check_ours(self) -> None:
        """Raise Overtaken if the job may be another's by now: we were frozen, or without the store, for too long."""
        if self.lost.is_set() or time.monotonic() > self.sure_until_s:
            raise overtaken(self.job)

    def check(self) -> None:
        """Raise Overtaken or Stopped if this attempt is to end. Called before every send."""
        self.check_ours()
        if self.asked_to_stop.is_set():
            raise self._stopped()

    def fence(self, *, seal: bool = False) -> Fence:
        asked = micros(self.job.asked_at) or 0
        return Fence(job=self.job.number, asked=asked, run=self.run, epoch=self.job.epoch, seal=seal)

    # -- remarks ----------------------------------------------------------------------------------------------

    def note(self, kind: Kind, **facts: Any) -> None:
        """A remark, written with the next commit."""
        event = self._event(kind, facts)
        self._remember(lambda tx: tx.append(event))

    def under_way(self, step: Step, judgement: Judgement) -> None:
        """How far a step is that is asked about again and again: what its evidence calls `progress`."""
        if told := judgement.evidence.get("progress"):
            about = {"title": step.title.as_dict(), "text": judgement.text.as_dict()}
            self.note(Kind.PROGRESS, step=step.key, **about, **told)

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        """How part `number` of the step at hand stands, written with the next commit. Never raises."""
        if self.lost.is_set():
            return
        colour = str(facts.get("colour", ""))
        row = {"job": self.job.number, "step": self._key(), "number": number, "colour": colour, "facts": dumps(facts)}
        looked = int(bool(facts.get("looked")))
        self._remember(lambda tx: tx.later("put_part", **row, looked=looked))

    def made(self, artifact: Mapping[str, Any]) -> None:
        """An artifact that this job made, recorded with the next commit."""
        self._remember(lambda tx: record(tx, self.job, artifact))

    def _remember(self, remark: Remark) -> None:
        with self._guard:
            self._remarks.append(remark)

    def say(self, stream: str, line: str) -> None:
        """A line of output. Never raises: it is called from within the wire.

        A flood is slowed down to what the store takes. When the store takes nothing for ROOM_S, lines are dropped
        instead, and the log says where: the work matters more than its output.
        """
        if self.lost.is_set() or not (self._has_room() or self._wait_for_room()):
            return
        self._full = False
        self.note(Kind.OUTPUT, step=self._key(), stream=stream, line=line[:MAX_LINE])

    def _wait_for_room(self) -> bool:
        with self._room:
            if not self._full and self._room.wait_for(self._is_settled, ROOM_S):
                return self._has_room()
            if self._full:  # somebody else has waited in vain already, and has said so
                return False
            self._full = True
        self.note(Kind.OUTPUT, step=self._key(), stream="note", line="… output is lost here", incomplete=True)
        return False

    def _has_room(self) -> bool:
        return len(self._remarks) + self._on_the_way < MOST_REMARKS

    def _is_settled(self) -> bool:
        """Whether waiting for room is over, one way or another."""
        return self._has_room() or self.lost.is_set()

    @property
    def is_talkative(self) -> bool:
        """Whether so much has gathered that it should be written now. What is over says nothing more."""
        return len(self._remarks) >= MOST_REMARKS // 2 and not self.over.is_set()

    def flush(self) -> None:
        """Write the remarks that have gathered."""
        if self._remarks and not self.over.is_set():
            self._write("still_mine", percent=self._percent())

    # -- guarded writes ---------------------------------------------------------------------------------------

    def begin(self, index: int, run: int) -> None:
        """Commit that the destructive step `index` is about to be sent. Raises Stopped or Overtaken: then do not."""
        self.step, self.run = index, run
        step = self.plan[index]
        self.note(Kind.STEP_BEGUN, step=step.key, title=step.title.as_dict(), run=run, on=step.effect_on)
        self._write("begin_step", step=index, run=run, percent=self._percent(), now=None)

    def record(self, index: int) -> None:
        """Commit that the steps before `index` are over."""
        self.step = index
        self._write("record_step", step=index, run=self.run, percent=self._percent())

    def end(self, kind: Kind, text: Text, **facts: Any) -> None:
        """Move the job out of this worker's hands; last remarks and the move are one transaction."""
        changes = {**outcome(text, **facts), "step": self.step}
        self._leave(kind, changes, {"text": text.as_dict(), **facts})

    def release(self, text: Text) -> None:
        """Hand the job back between two steps: the next worker goes on from here."""
        back = taken_back(self.job, self.plan, self.step, exact=self.job.tries == 1)
        changes = {"step": self.step, "begun": 0, "run": self.run, **back}
        self._leave(Kind.RELEASED, changes, {"text": text.as_dict()})

    def resume(self, *, step: int) -> None:
        """Out of doubt: go on with `step`."""
        changes = {"step": step, "begun": 0, "run": self.run}
        self._stay(Kind.RESUMED, changes, {"step": step}, lambda job: job.state is not State.IN_DOUBT)
        self.step = step

    def ending(self, kind: Kind, text: Text, **facts: Any) -> None:
        """Commit how it is to end, before what it left is taken away. It stays in our hands meanwhile."""
        changes = {**outcome(text, ending=kind.value, **facts), "step": self.step}
        told = {"text": text.as_dict(), **facts, "ending": kind.value}
        self._stay(Kind.ENDING, changes, told, lambda job: job.ending is not None)

    # -- within -----------------------------------------------------------------------------------------------

    def _leave(self, kind: Kind, changes: Facts, facts: Facts) -> None:
        self._commit(lambda tx: self._move(tx, kind, changes, facts))
        self.over.set()

    def _stay(self, kind: Kind, changes: Facts, facts: Facts, is_done: Callable[[Job], bool]) -> None:
        """A move after which it is still ours. `is_done`: it was committed before, and the answer was lost."""

        def body(tx: Tx) -> Job:
            job = self._current(tx)
            ours = {"worker": job.worker, "lease_until": job.lease_until, **changes}
            return job if is_done(job) else move(tx, job, kind, changes=ours, facts=facts)

        self.job = self._commit(body)

    def _move(self, tx: Tx, kind: Kind, changes: Facts, facts: Facts) -> Job:
        """The row as we know it is the guard; only when it has moved (a cancel, mostly) is it read first."""
        if not self.disturbed.is_set():
            try:
                return move(tx, self.job, kind, changes=changes, facts=facts)
            except Overtaken:
                pass
        job = self._current(tx)
        to_be_stopped = job.state is State.STOPPING and not is_proven(self.plan, self.step)
        if kind is Kind.RELEASED and to_be_stopped:  # nobody goes on with it
            raise self._stopped()
        return move(tx, job, kind, changes=changes, facts=facts)

    def _current(self, tx: Tx) -> Job:
        """The job's row, locked, if it is still ours. Its state may have become STOPPING meanwhile."""
        row = tx.row("job_for_update", number=self.job.number)
        if row is None or row["epoch"] != self.job.epoch or row["worker"] != self.worker:
            self.lost.set()
            raise overtaken(self.job)
        return to_job(row)

    def _write(self, statement: str, **params: Any) -> None:
        def body(tx: Tx) -> None:
            given: dict[str, Any] = {k: tx.now() if k == "now" else v for k, v in params.items()}
            key = {"number": self.job.number, "epoch": self.job.epoch, "worker": self.worker}
            if tx.moved(statement, **key, **given) != 1:
                self._refused(tx)

        self._commit(body)

    def _refused(self, tx: Tx) -> None:
        """Why no row moved: a cancel (the row is still ours, and stopping), or somebody else's epoch."""
        if self._current(tx).state is State.STOPPING:
            raise self._stopped()
        self.lost.set()
        raise overtaken(self.job)

    def _stopped(self) -> Stopped:
        """A cancel was committed before we heard of it."""
        self.asked_to_stop.set()
        return Stopped(Text("已按要求停止", "stopped as asked"), number=self.job.number, started=False)

    def _commit(self, body: Callable[[Tx], T]) -> T:
        """Run `body` in a transaction together with the remarks so far. They are kept if it does not happen."""
        taken: list[Remark] = []

        def together(tx: Tx) -> T:
            taken.extend(self._take_remarks())  # now, not before: the end of a job may come first, and takes them all
            for remark in taken:
                remark(tx)
            return body(tx)

        try:
            return patiently(self._store, together, self.over.wait)
        except Overtaken:  # nobody wants the remarks of an attempt that was overtaken
            raise
        except Exception:
            with self._guard:
                self._remarks = taken + self._remarks
            raise
        finally:
            self._arrived(len(taken))

    def _take_remarks(self) -> list[Remark]:
        with self._room:
            remarks, self._remarks = self._remarks, []
            self._on_the_way += len(remarks)
            return remarks

    def _arrived(self, number: int) -> None:
        """So many are no longer on their way: they are stored, put back, or nobody's any more."""
        with self._room:
            self._on_the_way -= number
            self._room.notify_all()

    def _event(self, kind: Kind, facts: Mapping[str, Any]) -> Event:
        return Event(kind=kind, at=self._now(), job=self.job.number, tenant=self.job.tenant, facts=facts)

    def _now(self) -> datetime:
        return self._store.clock.now()

    def _key(self) -> str:
        return self.plan[self.step].key if self.step < len(self.plan) else ""

    def _percent(self) -> int:
        return 100 * self.step // max(1, len(self.plan))
