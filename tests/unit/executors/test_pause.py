"""A pause ends by itself, by a stop request, or by the step's time."""

import threading
import time
from collections.abc import Callable

import pytest

from domain.command import Pause, SiteProbe
from domain.errors import Stopped, TimedOut
from executors.pause import PauseExecutor


class Bell:
    """A call that can be stopped."""

    max_bytes = 1000

    def __init__(self, timeout_s: float = 10.0) -> None:
        self.timeout_s = timeout_s
        self.stopped = threading.Event()
        self.waiting = threading.Event()
        self._wakes: list[Callable[[], None]] = []

    def say(self, stream: str, line: str) -> None:
        raise AssertionError("a pause has nothing to say")

    def progress(self, percent: float, **facts: object) -> None:
        """Not looked at here."""

    def part(self, number: int, facts: object) -> None:
        """Not looked at here."""

    def stop_asked(self) -> bool:
        return self.stopped.is_set()

    def on_stop(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)
        self.waiting.set()

    def stop(self) -> None:
        self.stopped.set()
        for wake in self._wakes:
            wake()


def test_a_pause_ends_by_itself() -> None:
    assert PauseExecutor().run(Pause(seconds=0.01), Bell()).facts == {}


def test_a_pause_ends_at_once_when_a_stop_is_asked() -> None:
    call, ended = Bell(timeout_s=60), []

    def wait() -> None:
        try:
            PauseExecutor().run(Pause(seconds=50), call)
        except Stopped:
            ended.append("stopped")

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert call.waiting.wait(5)
    begun = time.monotonic()
    call.stop()
    waiter.join(5)
    assert ended == ["stopped"]
    assert time.monotonic() - begun < 2


def test_a_pause_that_was_stopped_before_it_began_does_not_begin() -> None:
    call = Bell()
    call.stop()
    with pytest.raises(Stopped):
        PauseExecutor().run(Pause(seconds=5), call)


def test_a_pause_longer_than_its_step_times_out() -> None:
    with pytest.raises(TimedOut):
        PauseExecutor().run(Pause(seconds=5), Bell(timeout_s=0.01))


def test_a_command_of_another_wire_is_not_carried() -> None:
    with pytest.raises(TypeError):
        PauseExecutor().run(SiteProbe(host="h", path="/", host_header=""), Bell())
