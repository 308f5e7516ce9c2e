"""One real process in a group of its own, tied to the leash, with its log in a file."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tests.chaos.leash import Leash

ROOT: Final = Path(__file__).resolve().parents[2]
READY_S: Final = 60.0
STOP_S: Final = 20.0


class NotReady(Exception):
    """A process ended, or said nothing, before it was ready."""


class Running:
    """A process. `send` and `kill` reach its whole group; `stopped` says whether SIGSTOP froze it."""

    def __init__(
        self,
        leash: Leash,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.name = name
        self._leash = leash
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                user=user,
            )
        self.pid = self._process.pid
        self.frozen = False
        self._said_ready = False
        leash.tie(self.pid)

    def ready(self, timeout_s: float = READY_S) -> dict[str, Any]:
        """The next line of JSON that it prints. Raises NotReady."""
        pipe = self._process.stdout
        assert pipe is not None
        heard, _, _ = select.select([pipe], [], [], timeout_s)
        line = pipe.readline() if heard else b""
        if not line:
            raise NotReady(f"{self.name} was not ready in {timeout_s:g} s (exit code {self.exit_code}): {self._tail()}")
        self._said_ready = True
        return dict(json.loads(line))

    def is_ready(self) -> bool:
        """Whether it has said that it is ready. Does not wait."""
        if not self._said_ready and self._process.stdout and self.exit_code is None:
            self._said_ready = bool(select.select([self._process.stdout], [], [], 0)[0])
        return self._said_ready

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def send(self, number: int) -> None:
        """Signal the whole group. A group that is gone is no news."""
        if self.exit_code is None:
            self.frozen = (self.frozen or number == signal.SIGSTOP) and number != signal.SIGCONT
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def freeze(self) -> None:
        """SIGSTOP: it exists, holds everything it holds, and does nothing."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was, and does not know that time has passed."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self._over()

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = STOP_S) -> int | None:
        """Ask it to end; kill it if it does not. Answers its exit code."""
        self.send(signal.SIGCONT)
        self.send(number)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.kill()
        return self.exit_code

    def _over(self) -> None:
        if self._process.stdout and self._process.stdout.closed:
            return
        self._process.wait(STOP_S)
        if self._process.stdout:
            self._process.stdout.close()
        with suppress(ProcessLookupError):  # children of its own that outlived it
            os.killpg(self.pid, signal.SIGKILL)
        self._leash.untie(self.pid)

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-1500:]


def wait_until(true: Any, timeout_s: float, what: str, every_s: float = 0.05) -> None:
    """Wait for a condition. Raises TimeoutError naming it."""
    until = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        select.select([], [], [], every_s)
