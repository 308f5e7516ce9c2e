"""A process of ours on a site: it says `ready …`, works when told `go`, and ends when its standard input does."""

import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from bench.site import ROOT, Site

READY_S: Final = 90.0
STOP_S: Final = 30.0


class Child:
    """`python -m MODULE ARGUMENTS`. Started at once; `ready` waits until it has prepared itself."""

    def __init__(
        self,
        site: Site,
        module: str,
        *arguments: str,
        extra: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**site.environment(), **(extra or {})},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=tuple(pass_fds),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> str:
        """Wait until it is; answers what it said with it."""
        return self.hear("ready", READY_S)

    def hear(self, word: str, timeout_s: float) -> str:
        """The rest of its next line, which has to begin with `word`. Raises RuntimeError."""
        out = self._process.stdout
        assert out is not None
        heard, _, _ = select.select([out], [], [], timeout_s)
        line = out.readline().decode().split() if heard else []
        if not line or line[0] != word:
            raise RuntimeError(f"a process did not say {word!r} within {timeout_s:g} s; its error output says why")
        return " ".join(line[1:])

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait(STOP_S)

    def leave(self) -> None:
        """Ask it to end; `stop` waits for it."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def stop(self) -> None:
        self.leave()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout:
            self._process.stdout.close()
