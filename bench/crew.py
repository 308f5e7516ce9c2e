"""Worker processes of a peer: prepared, started at one moment, stopped. They end by themselves with their parent."""

import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from bench.site import ROOT, Site
from bench.stamps import Stamps

READY_S: Final = 60.0
STOP_S: Final = 30.0


class Crew:
    """`with Crew(...) as crew:` has the processes prepared; `crew.go()` starts the work and answers the moment."""

    def __init__(self, peer: str, site: Site, number: int = 2, slots: int = 8) -> None:
        self.stamps = Stamps()
        environment = {**site.environment(), **self.stamps.environment()}
        self.processes = [self._start(peer, slots, environment) for _ in range(number)]

    def __enter__(self) -> "Crew":
        try:
            for process in self.processes:
                _wait_ready(process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def go(self) -> float:
        """Start the work now. Answers the moment, seconds since 1970."""
        moment = time.time()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        return moment

    def _start(self, peer: str, slots: int, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "bench.worker", peer, str(slots)],
            env=dict(environment),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(self.stamps.pipe,),
        )

    def _stop(self) -> None:
        for process in self.processes:
            if process.stdin:
                process.stdin.close()
        for process in self.processes:
            _end(process)
        self.stamps.close()


def _wait_ready(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    heard, _, _ = select.select([process.stdout], [], [], READY_S)
    if not heard or process.stdout.readline() != b"ready\n":
        raise RuntimeError("a worker process did not get ready; its error output says why")


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(STOP_S)
    if process.stdout:
        process.stdout.close()
