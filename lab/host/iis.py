"""IIS: application pools, the site, worker processes, and what the site answers."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lab.host.faults import FaultBook
from lab.host.moments import utc_now
from lab.host.processes import KILLED, Entry, ProcessTable
from lab.host.services import ALREADY_RUNNING, CANNOT_CONTROL, NO_SUCH, NOT_STARTED, OK, State
from lab.host.spec import HostSpec

PoolState = Literal["Started", "Stopping", "Stopped", "Unknown"]
RAPID_FAIL = 5002
MOST_EVENTS = 200


@dataclass(frozen=True)
class WasEvent:
    """An entry of the System log by Microsoft-Windows-WAS."""

    id: int
    at: datetime
    pool: str


@dataclass
class Pool:
    """An application pool; `worker` is its w3wp, `ready_at` the monotonic time its first page is compiled."""

    name: str
    state: PoolState = "Started"
    worker: Entry | None = None
    ready_at: float = 0.0
    turn: int = 0


@dataclass(frozen=True)
class Answer:
    """What the site says to one request."""

    status: int
    body: bytes = b""
    location: str | None = None


class Iis:
    """State of IIS. `opens` is called with True when the site port shall listen and False when it shall not."""

    def __init__(
        self,
        changed: threading.Condition,
        processes: ProcessTable,
        faults: FaultBook,
        spec: HostSpec,
        opens: Callable[[bool], None],
    ) -> None:
        self._changed = changed
        self._processes = processes
        self._faults = faults
        self._spec = spec
        self._opens = opens
        self._was_running = False
        self._web_running = False
        self._events: list[WasEvent] = []
        self._pools = {name.lower(): Pool(name) for name in spec.pools}

    def service_told(self, name: str, state: State) -> None:
        """W3SVC and WAS tell each of their states; the lock is held."""
        if name == "W3SVC":
            self._web_running = state is State.RUNNING
            self._opens(self._web_running)
            if state is State.STOPPED:
                self._end_workers()
        if name == "WAS":
            self._was_running = state is State.RUNNING
            for pool in self._pools.values():
                pool.turn += 1
                pool.state = "Started" if self._was_running else "Stopped"
        if self._web_running and self._spec.start_mode == "AlwaysRunning":
            for pool in self._pools.values():
                self._begin_worker(pool)

    def pools(self) -> dict[str, PoolState]:
        """Pool name to state; Unknown while WAS does not run."""
        with self._changed:
            return {pool.name: pool.state if self._was_running else "Unknown" for pool in self._pools.values()}

    def site_state(self) -> str:
        """Started or Unknown, as appcmd says it."""
        return "Started" if self._web_running else "Unknown"

    def workers(self) -> list[tuple[str, Entry]]:
        """The living w3wp processes with their pool names."""
        with self._changed:
            pools = self._pools.values()
            return [(pool.name, pool.worker) for pool in pools if pool.worker and pool.worker.alive]

    def events_since(self, moment: datetime) -> list[WasEvent]:
        """WAS events at or after that time, newest first."""
        with self._changed:
            return [event for event in reversed(self._events) if event.at >= moment]

    def stop_pool(self, name: str) -> int:
        """Stop a pool: its worker ends later. Answers a Win32 error number."""
        with self._changed:
            pool = self._pools.get(name.lower())
            if pool is None:
                return NO_SUCH
            if pool.state != "Started" or not self._was_running:
                return CANNOT_CONTROL if pool.state == "Stopping" else NOT_STARTED
            pool.state, pool.turn = "Stopping", pool.turn + 1
            timer = threading.Timer(self._spec.timing.pool_stop_s, self._pool_stopped, (pool, pool.turn))
            timer.daemon = True
            timer.start()
            return OK

    def start_pool(self, name: str) -> int:
        """Start a pool; a worker begins with the first request, or now if always running."""
        with self._changed:
            pool = self._pools.get(name.lower())
            if pool is None:
                return NO_SUCH
            if pool.state != "Stopped" or not self._was_running:
                return {"Started": ALREADY_RUNNING, "Stopping": CANNOT_CONTROL}.get(pool.state, NOT_STARTED)
            pool.state, pool.turn = "Started", pool.turn + 1
            if self._spec.start_mode == "AlwaysRunning":
                self._begin_worker(pool)
            return OK

    def recycle_pool(self, name: str) -> int:
        """Replace the worker of a started pool."""
        with self._changed:
            pool = self._pools.get(name.lower())
            if pool is None:
                return NO_SUCH
            if pool.state != "Started" or not self._was_running:
                return NOT_STARTED
            had = pool.worker is not None and pool.worker.alive
            self._end_worker(pool)
            if had:
                self._begin_worker(pool)
            return OK

    def answer(self, path: str, host: str) -> Answer:
        """Answer one HTTP request as HTTP.sys and the site would. Blocks while the worker warms up."""
        if self._spec.host_header and host.rsplit(":", 1)[0].lower() != self._spec.host_header.lower():
            return Answer(400, b"<h2>Bad Request - Invalid Hostname</h2>")
        with self._changed:
            pool = next(iter(self._pools.values()))
            if not self._usable(pool):
                return Answer(503, b"<h2>Service Unavailable</h2>")
            self._begin_worker(pool)
            if not self._warm(pool):
                return Answer(503, b"<h2>Service Unavailable</h2>")
        if self._faults.take("site_fails"):
            return Answer(500, b"<h2>500 - Internal server error.</h2>")
        return self._page(path)

    def warm_now(self) -> None:
        """Have a warm worker in every pool: a host that has been up for long."""
        with self._changed:
            for pool in self._pools.values():
                self._begin_worker(pool)
                pool.ready_at = 0.0

    def _page(self, path: str) -> Answer:
        where = path.split("?", 1)[0].lower()
        if where == "/":
            return Answer(302, location=self._spec.site_path)
        if where == self._spec.site_path.lower():
            return Answer(200, f"<html><title>K3Cloud</title><body>{self._spec.name}</body></html>".encode())
        return Answer(404, b"<h2>404 - File or directory not found.</h2>")

    def _usable(self, pool: Pool) -> bool:
        return self._web_running and self._was_running and pool.state == "Started"

    def _warm(self, pool: Pool) -> bool:
        """Wait until the worker has compiled its first page; False when it was stopped meanwhile."""
        slow = self._faults.take("slow", where="site")
        worker = pool.worker
        ready_at = max(pool.ready_at, time.monotonic()) + (slow.seconds() if slow else 0.0)
        while worker and worker.alive and self._usable(pool):
            left_s = ready_at - time.monotonic()
            if left_s <= 0:
                return True
            self._changed.wait(left_s)
        return False

    def _begin_worker(self, pool: Pool) -> None:
        if not self._usable(pool) or (pool.worker and pool.worker.alive):
            return
        if self._faults.take("pool_fails", pool=pool.name):
            # Rapid-fail protection: the workers crashed at once, the pool is switched off.
            pool.state, pool.turn = "Stopped", pool.turn + 1
            self._events = [*self._events, WasEvent(RAPID_FAIL, utc_now(), pool.name)][-MOST_EVENTS:]
            self._changed.notify_all()
            return
        pool.worker = self._processes.begin("w3wp.exe")
        pool.ready_at = time.monotonic() + self._spec.timing.warm_up_s

    def _pool_stopped(self, pool: Pool, turn: int) -> None:
        with self._changed:
            if pool.turn == turn:
                self._end_worker(pool)
                pool.state = "Stopped"
                self._changed.notify_all()

    def _end_workers(self) -> None:
        for pool in self._pools.values():
            self._end_worker(pool)

    def _end_worker(self, pool: Pool) -> None:
        if pool.worker:
            self._processes.end(pool.worker.pid, KILLED)
            pool.worker = None
