"""The bell: huey's storage carries a job's number and nothing else. It only says "look now".

A lost ring costs half a second (workers look by themselves), a double one costs nothing, a forged one starts nothing.
So the numbers travel outside the store's transaction, without fsync, and huey's task layer is not needed at all.
"""

import logging
import queue
import threading
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from huey.storage import PostgresStorage, RedisStorage, SqliteStorage

from domain.errors import Mistake
from domain.text import Text

log = logging.getLogger("yunwei.bell")
POLL_S: Final = 0.015
MOST_HEARD: Final = 256
MOST_DIGITS: Final = 18  # anybody may write to a transport; int() refuses thousands of digits
BACK_OFF_S: Final = 1.0


class Bell(Protocol):
    """Ring with a job's number; hear what was rung."""

    def ring(self, number: int) -> None:
        """Tell some worker to look. Never raises: the look of the sweeper replaces a lost ring."""

    def hear(self, stop: threading.Event) -> list[int]:
        """Wait up to a second for rings and take those there are. Empty when there was none."""

    def close(self) -> None: ...


class MemoryBell:
    """Within one process."""

    def __init__(self) -> None:
        self._rung: queue.SimpleQueue[int] = queue.SimpleQueue()

    def ring(self, number: int) -> None:
        self._rung.put(number)

    def hear(self, stop: threading.Event) -> list[int]:
        numbers: list[int] = []
        try:
            numbers.append(self._rung.get(timeout=1.0))
            while len(numbers) < MOST_HEARD:
                numbers.append(self._rung.get_nowait())
        except queue.Empty:
            return numbers
        return numbers

    def close(self) -> None:
        """Nothing to close."""


class HueyBell:
    """Over one of huey's storages. `poll_s` is for those that cannot block (SQLite)."""

    def __init__(self, storage: Any, poll_s: float | None) -> None:
        self._storage = storage
        self._poll_s = poll_s

    def ring(self, number: int) -> None:
        try:
            self._storage.enqueue(str(number).encode())
        except Exception as error:  # whatever the transport is: a hint may be lost
            log.warning("a ring for job %s was lost: %s", number, type(error).__name__)

    def hear(self, stop: threading.Event) -> list[int]:
        try:
            return self._take(stop)
        except Exception as error:  # the transport restarts: the store is looked at anyway
            log.warning("the bell cannot be heard: %s", type(error).__name__)
            stop.wait(BACK_OFF_S)
            return []

    def close(self) -> None:
        self._storage.close()

    def _take(self, stop: threading.Event) -> list[int]:
        first = self._storage.dequeue()
        if first is None:
            if self._poll_s:
                stop.wait(self._poll_s)
            return []
        rung = [first]
        while len(rung) < MOST_HEARD and self._storage.queue_size():
            more = self._storage.dequeue()
            if more is None:
                break
            rung.append(more)
        return [int(r) for r in map(bytes, rung) if r.isdigit() and len(r) <= MOST_DIGITS]


def bell_from(url: str) -> Bell:
    """The bell that a setting names: `memory:`, `sqlite:///file`, `postgresql://…`, `redis://…` (also Valkey).

    Raises Mistake for anything else.
    """
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme == "memory":
        return MemoryBell()
    if scheme == "sqlite":
        return HueyBell(SqliteStorage("yunwei", filename=unquote(urlsplit(url).path[1:]), fsync=False), POLL_S)
    if scheme == "postgresql":
        dsn = url.replace("postgresql+psycopg", "postgresql")
        options = {"options": "-c synchronous_commit=off"}
        return HueyBell(PostgresStorage("yunwei", dsn=dsn, table_prefix="bell", **options), None)
    if scheme in ("redis", "rediss", "valkey"):
        return HueyBell(RedisStorage("yunwei", url=url.replace("valkey://", "redis://")), None)
    known = "memory: sqlite:/// postgresql:// redis://"
    raise Mistake(
        Text(f"未知的铃类型 {scheme!r}；可用：{known}", f"Unknown kind of bell {scheme!r}; there are: {known}")
    )
