"""What a running program sees of its host: its process, its streams, its environment, and the faults in its way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lab.host.console import Console
from lab.host.faults import FaultBook
from lab.host.files import FileTree
from lab.host.iis import Iis
from lab.host.ledger import Ledger, Origin
from lab.host.processes import Entry, ProcessTable
from lab.host.services import Services
from lab.host.spec import HostSpec

if TYPE_CHECKING:
    from lab.sqlserver import SqlServer

LONGEST_S = 4 * 3600.0


class Killed(Exception):
    """The process was ended from outside while its program ran."""


class World(Protocol):
    """The parts of a host that programs act on; `lab.host.host.Host` is one."""

    spec: HostSpec
    changed: threading.Condition
    processes: ProcessTable
    services: Services
    iis: Iis
    files: FileTree
    faults: FaultBook
    ledger: Ledger
    booted: str
    sql: "SqlServer | None"  # on a database server, what runs on it besides

    def reboot(self, down_s: float | None = None, origin: Origin | None = None) -> None:
        """Restart Windows."""


@dataclass
class Session:
    """One process of the emulation, as its program sees it. `point` marks where faults may strike."""

    world: World
    entry: Entry
    console: Console
    user: str
    codepage: int
    folder: str
    environment: dict[str, str]
    origin: Origin = field(default_factory=Origin)
    # Set while cmd redirects or PowerShell captures: takes (stream, bytes) instead of the console.
    divert: Callable[[str, bytes], None] | None = None

    def out(self, text: str) -> None:
        """Write to standard output in the code page of the console."""
        self.write("stdout", text.encode(encoding(self.codepage), "replace"))

    def err(self, text: str) -> None:
        """Write to standard error in the code page of the console."""
        self.write("stderr", text.encode(encoding(self.codepage), "replace"))

    def write(self, stream: str, data: bytes) -> None:
        """Write bytes to a stream."""
        if self.divert:
            self.divert(stream, data)
        else:
            self.console.put("stderr" if stream == "stderr" else "stdout", data)

    def check(self) -> None:
        """Raises Killed when this process is dead."""
        if not self.entry.alive:
            raise Killed

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Hold the host still for an effect: a process that was ended has none any more. Raises Killed."""
        with self.world.changed:
            self.check()
            yield

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a change of the host; False when it did not come in time. Raises Killed."""
        changed = self.world.changed
        with changed:
            changed.wait_for(lambda: not self.entry.alive or until(), min(timeout_s, LONGEST_S))
            self.check()
            return until()

    def sleep(self, seconds: float) -> None:
        """Let time pass. Raises Killed."""
        self.wait(lambda: False, seconds)

    def record(self, kind: str, **detail: object) -> None:
        """Write an effect into the ledger."""
        self.world.ledger.record(self.world.spec.name, kind, self.origin, **detail)

    def begin(self, label: str, *, inner: bool = False) -> None:
        """The faults that strike when a program or script begins; one inside a script only when named."""
        slow = self.world.faults.take("slow", named_only=inner, where="command", match=label)
        if slow:
            self.sleep(slow.seconds())
        hang = self.world.faults.take("hang", named_only=inner, match=label)
        if hang:
            self.sleep(hang.seconds())
        self.point("start", label)

    def point(self, when: str, label: str) -> None:
        """A place in the work where the host may be restarted by a fault."""
        reboot = self.world.faults.take("reboot_mid_command", when=when, match=label)
        if reboot:
            self.world.reboot(reboot.seconds(), self.origin)
        self.check()

    def run_child(self, name: str, program: Callable[["Session", list[str]], int], words: list[str]) -> int:
        """Run a program as a child process and answer its exit code. Raises Killed when the parent died."""
        self.check()
        entry = self.world.processes.begin(name, self.entry.pid)
        child = Session(**{**vars(self), "entry": entry})
        code = run_to_end(child, lambda: program(child, words))
        self.check()
        return code


def run_to_end(session: Session, program: Callable[[], int]) -> int:
    """Run a program in its process and end the process with its exit code."""
    try:
        code = program()
    except Killed:
        code = 1
    except Exception as error:
        # A gap of the lab must be loud, never look like a host that did well.
        session.err(f"lab: internal error in {session.entry.name}: {type(error).__name__}: {error}\r\n")
        code = 70
    session.world.processes.end(session.entry.pid, code)
    return session.entry.exit_code if session.entry.exit_code is not None else code


def encoding(codepage: int) -> str:
    """The Python codec of a Windows code page. Raises LookupError for one the lab does not know."""
    known = {65001: "utf-8", 936: "gbk", 437: "cp437", 850: "cp850", 1252: "cp1252", 20127: "ascii"}
    if codepage not in known:
        raise LookupError(f"lab: unknown code page {codepage}")
    return known[codepage]
