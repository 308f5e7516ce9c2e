"""One clock for all hosts: the database server's. SQLite lives on one host, whose own clock serves."""

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg

from domain.errors import StoreDown
from domain.text import Text

REFRESH_S: Final = 10.0
CONNECT_S: Final = 5


def server_clock(store_url: str) -> Callable[[], float]:
    """A function that tells the store's time in seconds since 1970."""
    if not store_url.startswith("postgresql"):
        return time.time
    return _PostgresClock(store_url.replace("postgresql+psycopg", "postgresql")).read


class _PostgresClock:
    """Maps our monotonic clock to the server's, again every REFRESH_S; wrong by at most half a round trip."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._offset = 0.0
        self._asked = float("-inf")
        self._guard = threading.Lock()
        self._ask()

    def read(self) -> float:
        if time.monotonic() - self._asked > REFRESH_S and self._guard.acquire(blocking=False):
            self._asked = time.monotonic()
            threading.Thread(target=self._refresh, daemon=True).start()
        return time.monotonic() + self._offset

    def _refresh(self) -> None:
        try:
            self._ask()
        except StoreDown:  # the last offset stays good for a while: quartz drifts by milliseconds a minute
            self._asked = time.monotonic()
        finally:
            self._guard.release()

    def _ask(self) -> None:
        try:
            with psycopg.connect(self._dsn, connect_timeout=CONNECT_S, autocommit=True) as connection:
                self._offset = min(_once(connection) for _ in range(3))[1]
        except psycopg.Error as error:
            zh, en = (
                "无法读取数据库时间",
                "The database server's time cannot be read; check the store's URL and the server",
            )
            raise StoreDown(Text(zh, en)) from error
        self._asked = time.monotonic()


def _once(connection: "psycopg.Connection[tuple[float]]") -> tuple[float, float]:
    """(round trip, offset): the shortest trip knows best."""
    before = time.monotonic()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    after = time.monotonic()
    if row is None:
        raise psycopg.OperationalError("no answer")
    return after - before, row[0] - (before + after) / 2
