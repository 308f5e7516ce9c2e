"""A worker: claims what is due, runs it, keeps its leases, sweeps. Start as many as you like, on any host.

Nothing here is "only one of these": every worker does all of it, and the guarded rows decide who was first.
"""

import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from domain.errors import Overtaken, Stopped, StoreDown
from domain.event import Event, Kind
from runner.bell import Bell
from runner.claims import Claimed, Claims
from runner.engine import Engine
from runner.hold import Hold
from runner.store.store import Store
from runner.store.tx import Tx
from runner.sweeper import Sweeper

log = logging.getLogger("yunwei.worker")
FORGET_EVERY_S: Final = 600.0
SHELVE_EVERY_S: Final = 5.0
LINGER_S: Final = 0.004
CROWDED_S: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a worker does what, in real seconds."""

    slots: int = 16
    lease_s: float = 15.0
    look_s: float = 0.5
    sweep_s: float = 1.0
    write_s: float = 0.2

    @property
    def beat_s(self) -> float:
        return self.lease_s / 3


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a worker does besides its jobs, every so many real seconds, in a thread of its own. Ends soon when told."""

    name: str
    every_s: float
    do: Callable[[threading.Event], object]


def new_worker_id() -> str:
    """New at every start: a restarted host must not pass for the worker that died on it."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class Worker:
    """`start`, then `stop`. `executors_close` is called when the last job is over."""

    def __init__(
        self,
        worker_id: str,
        store: Store,
        claims: Claims,
        engine: Engine,
        bell: Bell,
        sweeper: Sweeper,
        pace: Pace,
        errands: Sequence[Errand] = (),
    ) -> None:
        self.id = worker_id
        self._store = store
        self._claims = claims
        self._engine = engine
        self._bell = bell
        self._sweeper = sweeper
        self._pace = pace
        self._errands = errands
        self._holds: dict[int, Hold] = {}
        self._guard = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._paused = False
        self._looked_at = store.clock.now()  # what was due then was seen by the last claim
        self._sure_until_s = 0.0  # until when the leases of the last claim are ours for certain
        self._threads: list[threading.Thread] = []
        self._hands: queue.SimpleQueue[Hold] = queue.SimpleQueue()

    def start(self) -> None:
        """Register and start working, in threads of its own."""
        self._store.write(self._register)
        for slot in range(self._pace.slots):
            threading.Thread(target=self._work_loop, name=f"worker-slot-{slot}", daemon=True).start()
        self._spawn("claim", self._claim_loop)
        self._spawn("hear", self._hear_loop)
        self._spawn("beat", self._every(self._pace.beat_s, self._beat))
        self._spawn("write", self._every(self._pace.write_s, self._write_remarks))
        self._spawn("sweep", self._every(self._pace.sweep_s, self._sweeper.sweep))
        self._spawn("shelve", self._every(SHELVE_EVERY_S, self._sweeper.shelve))
        self._spawn("forget", self._every(FORGET_EVERY_S, self._sweeper.forget))
        for errand in self._errands:
            self._spawn(errand.name, self._every(errand.every_s, partial(errand.do, self._stopping)))

    def stop(self, grace_s: float) -> list[int]:
        """Claim no more; let running jobs end or be handed over between two steps. Answers those left after `grace_s`.

        What is left keeps its lease until it runs out; another worker then looks at the target and decides.
        """
        self._stopping.set()
        self._wake.set()
        for claimer in self._threads[:1]:  # what a claim on its way brings is still ours to hand over
            claimer.join(timeout=grace_s)
        until, beat_at = time.monotonic() + grace_s, float("-inf")
        while self._held() and time.monotonic() < until:
            for hold in self._held():  # again and again: a claim may just have been under way
                hold.asked_to_release.set()
            if time.monotonic() - beat_at >= self._pace.beat_s:
                self._beat_quietly()
                beat_at = time.monotonic()
            self._quietly(self._flush_all)  # once: the beat and the grace are looked at in between
            self._wake.wait(0.1)
            self._wake.clear()
        left = sorted(h.job.number for h in self._held())
        self._quietly(lambda: self._store.write(lambda tx: self._unregister(tx, left)))
        for thread in self._threads:
            thread.join(timeout=2.0)
        return left

    def holds(self) -> list[int]:
        """The numbers of the jobs in hand."""
        return sorted(h.job.number for h in self._held())

    # -- loops ------------------------------------------------------------------------------------------------

    def _claim_loop(self) -> None:
        while not self._stopping.is_set():
            self._quietly(self._claim)
            self._wake.wait(self._until_next())
            if self._holds:  # busy anyway: a moment's patience lets jobs that end together make room together
                self._stopping.wait(LINGER_S)
            self._wake.clear()

    def _claim(self) -> None:
        while not self._paused and not self._stopping.is_set():
            self._sure_until_s, self._looked_at = time.monotonic() + self._pace.lease_s, self._store.clock.now()
            found = self._claims.next(self._pace.slots - len(self._holds))
            for one in found.claimed:
                self._take(one)
            if found.crowded:
                self._stopping.wait(CROWDED_S)
            elif not (found.claimed or found.more):
                return

    def _take(self, claimed: Claimed) -> None:
        hold = Hold(self._store, claimed, self.id)
        hold.sure_until_s = self._sure_until_s
        with self._guard:
            self._holds[claimed.job.number] = hold
        self._hands.put(hold)

    def _work_loop(self) -> None:
        while True:
            self._work(self._hands.get())

    def _work(self, hold: Hold) -> None:
        try:
            self._engine.run(hold)
        except Exception:  # a slot outlives it; the lease runs out, and whoever sweeps decides what that means
            log.exception("job %s: this attempt met an error of our own", hold.job.number)
        finally:
            hold.over.set()
            with self._guard:
                if self._holds.get(hold.job.number) is hold:
                    del self._holds[hold.job.number]
            self._wake.set()

    def _until_next(self) -> float:
        """Real seconds until the next job is due, at most `look_s`: rings and other hosts' clocks may be lost."""
        if self._paused or len(self._holds) >= self._pace.slots:
            return self._pace.look_s
        try:
            due = self._claims.next_due()
        except StoreDown:
            return self._pace.look_s
        if due is None:
            return self._pace.look_s
        if due > self._looked_at:  # it may have become due since
            return min(max(0.0, self._store.clock.real_s(due)), self._pace.look_s)
        return self._pace.look_s  # due already when we claimed, and yet not ours: another has it, so do not spin

    def _hear_loop(self) -> None:
        while not self._stopping.is_set():
            if len(self._holds) >= self._pace.slots:  # leave the ring to a worker that has room
                self._stopping.wait(self._pace.write_s)
                continue
            rung = self._bell.hear(self._stopping)
            if any(n in self._holds for n in rung):
                self._quietly(self._beat)  # a cancel of a job in hand
            if rung:
                self._wake.set()
        self._bell.close()  # this thread's own connection

    def _beat(self) -> None:
        """Renew the leases of the jobs in hand; learn which were cancelled or lost. Independent of the work."""
        sure_until_s = time.monotonic() + self._pace.lease_s  # before the store is asked: never later than the lease
        for hold, state in self._store.write(self._renew):
            if state is None:
                hold.stop(lost=True)
                continue
            hold.sure_until_s = sure_until_s
            if state == "stopping":
                hold.stop()

    def _renew(self, tx: Tx) -> list[tuple[Hold, str | None]]:
        me = tx.row("beat", id=self.id, at=tx.now())
        self._paused = bool(me and me["paused"])
        until = tx.ahead(self._pace.lease_s)
        answers: list[tuple[Hold, str | None]] = []
        for hold in self._held():
            key = {"number": hold.job.number, "epoch": hold.job.epoch, "worker": self.id}
            row = tx.row("renew_lease", lease_until=until, **key)
            if row and hold.lease_until and hold.lease_until < tx.now():
                # It slept past its lease, and nobody has noticed. Time has passed, and a window may have closed: handed
                # back between two steps, it goes on only if the policies still allow it.
                hold.asked_to_release.set()
            hold.lease_until = until
            if not hold.over.is_set():
                answers.append((hold, row["state"] if row else None))
        return answers

    def _beat_quietly(self) -> None:
        self._quietly(self._beat)

    def _write_remarks(self) -> None:
        """Store what the jobs in hand have said; at once again while one of them says more than that."""
        self._flush_all()
        while any(hold.is_talkative for hold in self._held()) and not self._stopping.is_set():
            self._flush_all()

    def _flush_all(self) -> None:
        for hold in self._held():
            try:
                hold.flush()
            except (Overtaken, Stopped):
                hold.stop(lost=True)

    # -- within -----------------------------------------------------------------------------------------------

    def _held(self) -> list[Hold]:
        with self._guard:
            return list(self._holds.values())

    def _every(self, seconds: float, work: Callable[[], object]) -> Callable[[], None]:
        def loop() -> None:
            while not self._stopping.wait(seconds):
                self._quietly(work)

        return loop

    def _quietly(self, work: Callable[[], object]) -> None:
        """A loop outlives a database that is away; anything else is a bug, and is shouted about."""
        try:
            work()
        except StoreDown as trouble:
            log.warning("the store is away: %s", trouble)
            self._stopping.wait(self._pace.look_s)
        except Exception:
            log.exception("a worker's loop met an error of our own")
            self._stopping.wait(self._pace.look_s)

    def _spawn(self, name: str, loop: Callable[[], None]) -> None:
        thread = threading.Thread(target=loop, name=f"worker-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _register(self, tx: Tx) -> None:
        at, host = tx.now(), socket.gethostname()
        tx.moved("insert_worker", id=self.id, host=host, pid=os.getpid(), slots=self._pace.slots, at=at)
        tx.append(Event(kind=Kind.WORKER_STARTED, at=at, actor=self.id, facts={"slots": self._pace.slots}))

    def _unregister(self, tx: Tx, left: list[int]) -> None:
        tx.moved("worker_stopped", id=self.id, at=tx.now())
        tx.append(Event(kind=Kind.WORKER_STOPPED, at=tx.now(), actor=self.id, facts={"left": left}))
