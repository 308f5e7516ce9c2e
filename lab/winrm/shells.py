"""The shells of one host and the commands in them. They outlive the connections of their clients."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lab.machine import Chunk, Process
from lab.winrm.faults import ACCESS_DENIED, COMMAND_UNKNOWN, QUOTA_SHELLS, SHELL_UNKNOWN, Fault

MAX_SHELLS_PER_USER: Final = 30
MAX_OUTPUT_BYTES: Final = 60_000  # raw, in one answer: below every client's envelope after base64
STREAM_OVERHEAD_BYTES: Final = 160  # of one rsp:Stream element around its base64
SLICE_S: Final = 0.5  # how long a vanished client can hold on to a command's output


class ClientGone(Exception):
    """The client closed its connection while it waited. The output stays for its next Receive."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """What one Receive answers. `exit_code` is None while the command runs."""

    chunks: tuple[Chunk, ...]
    exit_code: int | None


class Command:
    """A running or finished command with the output nobody has fetched yet."""

    def __init__(self, command_id: str, process: Process) -> None:
        self.id = command_id
        self.process = process
        self.done = False  # its end has been fetched
        self._pending: list[Chunk] = []
        self._exit_code: int | None = None
        self._lock = threading.Lock()

    def receive(
        self, streams: Iterable[str], *, timeout_s: float, budget_bytes: int, is_waited_for: Callable[[], bool]
    ) -> Output | None:
        """Wait for output or the end; None when there was none in time. Raises ClientGone, Fault."""
        wanted = frozenset(streams)
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = deadline - time.monotonic()
            with self._lock:
                if self.done:
                    raise Fault(COMMAND_UNKNOWN)
                self._pump(wanted, min(SLICE_S, max(left_s, 0.0)))
                if not is_waited_for():
                    raise ClientGone
                if (output := self._take(wanted, budget_bytes)) is not None:
                    return output
            if left_s <= 0:
                return None

    def end(self) -> None:
        """Kill the command, if it still runs."""
        if self._exit_code is None:
            self.process.signal("terminate")

    def _pump(self, wanted: frozenset[str], wait_s: float) -> None:
        """Move what the process has written to the pending output; wait only when nothing is pending."""
        if self._exit_code is not None or sum(len(chunk.data) for chunk in self._pending) > MAX_OUTPUT_BYTES:
            return
        is_pending = any(chunk.stream in wanted for chunk in self._pending)
        chunks, self._exit_code = self.process.read(0.0 if is_pending else wait_s)
        self._pending += chunks
        if chunks and self._exit_code is None:  # text and end that come together are answered together
            chunks, self._exit_code = self.process.read(0.0)
            self._pending += chunks

    def _take(self, wanted: frozenset[str], budget_bytes: int) -> Output | None:
        taken: list[Chunk] = []
        kept: list[Chunk] = []
        room = budget_bytes
        for chunk in self._pending:
            piece = _fitting(chunk, room) if chunk.stream in wanted else 0
            room -= STREAM_OVERHEAD_BYTES + len(chunk.data) * 4 // 3 if chunk.stream in wanted else 0
            if piece:
                taken.append(Chunk(chunk.stream, chunk.data[:piece]))
            if piece < len(chunk.data):
                kept.append(Chunk(chunk.stream, chunk.data[piece:]))
        self._pending = kept
        over = self._exit_code is not None and not any(chunk.stream in wanted for chunk in kept)
        if not taken and not over:
            return None
        self.done = over
        return Output(chunks=tuple(taken), exit_code=self._exit_code if over else None)


class Shell:
    """A command shell of one user, with its environment, folder and code page."""

    def __init__(
        self, *, owner: str, codepage: int, environment: Mapping[str, str], folder: str, idle_s: float, life_s: float
    ) -> None:
        self.id = ""
        self.owner = owner
        self.codepage = codepage
        self.environment = environment
        self.folder = folder
        self.idle_s = idle_s
        self.commands: dict[str, Command] = {}
        self._ends_at = time.monotonic() + life_s
        self.touch()

    def touch(self) -> None:
        """The shell is in use: its idle time starts over."""
        self.used_at = time.monotonic()

    def is_over(self, now: float) -> bool:
        """Whether its idle time or its lifetime has passed."""
        return now >= self._ends_at or now - self.used_at >= self.idle_s

    def command(self, command_id: str) -> Command:
        """The command with that id. Raises Fault."""
        command = self.commands.get(command_id.upper())
        if command is None:
            raise Fault(COMMAND_UNKNOWN)
        return command

    def end(self) -> None:
        """Kill everything that runs in it."""
        for command in list(self.commands.values()):
            command.end()


class Shells:
    """All open shells of a host."""

    def __init__(self) -> None:
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()

    def open(self, shell_id: str, shell: Shell) -> None:
        """Add a shell under that id. Raises Fault when its owner has too many."""
        shell.id = shell_id.upper()
        self.end_idle()
        with self._lock:
            mine = sum(other.owner == shell.owner for other in self._shells.values())
            if mine >= MAX_SHELLS_PER_USER:
                raise Fault(QUOTA_SHELLS)
            self._shells[shell.id] = shell

    def find(self, shell_id: str, user: str) -> Shell:
        """The user's shell with that id, which counts as used now. Raises Fault."""
        with self._lock:
            shell = self._shells.get(shell_id.upper())
            if shell is None or shell.is_over(time.monotonic()):
                raise Fault(SHELL_UNKNOWN)
            if shell.owner != user:
                raise Fault(ACCESS_DENIED)
            shell.touch()
            return shell

    def close(self, shell: Shell) -> None:
        """Remove a shell and kill its commands."""
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.end()

    def end_idle(self) -> None:
        """Close the shells that nobody has used for their idle time, or whose lifetime is over."""
        now = time.monotonic()
        with self._lock:
            over = [shell for shell in self._shells.values() if shell.is_over(now)]
        for shell in over:
            self.close(shell)

    def end_all(self) -> None:
        """Close every shell."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.end()


def _fitting(chunk: Chunk, room_bytes: int) -> int:
    """How many bytes of a chunk still go into the answer."""
    return max(0, min(len(chunk.data), (room_bytes - STREAM_OVERHEAD_BYTES) * 3 // 4))
