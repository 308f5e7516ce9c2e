"""Real workers with real threads on real stores and bells; only the wire is scripted."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreDown
from domain.event import Kind
from domain.job import Job
from domain.text import Text
from intake.desk import Desk
from runner.bell import bell_from
from runner.claims import Claims
from runner.clock import SteadyClock
from runner.engine import Engine
from runner.patience import Patience
from runner.server_clock import server_clock
from runner.store.migrate import migrate
from runner.store.rows import to_job
from runner.store.store import Store
from runner.sweeper import Retention, Sweeper
from runner.worker import Pace, Worker
from tests.stage import Ears, ScriptedWire, desk_on

PACE = Pace(slots=4, lease_s=1.5, look_s=0.3, sweep_s=0.2, write_s=0.1)
# Never again the same name: the thread of a worker that another test killed may still write about "job 1".
_NAMES = itertools.count(1)
PATIENCE = Patience(retry_s=0.05, look_s=0.05, doubt_s=5.0)


class Forgetful(Store):
    """A store whose connection breaks once, right after the commit of an event of one kind."""

    def __init__(self, real: Store, kind: Kind) -> None:
        super().__init__(real.url, real.clock, self._hear)
        self._real, self._kind, self.forgot = real, kind, False
        self._mine = threading.local()

    def _hear(self, events: list[Any]) -> None:
        if self._real.heard:
            self._real.heard(events)
        self._mine.kinds = [e.kind for e in events]

    def write(self, body: Any) -> Any:
        self._mine.kinds = []
        answer = self._together([body])[0]  # with no batch-mates: another's thread would hear of this commit
        if self._kind in self._mine.kinds and not self.forgot:
            self.forgot = True
            raise StoreDown(Text("断", "the answer was lost"))
        return answer


@dataclass
class Shop:
    """A store, its bell, and as many workers as a test wants; each worker opens both for itself, as a process would."""

    store_url: str
    bell_url: str
    wire: ScriptedWire = field(default_factory=ScriptedWire)
    ears: Ears = field(default_factory=Ears)
    desk: Desk = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    closers: list[Callable[[], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = self.open_store()
        if self.store_url.startswith("sqlite"):
            migrate(store)
        self.desk = self._with_bell(desk_on(store))

    def open_store(self) -> Store:
        store = Store(self.store_url, SteadyClock(read=server_clock(self.store_url)), heard=self.ears.hear)
        self.closers.append(store.close)
        return store

    def forgetful_store(self, kind: Kind) -> Forgetful:
        return Forgetful(self.open_store(), kind)

    def worker(self, *, start: bool = True, store: Store | None = None, pace: Pace = PACE) -> Worker:
        """Another worker."""
        desk = self._with_bell(replace(self.desk, store=store or self.open_store()))
        name = f"w{next(_NAMES)}"
        engine = Engine({"winrm": self.wire}, lambda event, s: event.wait(s), time.monotonic, PATIENCE)
        claims = Claims(desk.store, desk.catalog, desk.decider, name, pace.lease_s)
        sweeper = Sweeper(desk.store, desk.catalog, Retention())
        worker = Worker(name, desk.store, claims, engine, desk.bell, sweeper, pace)
        self.workers.append(worker)
        if start:
            worker.start()
        return worker

    def job(self, number: int) -> Job:
        row = self.desk.store.row("job", number=number)
        assert row is not None
        return to_job(row)

    def kill(self, worker: Worker) -> None:
        """As after kill -9: it beats no more, writes no more, and its job's thread is stuck on the wire."""
        worker._stopping.set()
        worker._wake.set()
        for thread in worker._threads:
            thread.join(10)
        assert not any(t.is_alive() for t in worker._threads)
        self.workers.remove(worker)

    def close(self) -> None:
        for gate in self.wire.gates.values():
            gate.opened.set()
        left = [w.stop(grace_s=10) for w in self.workers]
        for close in reversed(self.closers):
            close()
        assert left == [[] for _ in left]

    def _with_bell(self, desk: Desk) -> Desk:
        bell = bell_from(self.bell_url)
        self.closers.append(bell.close)
        return replace(desk, bell=bell)


@pytest.fixture(params=["sqlite+sqlite", "postgres+postgres", "postgres+valkey"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    store, bell = request.param.split("+")
    urls = {"sqlite": f"sqlite:///{tmp_path}/store.db"}
    if store == "postgres":
        urls["postgres"] = request.getfixturevalue("postgres").emptied()
    bells = {"sqlite": f"sqlite:///{tmp_path}/bell.db", "postgres": urls.get("postgres", "")}
    if bell == "valkey":
        bells["valkey"] = request.getfixturevalue("valkey").url
    shop = Shop(urls[store], bells[bell])
    yield shop
    shop.close()
