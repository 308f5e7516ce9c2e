"""The real store on SQLite in memory, with a turn before and after each transaction, and faults at both places."""

import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from domain.errors import StoreDown
from domain.event import Event
from domain.text import Text
from runner.store.migrate import migrate
from runner.store.store import Store
from runner.store.tx import Tx
from tests.sim.world import Actor, SimClock, World

T = TypeVar("T")


class SimStore(Store):
    """`committed(actor, events)` is called after each transaction, before anybody else has a turn."""

    def __init__(self, world: World, risk: dict[str, float]) -> None:
        super().__init__("sqlite://", SimClock(world), heard=self._hear)
        self._world = world
        self._risk = risk
        self._events: list[Event] = []
        self.committed: Callable[[Actor | None, list[Event]], None] = lambda actor, events: None
        self.raw: sqlite3.Connection = self.engine.raw_connection().driver_connection  # type: ignore[assignment]
        _template().backup(self.raw)

    def write(self, body: Callable[[Tx], T]) -> T:
        if self._world.current is None:  # before the first turn and after the last
            return super().write(body)
        name = _name(body)
        self._world.point(f"store: before {name}")
        self._fail("down_before", "before the commit")
        self._events = []
        answer = super().write(body)
        self.committed(self._world.current, self._events)
        self._fail("down_after", "after the commit")
        self._world.point(f"store: after {name}")
        return answer

    def rows(self, name: str, /, **params: Any) -> list[Mapping[str, Any]]:
        if self._world.current is not None:
            self._world.point(f"store: read {name}")
        return super().rows(name, **params)

    def _hear(self, events: list[Event]) -> None:
        self._events = self._events + events

    def _fail(self, what: str, when: str) -> None:
        if self._world.dice.random() < self._risk[what]:
            self._world.count("store down")
            self._world.tell(f"store: down, {when}")
            raise StoreDown(Text("数据库不可用", f"the store went away {when}"))


@cache
def _template() -> sqlite3.Connection:
    """A database with the schema of the real migrations; made once for a process."""
    store = Store("sqlite://", SimClock(World(0)))
    migrate(store)
    connection = store.engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _name(body: Callable[..., Any]) -> str:
    inner = getattr(body, "__qualname__", "")
    return inner.replace(".<locals>", "").replace(".<lambda>", "")
