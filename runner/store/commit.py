"""Group commit: writers that come while one transaction runs share the next one.

The first writer leads: it runs everybody's body in one transaction and hands each its answer. Alone, it costs nothing.
One body that fails fails alone: the shared transaction is rolled back and each body runs in one of its own.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from runner.store.tx import Tx

T = TypeVar("T")
Body = Callable[[Tx], T]
MOST_TOGETHER: Final = 64


@dataclass
class _Place:
    """One writer's place in the line."""

    body: Body[Any]
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    error: BaseException | None = None


class GroupCommit:
    """`transaction(bodies)` runs all bodies in one transaction and answers their results, or raises."""

    def __init__(self, transaction: Callable[[list[Body[Any]]], list[Any]]) -> None:
        self._transaction = transaction
        self._line: list[_Place] = []
        self._guard = threading.Lock()
        self._led = False

    def run(self, body: Body[T]) -> T:
        """Run `body` in a transaction that is committed when this returns."""
        place = _Place(body)
        if self._lead(place):
            self._serve()
        place.done.wait()
        if place.error is not None:
            raise place.error
        answer: T = place.answer
        return answer

    def _lead(self, place: _Place) -> bool:
        with self._guard:
            self._line.append(place)
            leads = not self._led
            self._led = True
            return leads

    def _serve(self) -> None:
        while batch := self._next_batch():
            self._commit(batch)
            for place in batch:
                place.done.set()

    def _next_batch(self) -> list[_Place]:
        with self._guard:
            batch, self._line = self._line[:MOST_TOGETHER], self._line[MOST_TOGETHER:]
            self._led = bool(batch)
            return batch

    def _commit(self, batch: list[_Place]) -> None:
        try:
            for place, answer in zip(batch, self._transaction([p.body for p in batch]), strict=True):
                place.answer = answer
        except BaseException as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for place in batch:
                self._commit([place])
