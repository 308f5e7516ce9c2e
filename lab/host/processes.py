"""The process table: pids, parents, start times, and how processes end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lab.host.moments import utc_now

FIRST_PID = 1000
LAST_PID = 60_000
KILLED = 1  # exit code of TerminateProcess as taskkill calls it
CONTROL_C = -1073741510  # 0xC000013A


@dataclass(eq=False)
class Entry:
    """One process. It is alive while `exit_code` is None."""

    pid: int
    name: str
    parent: int
    started: datetime
    exit_code: int | None = None
    on_end: list[Callable[[int], None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self.exit_code is None


class ProcessTable:
    """Pids are multiples of four, as on Windows, and are re-used late."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._entries: dict[int, Entry] = {}
        self._last = FIRST_PID

    def begin(self, name: str, parent: int = 4) -> Entry:
        """Add a process under a fresh pid."""
        with self._changed:
            pid = self._next_pid()
            entry = Entry(pid, name, parent, utc_now())
            self._entries[pid] = entry
            self._changed.notify_all()
            return entry

    def find(self, pid: int) -> Entry | None:
        """The living process with that pid."""
        with self._changed:
            return self._entries.get(pid)

    def all(self) -> list[Entry]:
        """Every living process, by pid."""
        with self._changed:
            return sorted(self._entries.values(), key=lambda entry: entry.pid)

    def end(self, pid: int, exit_code: int, *, tree: bool = False) -> list[Entry]:
        """End a process, with its descendants if asked; answers those that lived until now."""
        with self._changed:
            pids = [*(self._descendants(pid) if tree else []), pid]
            ended = [self._entries.pop(each) for each in pids if each in self._entries]
            for entry in ended:
                entry.exit_code = exit_code
            self._changed.notify_all()
        for entry in ended:
            for tell in entry.on_end:
                tell(exit_code)
        return ended

    def end_all(self, exit_code: int) -> None:
        """Every process dies at once, as at a reboot."""
        for entry in self.all():
            self.end(entry.pid, exit_code)

    def _next_pid(self) -> int:
        for _ in range(FIRST_PID, LAST_PID, 4):
            self._last = self._last + 4 if self._last + 4 < LAST_PID else FIRST_PID
            if self._last not in self._entries:
                return self._last
        raise RuntimeError("lab: the process table is full")

    def _descendants(self, pid: int) -> list[int]:
        children = [entry.pid for entry in self._entries.values() if entry.parent == pid]
        return [each for child in children for each in (*self._descendants(child), child)]
