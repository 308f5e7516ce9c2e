"""A command that runs on the host, as the WinRM server sees it: output, input, end, signals."""

import threading
import time
from collections import deque
from typing import Literal

from lab.host.processes import CONTROL_C, KILLED, Entry, ProcessTable
from lab.machine import Chunk, Signal

MOST_KEPT_BYTES = 8 * 1024 * 1024
MOST_INPUT_BYTES = 4 * 1024 * 1024
READ_BYTES = 256 * 1024
Stream = Literal["stdout", "stderr"]


class Console:
    """Implements `lab.machine.Process`. Output is kept until read; a writer waits when too much is kept."""

    def __init__(self, root: Entry, processes: ProcessTable) -> None:
        self.pid = root.pid
        self._root = root
        self._processes = processes
        self._changed = threading.Condition()
        self._chunks: deque[Chunk] = deque()
        self._kept = 0
        self._input = bytearray()
        self._input_ended = False
        self._exit_code: int | None = None
        root.on_end.append(self._ended)

    def write(self, data: bytes, *, end: bool) -> None:
        """Standard input from the client; beyond the limit the process is ended."""
        with self._changed:
            too_much = len(self._input) + len(data) > MOST_INPUT_BYTES
            if not too_much:
                self._input += data
            self._input_ended = self._input_ended or end
            self._changed.notify_all()
        if too_much:
            self._processes.end(self.pid, KILLED, tree=True)

    def read(self, timeout_s: float) -> tuple[list[Chunk], int | None]:
        """Output as it comes; the exit code only when no output is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self._exit_code is not None, timeout_s)
            chunks, size = [], 0
            while self._chunks and size < READ_BYTES:
                chunks.append(self._chunks.popleft())
                size += len(chunks[-1].data)
            self._kept -= size
            self._changed.notify_all()
            return chunks, None if self._chunks else self._exit_code

    def signal(self, name: Signal) -> None:
        """End the process tree."""
        self._processes.end(self.pid, KILLED if name == "terminate" else CONTROL_C, tree=True)

    def put(self, stream: Stream, data: bytes) -> None:
        """Output of the process or a child; waits while the client does not read, and is lost after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._kept < MOST_KEPT_BYTES or self._exit_code is not None)
            if self._exit_code is None and data:
                self._chunks.append(Chunk(stream, data))
                self._kept += len(data)
                self._changed.notify_all()

    def read_input(self, timeout_s: float) -> bytes | None:
        """All of standard input once it is closed; None when that does not happen in time or the process ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._input_ended or self._exit_code is not None, timeout_s)
            return bytes(self._input) if self._input_ended else None

    def wait_end(self, timeout_s: float) -> int | None:
        """The exit code, or None when it still runs after that time."""
        until = time.monotonic() + timeout_s
        with self._changed:
            self._changed.wait_for(lambda: self._exit_code is not None, until - time.monotonic())
            return self._exit_code

    def _ended(self, exit_code: int) -> None:
        with self._changed:
            self._exit_code = exit_code
            self._changed.notify_all()
