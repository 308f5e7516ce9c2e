"""Group commit: writers that come while one transaction runs share the next one.

The first writer leads: it runs everybody's body in one transaction and hands each its answer. Alone, it costs nothing.
After a few batches it hands the lead to the next in line: nobody works for others for ever.
One body that fails fails alone: the shared transaction is rolled back and each body runs in one of its own.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from domain.errors import StoreDown
from runner.store.tx import Tx

T = TypeVar("T")
Body = Callable[[Tx], T]
MOST_TOGETHER: Final = 64
MOST_BATCHES: Final = 8


@dataclass
class _Place:
    """One writer's place in the line."""

    body: Body[Any]
    woken: threading.Event = field(default_factory=threading.Event)  # it is done, or it leads now
    leads: bool = False
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
        if not self._lead(place):
            place.woken.wait()
        if place.leads:
            self._serve()
        if place.error is not None:
            raise place.error
        answer: T = place.answer
        return answer

    def _lead(self, place: _Place) -> bool:
        with self._guard:
            self._line.append(place)
            place.leads = not self._led
            self._led = True
            return place.leads

    def _serve(self) -> None:
        for _ in range(MOST_BATCHES):
            batch = self._next_batch()
            if not batch:
                return
            self._commit(batch)
            for place in batch:
                place.woken.set()
        self._hand_over()

    def _next_batch(self) -> list[_Place]:
        with self._guard:
            batch, self._line = self._line[:MOST_TOGETHER], self._line[MOST_TOGETHER:]
            self._led = bool(batch)
            return batch

    def _hand_over(self) -> None:
        with self._guard:
            self._led = bool(self._line)
            if self._line:
                self._line[0].leads = True
                self._line[0].woken.set()

    def _commit(self, batch: list[_Place]) -> None:
        try:
            for place, answer in zip(batch, self._transaction([p.body for p in batch]), strict=True):
                place.answer = answer
        except StoreDown as error:  # it may have been committed, and only the answer was lost: never run it again
            for place in batch:
                place.error = error
        except BaseException as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for place in batch:
                self._commit([place])
