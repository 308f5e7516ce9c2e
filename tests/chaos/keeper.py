"""Keeps workers and portals running as a service manager would: what died is started again a little later."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.chaos.processes import Running
from tests.chaos.wishes import now

LOOK_S: Final = 0.1
AGAIN_S: Final = 0.7


@dataclass(frozen=True, kw_only=True)
class Death:
    """A process that ended: when, and whether we killed it."""

    name: str
    pid: int
    at: datetime
    killed: bool
    exit_code: int | None


@dataclass
class Kept:
    """One place for a process."""

    name: str
    start: Callable[[], Running]
    running: Running | None = None
    again_at: float = 0.0
    guard: threading.Lock = field(default_factory=threading.Lock)


class Keeper:
    """`kill`, `freeze` and `thaw` are for the monkey; everything that ends is written down."""

    def __init__(self) -> None:
        self.deaths: list[Death] = []
        self._kept: dict[str, Kept] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def keep(self, name: str, start: Callable[[], Running]) -> None:
        """Start this process, wait until it is ready, and keep it running."""
        running = start()
        self._kept[name] = Kept(name, start, running)
        running.ready()

    def begin(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching and end everything in good order."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        running = [kept.running for kept in self._kept.values() if kept.running]
        enders = [threading.Thread(target=one.stop) for one in running]
        for each in enders:
            each.start()
        for each in enders:
            each.join()

    def names(self, prefix: str) -> list[str]:
        """The places whose name begins so."""
        return [name for name in self._kept if name.startswith(prefix)]

    def pid(self, name: str) -> int | None:
        """The process that runs there now."""
        running = self._kept[name].running
        return running.pid if running else None

    def kill(self, name: str) -> bool:
        """SIGKILL what runs there. False if nothing does, or if it is not up yet."""
        kept = self._kept[name]
        with kept.guard:
            if kept.running is None or kept.running.exit_code is not None or not kept.running.is_ready():
                return False
            at = now()
            kept.running.kill()
            self._bury(kept, killed=True, at=at)
        return True

    def freeze(self, name: str) -> Running | None:
        """SIGSTOP. Answers what was frozen, to be thawed."""
        kept = self._kept[name]
        with kept.guard:
            running = kept.running
            if running is None or running.frozen or running.exit_code is not None or not running.is_ready():
                return None
            running.freeze()
        return running

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            for kept in self._kept.values():
                with kept.guard:
                    self._mind(kept)

    def _mind(self, kept: Kept) -> None:
        if kept.running and kept.running.exit_code is not None:
            self._bury(kept, killed=False, at=now())
        if kept.running is None and time.monotonic() > kept.again_at:
            kept.running = kept.start()

    def _bury(self, kept: Kept, *, killed: bool, at: datetime) -> None:
        assert kept.running is not None
        kept.running.kill()
        self.deaths.append(
            Death(name=kept.name, pid=kept.running.pid, at=at, killed=killed, exit_code=kept.running.exit_code)
        )
        kept.running, kept.again_at = None, time.monotonic() + AGAIN_S
