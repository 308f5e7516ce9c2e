"""One session's SQLite connection: databases are attached to it, writes go one session at a time per database."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.sqlserver.errors import SqlError
from lab.sqlserver.functions import FUNCTIONS, alike, calculate, convert
from lab.sqlserver.locks import Locks
from lab.sqlserver.store import Database, Store

_LOOK_EVERY_STEPS = 2000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What SQLite answered. `count` is the rows changed (-1: none told)."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    count: int
    last_id: int | None


class Engine:
    """`look` is called while a statement runs and while a lock is awaited; it raises to give up."""

    def __init__(self, store: Store, locks: Locks, owner: int, look: Callable[[], None]) -> None:
        self._store, self._locks, self._owner, self._look = store, locks, owner, look
        self._raised: BaseException | None = None
        self._attached: dict[int, int] = {}
        self._locked: set[str] = set()
        self.lock_timeout_ms = -1
        self.open = False  # a transaction of SQLite's
        self.connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.set_progress_handler(self._progress, _LOOK_EVERY_STEPS)
        self.connection = connection
        for name, function in FUNCTIONS.items():
            self.add_function(f"lab_{name}", function)
        self.add_function("lab_calculate", calculate)
        self.add_function("lab_convert", convert)
        self.add_function("like", alike)
        return connection

    def add_function(self, name: str, function: Callable[..., Any]) -> None:
        """A function for SQL. Its SqlError comes out of `run` unchanged."""

        def guarded(*values: Any) -> Any:
            try:
                return function(*values)
            except SqlError as error:
                self._raised = error
                raise
            except (TypeError, ValueError, OverflowError) as error:
                self._raised = SqlError(8116, text=f"yunwei lab: arguments of {name.removeprefix('lab_')}: {error}")
                raise

        self.connection.create_function(name, -1, guarded)

    def _progress(self) -> int:
        try:
            self._look()
        except Exception as error:  # whatever it is comes out of `run`
            self._raised = error
            return 1
        return 0

    def schema(self, database: Database) -> str:
        """Attach a database unless it is; its name in SQL. Raises SqlError when the connection holds too many."""
        if self._attached.get(database.id) == database.generation:
            return database.schema
        if not self.open:
            self._make_room(database)
        try:
            self.connection.execute(f"ATTACH DATABASE ? AS {database.schema}", (str(self._store.path(database)),))
        except sqlite3.OperationalError as error:
            raise SqlError(50000, f"cannot attach database {database.name} here: {error}") from error
        self._attached[database.id] = database.generation
        return database.schema

    def _make_room(self, database: Database) -> None:
        """Detach an old generation of it; and all, when SQLite's ten places are taken."""
        full = len(self._attached) >= 9
        for number in [n for n in self._attached if full or n == database.id]:
            self.detach(number)

    def detach(self, number: int) -> None:
        """Let a database go. Only outside a transaction."""
        if self._attached.pop(number, None) is not None:
            self.connection.execute(f"DETACH DATABASE db{number}")

    def run(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> Outcome:
        """One statement of SQLite's, with all its rows. Raises SqlError, and what `look` raises."""
        self._raised = None
        try:
            cursor = self.connection.execute(sql, values)
            rows = cursor.fetchall()
        except (sqlite3.Error, OverflowError) as error:
            self.open = self.open and self.connection.in_transaction
            if self._raised is not None:
                raise self._raised from None
            raise _told(error) from error
        names = tuple(d[0] for d in cursor.description or ())
        return Outcome(names=names, rows=rows, count=cursor.rowcount, last_id=cursor.lastrowid)

    @contextmanager
    def writing(self, database: Database | None, *, stays: bool) -> Iterator[None]:
        """Around a change: the writer's lock, and a transaction that `stays` open or ends with the statement."""
        if database is not None:
            self._lock(database)
        if not self.open:
            self.connection.execute("BEGIN")
            self.open = True
        try:
            yield
        except BaseException:
            if not stays:
                self.rollback()
            raise
        if not stays:
            self.commit()

    def _lock(self, database: Database) -> None:
        name = f"write:{database.id}"
        if name in self._locked:
            return
        if self._locks.take(name, self._owner, timeout_ms=self.lock_timeout_ms, look=self._look) < 0:
            raise SqlError(1222)
        self._locked.add(name)

    def save(self, name: str) -> None:
        """A point to come back to."""
        if not self.open:
            self.connection.execute("BEGIN")
            self.open = True
        self.connection.execute(f'SAVEPOINT "{name}"')

    def back_to(self, name: str) -> None:
        """Undo all since that point; the transaction goes on."""
        self.connection.execute(f'ROLLBACK TO "{name}"')

    def commit(self) -> None:
        """Make it last. Raises SqlError 1222 when readers stay in the way."""
        if self.connection.in_transaction:
            try:
                self.connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self.rollback()
                raise SqlError(1222) from error
        self._unlock()

    def rollback(self) -> None:
        """Undo all."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self._unlock()

    def _unlock(self) -> None:
        self.open = False
        self._locked.clear()
        self._locks.release_all(self._owner, "write:")

    def close(self) -> None:
        """Roll back and let everything go."""
        self.rollback()
        self.connection.close()


_KNOWN: tuple[tuple[str, Callable[[re.Match[str]], SqlError]], ...] = (
    (r"no such table: (?:\w+\.)?(.+)", lambda m: SqlError(208, m[1])),
    (r"no such column: (?:.*\.)?(.+)", lambda m: SqlError(207, m[1])),
    (r"table \S+ has no column named (.+)", lambda m: SqlError(207, m[1])),
    (r"no such function: (?:LAB_)?(.+)", lambda m: SqlError(195, m[1])),
    (r"(?:table|index|view) (.+) already exists", lambda m: SqlError(2714, m[1].split(".")[-1].strip('"'))),
    (r"there is already an? \w+ named (.+)", lambda m: SqlError(2714, m[1])),
    (r"NOT NULL constraint failed: (.+)\.(.+)", lambda m: SqlError(515, m[2], m[1], "INSERT/UPDATE")),
    (r"UNIQUE constraint failed: index '(.+)'", lambda m: SqlError(2601, "?", m[1])),
    (r"UNIQUE constraint failed: (.+?)\.(.+)", lambda m: SqlError(2627, "UNIQUE KEY", m[2], m[1])),
    (r"CHECK constraint failed: lab\$type\$(.+)\$(.+)", lambda m: _mistyped(m[1], m[2])),
    (r"CHECK constraint failed: lab\$size\$(.+)\$(.+)", lambda m: SqlError(2628, m[1])),
    (r"CHECK constraint failed: (.+)", lambda m: SqlError(547, "INSERT/UPDATE", "", f"CHECK {m[1]}")),
    (r"FOREIGN KEY constraint failed", lambda _: SqlError(547, "INSERT/UPDATE/DELETE", "", "FOREIGN KEY")),
    (r"table .* has \d+ columns but \d+ values|\d+ values for \d+ columns", lambda _: SqlError(213)),
    (r"database is locked|database table is locked", lambda _: SqlError(1222)),
    (r"integer overflow|too large to convert", lambda _: SqlError(8115, "expression", "bigint")),
)


def _mistyped(column: str, kind: str) -> SqlError:
    return SqlError(
        245, text=f"Conversion failed when converting the nvarchar value to data type {kind} (column '{column}')."
    )


def _told(error: Exception) -> SqlError:
    for pattern, make in _KNOWN:
        match = re.search(pattern, str(error))
        if match:
            return make(match)
    return SqlError(50000, f"SQLite refused the statement: {error}")
