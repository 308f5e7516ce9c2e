"""The SQL store: `write` for guarded changes with their events, `rows` for reading. SQLite or PostgreSQL."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from domain.errors import StoreDown
from domain.event import Event
from domain.text import Text
from runner.clock import Clock
from runner.store.commit import Body, GroupCommit
from runner.store.rows import micros
from runner.store.statements import statements
from runner.store.tx import Tx, Witness

T = TypeVar("T")
BUSY_TIMEOUT_S: Final = 30
WAL_PAUSE_S: Final = 0.02
TRIES: Final = 5
ABANDONED_MS: Final = 5_000
# A server or a network that is gone without a word is noticed within half a minute. A URL may say otherwise.
_TCP: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
IN_MEMORY: Final = ("sqlite://", "sqlite:///:memory:")
_VICTIM: Final = ("40P01", "40001")  # of a deadlock, of a serialization failure
_NOT_FIRST: Final = "23505"  # somebody else's row was committed meanwhile: run again, and see it

log = logging.getLogger("yunwei.store")


class Store:
    """One database. `url` is SQLAlchemy's: `sqlite://` (memory), `sqlite:///file`, `postgresql+psycopg://…`.

    `heard` is called with the events of each committed transaction (narrator, metrics, waking watchers);
    `witness` with those of one that is about to commit: what it writes is committed with them.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        heard: Callable[[list[Event]], None] | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.url = url
        self.clock = clock
        self.heard = heard
        self._witness = witness
        self.engine = _engine(url)
        self._sql = statements(self.engine.dialect.name)
        self._group = GroupCommit(self._together)
        # In memory there is one connection for all threads: they take turns.
        self._writing: Connection | None = None
        self._turn: AbstractContextManager[object] = threading.RLock() if url in IN_MEMORY else nullcontext()

    def write(self, body: Body[T]) -> T:
        """Run `body(tx)` in a transaction, committed with its events when this returns; nothing of it if it raises.

        The body may be run again (a lost deadlock, a batch-mate that failed): it must not act outside the store.
        """
        return self._group.run(body)

    def rows(self, name: str, /, **params: Any) -> list[Mapping[str, Any]]:
        """The rows of a named reading statement."""
        plain = {k: micros(v) if hasattr(v, "tzinfo") else v for k, v in params.items()}
        with self._reading() as connection:
            return [dict(r) for r in connection.exec_driver_sql(self._sql[name], plain).mappings()]

    def row(self, name: str, /, **params: Any) -> Mapping[str, Any] | None:
        found = self.rows(name, **params)
        return found[0] if found else None

    def select(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        """The rows of a query built with SQLAlchemy Core (lists with filters)."""
        with self._reading() as connection:
            return [dict(r) for r in connection.execute(query).mappings()]

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self.url), self._turn:
            if self._writing is not None:  # in memory, and it is our own turn to write: there is no other connection
                yield self._writing
                return
            with self.engine.connect() as connection:
                yield connection

    def _together(self, bodies: list[Body[Any]]) -> list[Any]:
        for attempt in range(TRIES):
            try:
                with translated(self.url):
                    answers, events = self._attempt(bodies)
            except _Retry:
                if attempt == TRIES - 1:
                    raise
                continue
            self._tell(events)
            return answers
        raise AssertionError("unreachable")

    def _tell(self, events: list[Event]) -> None:
        """Tell of what is committed. A listener's fault must not look like a transaction that did not happen."""
        try:
            if self.heard and events:
                self.heard(events)
        except Exception:
            log.exception("a listener of the store failed")

    def _attempt(self, bodies: list[Body[Any]]) -> tuple[list[Any], list[Event]]:
        with self._turn, self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            tx = Tx(connection, self._sql, self.clock, self._witness)
            self._writing = connection if self.url in IN_MEMORY else None
            try:
                answers = [body(tx) for body in bodies]
                return answers, tx.flush()
            finally:
                self._writing = None


class _Retry(StoreDown):
    """Another transaction was first, and this one was rolled back: nothing of it happened."""


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The one table of the store's foreign errors. What is not in it is a bug of ours, and stays as it is."""
    try:
        yield
    except DBAPIError as error:
        kind = _kind(error)
        if kind is None:
            raise
        raise kind(_text(url), store=_where(url)) from error
    except PoolTimeout as error:
        raise StoreDown(_text(url), store=_where(url)) from error


def _kind(error: DBAPIError) -> type[StoreDown] | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _VICTIM or (isinstance(error, IntegrityError) and state == _NOT_FIRST):
        return _Retry
    # SQLite says a plain DatabaseError when the file is none of its own.
    down = isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
    return StoreDown if down or error.connection_invalidated else None


def _where(url: str) -> str:
    """The store's place without user, password and options."""
    return url.rsplit("@", 1)[-1].split("?", 1)[0]


def _text(url: str) -> Text:
    where = _where(url)
    zh = f"数据库不可用：{where}；正在写入的内容可能已写入，也可能未写入：请检查服务，查询后再重试"
    en = f"The store {where} cannot be used, and what was being written may or may not be there"
    return Text(zh, f"{en}: check the database, look, then retry")


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        tcp = {k: v for k, v in _TCP.items() if k not in make_url(url).query}
        engine = create_engine(url, connect_args=tcp, pool_size=8, max_overflow=24, pool_timeout=30)
        event.listen(engine, "connect", _postgres_settings)
        return engine
    memory = url in IN_MEMORY
    pool: dict[str, Any] = {"poolclass": StaticPool} if memory else {"pool_size": 8, "max_overflow": 24}
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S}, **pool)
    event.listen(engine, "connect", _sqlite_pragmas)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _postgres_settings(connection: Any, _record: Any) -> None:
    # A process frozen inside a transaction holds the chain's row, and with it everybody: the server ends it.
    connection.execute(f"SET idle_in_transaction_session_timeout = {ABANDONED_MS}")
    connection.commit()


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # FULL: a commit survives a power cut, and `started` must (docs/decisions/0004-the-store.md).
    # secure_delete: what is blanked (a one-time code that was sent) is overwritten in the file, not only forgotten.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _into_wal(connection)


def _into_wal(connection: Any) -> None:
    """Once for each file. Processes that start together find it locked, and SQLite does not wait here by itself."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            threading.Event().wait(WAL_PAUSE_S)
        else:
            return


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes the write lock at once: what it reads cannot change before it writes.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
