"""One call of an executor, as seen from the job that makes it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.event import Kind
from domain.operation import Step
from runner.hold import Hold

MAX_BYTES: Final = 1_000_000
PROGRESS_S: Final = 1.0  # of real time, between two marks of progress that are kept
PROGRESS_PERCENT: Final = 10.0  # a leap that is kept at once


class Watch:
    """Implements `domain.command.Call` for one send of one step."""

    def __init__(self, hold: Hold, step: Step, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.max_bytes = MAX_BYTES
        self._hold = hold
        self._step = step
        self._told_s, self._told_percent = 0.0, -PROGRESS_PERCENT

    def say(self, stream: str, line: str) -> None:
        self._hold.say(stream, line)

    def progress(self, percent: float, **facts: Any) -> None:
        """Keep a mark each second, or each tenth of the way: an event is stored for good."""
        now_s, percent = time.monotonic(), min(100.0, max(0.0, percent))
        if now_s - self._told_s < PROGRESS_S and percent - self._told_percent < PROGRESS_PERCENT:
            return
        self._told_s, self._told_percent = now_s, percent
        done = {"step_percent": round(percent, 1), **facts}
        self._hold.note(Kind.PROGRESS, step=self._step.key, title=self._step.title.as_dict(), **done)

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        self._hold.part(number, facts)

    def stop_asked(self) -> bool:
        """A step that cannot be cut short is not: the stop waits for its end. A lost job is cut short in any case."""
        return self._hold.lost.is_set() or (self._step.interruptible and self._hold.asked_to_stop.is_set())

    def on_stop(self, wake: Callable[[], None]) -> None:
        self._hold.on_stop(wake)
