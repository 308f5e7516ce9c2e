"""Stamps: a worker process writes `mark time` into a pipe when it does the work; the measuring process reads them."""

import os
import threading
import time
from typing import Final

_PIPE: Final = "BENCH_STAMPS"


def stamp(mark: int) -> None:
    """Leave a stamp, in the worker. One short write into a pipe is atomic."""
    pipe = os.environ.get(_PIPE)
    if pipe:
        os.write(int(pipe), f"{mark} {time.time_ns()}\n".encode())


class Stamps:
    """The reading end. `times` are seconds since 1970, by mark; a mark that is stamped twice shows in `doubled`."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}
        self.doubled = 0
        self._reads, self.pipe = os.pipe()
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def environment(self) -> dict[str, str]:
        return {_PIPE: str(self.pipe)}

    def wait_for(self, mark: int, timeout_s: float) -> float:
        """When `mark` was stamped. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: mark in self.times, timeout_s):
                raise TimeoutError(f"job {mark} left no stamp within {timeout_s:g} s")
            return self.times[mark]

    def wait_until(self, number: int, timeout_s: float) -> list[float]:
        """All stamps, oldest first, once there are `number`. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.times) >= number, timeout_s):
                raise TimeoutError(f"{len(self.times)} of {number} jobs left a stamp within {timeout_s:g} s")
            return sorted(self.times.values())

    def close(self) -> None:
        os.close(self.pipe)  # the reader ends when the last worker has gone

    def _read(self) -> None:
        with os.fdopen(self._reads, "rb", buffering=0) as pipe:
            rest = b""
            while chunk := pipe.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                self._note(lines)

    def _note(self, lines: list[bytes]) -> None:
        with self._news:
            for line in lines:
                mark, at = line.split()
                self.doubled += int(mark) in self.times
                self.times.setdefault(int(mark), int(at) / 1e9)
            self._news.notify_all()
