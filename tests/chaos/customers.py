"""Customers: each wish is asked at its time, again with the same key until an answer comes, and maybe called off."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tests.chaos.doors import Closed, Door, SaidNo, TooLate
from tests.chaos.wishes import Asked, Wish, now

T = TypeVar("T")
THREADS: Final = 6
GIVE_UP_S: Final = 90.0
PAUSE_S: Final = 0.25


class Customers:
    """`start`, then `join`. `asked` tells what was answered to whom."""

    def __init__(self, door: Door, wishes: list[Wish]) -> None:
        self.asked = [Asked(wish) for wish in wishes]
        self._door = door
        self._began = 0.0
        self._guard = threading.Condition()
        self._errands: list[tuple[float, int, Callable[[], None]]] = []
        self._turns = itertools.count()
        self._open = 0
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        """From now on wishes are asked at their time."""
        self._began = time.monotonic()
        for asked in self.asked:
            self._plan(asked.wish.at_s, lambda a=asked: self._submit(a))  # type: ignore[misc]
        for thread in self._threads:
            thread.start()

    def done(self) -> int:
        """How many wishes were answered so far."""
        return sum(1 for asked in self.asked if asked.number is not None or asked.refused)

    def join(self, timeout_s: float) -> bool:
        """Wait until every errand is run. False if time ran out."""
        with self._guard:
            return self._guard.wait_for(lambda: not self._open, timeout_s)

    def _plan(self, at_s: float, errand: Callable[[], None]) -> None:
        with self._guard:
            self._open += 1
            heapq.heappush(self._errands, (at_s, next(self._turns), errand))
            self._guard.notify()

    def _serve(self) -> None:
        while True:
            errand = self._next()
            errand()
            with self._guard:
                self._open -= 1
                self._guard.notify_all()

    def _next(self) -> Callable[[], None]:
        with self._guard:
            while True:
                wait_s = self._errands[0][0] - (time.monotonic() - self._began) if self._errands else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._errands)[2]
                self._guard.wait(wait_s)

    def _submit(self, asked: Asked) -> None:
        body = asked.wish.body(now())
        asked.number = self._insist(asked, lambda: self._door.submit(body, asked.wish.key))
        if asked.number is not None and asked.wish.cancel_s is not None:
            self._plan(time.monotonic() - self._began + asked.wish.cancel_s, lambda: self._cancel(asked))

    def _cancel(self, asked: Asked) -> None:
        number = asked.number
        assert number is not None
        asked.cancel_answer = self._insist(asked, lambda: self._door.cancel(number, "chaos"))
        asked.cancelled_at = now()

    def _insist(self, asked: Asked, ask: Callable[[], T]) -> T | None:
        """Ask until somebody answers: a connection that broke says nothing about what was done."""
        until = time.monotonic() + GIVE_UP_S
        while time.monotonic() < until:
            try:
                return ask()
            except Closed:
                asked.closed += 1
                threading.Event().wait(PAUSE_S)
            except SaidNo as refused:
                asked.refused, asked.trouble = True, str(refused)
                return None
            except TooLate as late:
                asked.trouble = str(late)
                return None
            except Exception as error:
                asked.trouble = f"{type(error).__name__}: {error}"
                return None
        asked.trouble = "nobody answered"
        return None
