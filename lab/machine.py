"""What the WinRM server asks of the Windows host behind it. `lab.winrm` is the wire, `lab.host` is the host."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Signal = Literal["terminate", "ctrl_c", "ctrl_break"]

# Where a fault strikes on the wire, seen from one request. The server asks `Machine.wire_fault` at each point.
WirePoint = Literal["before", "after"]
WireFault = Literal["none", "cut", "hang", "busy", "quota_shells", "quota_operations"]


@dataclass(frozen=True)
class Chunk:
    """One write of a process to `stdout` or `stderr`, in the shell's code page."""

    stream: Literal["stdout", "stderr"]
    data: bytes


class Process(Protocol):
    """A command that runs on the host. It goes on when its client vanishes."""

    pid: int

    def write(self, data: bytes, *, end: bool) -> None:
        """Bytes for standard input; `end` closes it."""

    def read(self, timeout_s: float) -> tuple[list[Chunk], int | None]:
        """Wait for output or the end. Answers (chunks in order, exit code or None while it runs).

        The exit code (signed 32 bit) comes only when no output is left.
        """

    def signal(self, name: Signal) -> None:
        """End the process with its children, as Windows does on that signal."""


class Machine(Protocol):
    """An emulated Windows host."""

    name: str  # NetBIOS name, such as APP1

    def accounts(self) -> Mapping[str, str]:
        """User name to password of the accounts that may sign in over WinRM."""

    def start(
        self, line: str, *, user: str, codepage: int, skip_cmd_shell: bool, environment: Mapping[str, str], folder: str
    ) -> Process:
        """Start a command line. Raises FileNotFoundError (skip_cmd_shell and no such program) or PermissionError."""

    def default_codepage(self) -> int:
        """936 on a zh-CN host, 437 on an en-US one."""

    def is_up(self) -> bool:
        """False while the host reboots: the server then refuses connections."""

    def wire_fault(self, action: str, point: WirePoint) -> WireFault:
        """The fault to play for a request: `action` is Create, Command, Receive, Send, Signal or Delete."""
