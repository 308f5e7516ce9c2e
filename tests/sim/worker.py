"""A worker's process in the simulator: the real worker, engine, claims and sweeper, with turns instead of threads."""

from collections.abc import Callable
from typing import Any, TypeVar

from domain.errors import StoreDown
from intake.desk import Desk
from runner.claims import Claimed, Claims
from runner.engine import Engine
from runner.hold import Hold
from runner.patience import Patience
from runner.store.tx import Tx
from runner.sweeper import Retention, Sweeper
from runner.worker import Pace, Worker
from tests.sim.wire import SimWire
from tests.sim.world import SECOND, Party, World

T = TypeVar("T")
PACE = Pace(slots=3, lease_s=15.0, look_s=4.0, sweep_s=6.0, write_s=5.0)
PATIENCE = Patience(retry_s=1.0, look_s=4.0, doubt_s=90.0)


class SimFlag:
    """An event whose waiting is a turn given up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float) -> bool:
        self._world.wait(self, timeout)
        return self._is_set


class SimHold(Hold):
    """The real hold; while it writes, the oracle knows for which job and epoch."""

    def __init__(self, world: World, store: Any, claimed: Claimed, worker: str) -> None:
        super().__init__(store, claimed, worker)
        self._world = world
        self.begun_us = world.now_us
        self.over = SimFlag(world)  # type: ignore[assignment]  # waited for when the store is down

    def _commit(self, body: Callable[[Tx], T]) -> T:
        actor = self._world.current
        if actor is None:
            return super()._commit(body)
        before, actor.hold = actor.hold, self
        try:
            return super()._commit(body)
        finally:
            actor.hold = before


class SimWorker(Worker):
    """The real worker's methods, driven by loops that take turns."""

    def __init__(self, world: World, desk: Desk, wire: SimWire, name: str) -> None:
        wires = {"winrm": wire, "site": wire, "together": wire}
        claims = Claims(desk.store, desk.catalog, desk.decider, name, PACE.lease_s)
        engine = Engine(wires, world.wait, lambda: world.now_us / SECOND, PATIENCE)
        sweeper = Sweeper(desk.store, desk.catalog, Retention())
        super().__init__(name, desk.store, claims, engine, desk.bell, sweeper, PACE)
        self.world = world
        self.party: Party = world.party(name, "worker")
        self._beat_now = SimFlag(world)

    def begin(self) -> None:
        """Register, then all loops."""
        self.world.spawn(self.party, f"{self.id}/start", self._start)

    def rung(self, numbers: list[int]) -> None:
        """What its ear does with rings: wake the claims, and beat at once for a job in hand."""
        if any(n in self._holds for n in numbers):
            self._beat_now.set()
        self._wake.set()

    def leave(self, grace_s: float) -> None:
        """The graceful stop: hand over between two steps, say goodbye, be gone."""
        self._stopping.set()
        for hold in self._held():
            hold.asked_to_release.set()
        until = self.world.now_us + int(grace_s * SECOND)
        while self._held() and self.world.now_us < until:
            self.world.wait(None, 1.0)
        self._quietly(lambda: self._store.write(lambda tx: self._unregister(tx, self.holds())))
        self.world.kill(self.party)

    def _start(self) -> None:
        if not self._try(lambda: self._store.write(self._register)):
            self.world.kill(self.party)  # a worker that cannot say hello does not stay
            return
        for name, loop in (("claim", self._claiming), ("beat", self._beating), ("sweep", self._sweeping)):
            self.world.spawn(self.party, f"{self.id}/{name}", loop)

    def _claiming(self) -> None:
        while not self._stopping.is_set():
            self._try(self._claim)
            wait_s = PACE.look_s
            if not self._stopping.is_set():
                wait_s = max(0.0, self._until_next())
            self.world.wait(self._wake, wait_s * self.world.dice.uniform(0.8, 1.2), idle=True)
            self._wake.clear()

    def _beating(self) -> None:
        while True:
            self.world.wait(self._beat_now, PACE.beat_s, idle=True)
            self._beat_now.clear()
            self._try(self._beat)
            self._try(self._write_remarks)

    def _sweeping(self) -> None:
        while not self._stopping.is_set():
            self.world.wait(None, PACE.sweep_s * self.world.dice.uniform(0.5, 1.5), idle=True)
            self._try(self._sweeper.sweep)

    def _take(self, claimed: Claimed) -> None:
        hold = SimHold(self.world, self._store, claimed, self.id)
        self._holds[claimed.job.number] = hold
        name = f"{self.id}/job-{claimed.job.number}"
        self.world.spawn(self.party, name, lambda: self._work(hold), hold=hold)

    def _try(self, work: Callable[[], object]) -> bool:
        """A loop outlives a store that is away. Anything else ends the greenlet, which the world calls a violation."""
        try:
            work()
        except StoreDown:
            return False
        return True
