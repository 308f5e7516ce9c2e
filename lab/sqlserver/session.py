"""One connection's session: its state, its transaction, and how others can end it."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.engine import Engine
from lab.sqlserver.errors import Killed, SqlError, Stopped
from lab.sqlserver.interpreter import Interpreter
from lab.sqlserver.kinds import now_text
from lab.sqlserver.lexer import tokens_of
from lab.sqlserver.options import OBEYED, language_of
from lab.sqlserver.procedures import call
from lab.sqlserver.queries import Query
from lab.sqlserver.rights import Account
from lab.sqlserver.scope import Scope
from lab.sqlserver.session_functions import functions_of
from lab.sqlserver.store import Database
from lab.sqlserver.tables import body_of, create_text
from lab.sqlserver.texts import say
from lab.sqlserver.transactions import Transactions
from lab.tds.answers import Answer, Changed, Done, Hangup, Login, Message, Parameter, Verb

if TYPE_CHECKING:
    from lab.sqlserver.server import SqlServer

_LOOK_EVERY_S = 0.02


class LabSession(Transactions):
    """Implements `lab.tds.answers.Session`."""

    server: "SqlServer"
    number: int
    database: str
    language: str

    def __init__(self, server: "SqlServer", number: int, login: Login, account: Account, database: str) -> None:
        self.server, self.number, self.login, self.account = server, number, login, account
        self.first_database = self.database = database
        self.language = self.first_language = language_of(login.language) if login.language else server.language
        self.login_time = self.started = now_text()
        self._began_s = time.monotonic()
        self.command, self.percent = "", 0.0
        self.transaction_count = self.transaction_id = 0
        self.doomed = False
        self.row_count = self.error = 0
        self.last_identity: int | None = None
        self.nesting = 0
        self.points: list[str] = []
        self.context = b""  # SET CONTEXT_INFO
        self.most_rows = 0  # SET ROWCOUNT
        self._tables = itertools.count(1)
        self.identity_insert = ""
        self.caught: list[SqlError] = []
        self.killed: Killed | None = None
        self.options = dict.fromkeys(OBEYED, False)
        self._stop = threading.Event()
        self._idle = threading.Lock()
        self._closed = False
        self.engine = self._fresh_engine()

    def _fresh_engine(self) -> Engine:
        engine = Engine(self.server.store, self.server.locks, self.number, self.look)
        for name, function in functions_of(self).items():
            engine.add_function(f"lab_{name}", function)
        return engine

    # --- the seam ---

    def batch(self, text: str, stop: threading.Event) -> Iterator[Answer]:
        """Run a batch. Ends early, rolling back the running statement, when `stop` is set."""
        yield from self._running(lambda: Interpreter(self).batch(text, Scope()), stop)

    def call(self, procedure: str, parameters: tuple[Parameter, ...], stop: threading.Event) -> Iterator[Answer]:
        """Run a procedure."""
        yield from self._running(lambda: call(Interpreter(self), procedure, parameters), stop)

    def transact(self, event: Literal["begin", "commit", "rollback"]) -> Iterator[Answer]:
        """A request of the transaction manager."""
        yield from self._running(lambda: self._transact(event), threading.Event())

    def _transact(self, event: str) -> Iterator[Answer]:
        try:
            yield from self.transaction_statement(event.upper(), "")
        except SqlError as error:
            yield error.message(self.language, 1)
            yield Done(failed=True)

    def transaction(self) -> int:
        """The open transaction's id, or 0."""
        return self.transaction_id

    def _running(self, work: Any, stop: threading.Event) -> Iterator[Answer]:
        """Around all work: stop, kill, and the doomed transaction at the end."""
        with self._idle:
            self._stop = stop
            self.started, self._began_s = now_text(), time.monotonic()
            self.command = "SELECT"
            try:
                self.look()
                yield from work()
                yield from self._end_doomed()
            except Stopped:
                if self.transaction_count and self.options["XACT_ABORT"]:
                    yield from self.roll_back()
                yield from self._forget_lost()
            except Killed as killed:
                yield from self._die(killed)
            finally:
                self.command, self.percent = "", 0.0

    def _forget_lost(self) -> Iterator[Answer]:
        """An interrupted change took the whole transaction of SQLite with it: say so instead of pretending."""
        if self.transaction_count and self.engine.open and not self.engine.connection.in_transaction:
            yield from self.roll_back()

    def _end_doomed(self) -> Iterator[Answer]:
        if self.doomed and self.transaction_count:
            yield from self.roll_back()
            yield SqlError(3998).message(self.language, 1)
            yield Done(failed=True)

    def _die(self, killed: Killed) -> Iterator[Answer]:
        self.roll_back_quietly()
        self.server.forget(self)
        if not killed.abrupt and not killed.told:
            yield SqlError(596).message(self.language, 1)
            yield Done(failed=True)
        yield Hangup(abrupt=killed.abrupt)

    def reset(self) -> None:
        """As sp_reset_connection."""
        with self._idle:
            self.roll_back_quietly()
            self.engine.close()
            self.server.locks.release_all(self.number)
            self.engine = self._fresh_engine()
            self.options = dict.fromkeys(OBEYED, False)
            self.leave()
            self.database, self.language = self.first_database, self.first_language
            self.identity_insert, self.last_identity, self.most_rows = "", None, 0

    def close(self) -> None:
        """The client is gone. The wire closes the running generator first; if it runs still, it sees `stop`."""
        self._stop.set()
        self.killed = self.killed or Killed(abrupt=True)
        with self._idle:
            if self._closed:
                return
            self._closed = True
            self.roll_back_quietly()
            self.server.forget(self)
            self.engine.close()

    # --- waiting and ending ---

    def worked_ms(self) -> int:
        """How long the statement at hand has worked: whoever watches it sees that it does."""
        return int((time.monotonic() - self._began_s) * 1000)

    def look(self) -> None:
        """Raises Killed or Stopped when the work has to end."""
        if self.killed is not None:
            raise self.killed
        if self._stop.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait, but end with the work."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.look()
            self._stop.wait(min(left, _LOOK_EVERY_S))
        self.look()

    def kill(self) -> None:
        """Put it in the kill state. An idle session is rolled back at once, a running one ends itself."""
        self.killed = Killed()
        if self._idle.acquire(blocking=False):
            try:
                self.roll_back_quietly()
                self.leave()
            finally:
                self._idle.release()

    def strike(self, text: str) -> None:
        """The faults that strike at the start of a statement."""
        faults = self.server.faults
        slow = faults.take("slow", match=text)
        if slow is not None:
            self.pause(slow.number("seconds"))
        if faults.take("kill_session", match=text):
            raise Killed
        if faults.take("deadlock", match=text):
            raise SqlError(1205, self.number)

    # --- databases ---

    @property
    def database_id(self) -> int:
        """The current database's number."""
        found = self.server.store.find(self.database)
        return found.id if found else 1

    def reach(self, name: str) -> Database:
        """A database that this session may read now. Raises SqlError 911, 916, 927, 924."""
        database = self.server.store.usable(name)
        self.server.rights.need_access(self.account, database)
        if database.access == "SINGLE_USER" and database.single not in (0, self.number):
            raise SqlError(924, database.name)
        roles = self.server.rights.roles_in(self.account, database) or []
        if database.access == "RESTRICTED_USER" and not ("db_owner" in roles or "dbcreator" in self.account.roles):
            raise SqlError(916, self.account.name, database.name)
        return database

    def enter(self, name: str) -> Iterator[Answer]:
        """USE."""
        database = self.reach(name)
        self.leave()
        if database.access == "SINGLE_USER":
            database.single = self.number
        old, self.database = self.database, database.name
        yield Changed(what="database", new=database.name, old=old)
        text = say(self.language, 5701, database.name)
        yield Message(number=5701, severity=0, state=2, text=text)
        yield Done()

    def leave(self) -> None:
        """Give up the single place in a database."""
        for database in self.server.store.databases:
            if database.single == self.number:
                database.single = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around a query."""
        yield

    def evaluate(self, scope: Scope, text: str) -> Any:
        """The value of an expression."""
        return Query(self, scope, f"SELECT {text}").value()

    def interpreter(self) -> Interpreter:
        """For what a function of a query has to run."""
        return Interpreter(self)

    def new_table(self, columns: str) -> str:
        """A temporary table of its own name, with these columns in brackets. Raises SqlError."""
        name = f"#lab_{next(self._tables)}"
        made = body_of(Cursor(tokens_of(columns), columns))
        self.engine.run(create_text("temp", name, made))
        return name

    def object_exists(self, schema: str, name: str) -> bool:
        """There is such a table."""
        sql = f"SELECT 1 FROM {schema}.sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"  # noqa: S608
        return bool(self.engine.run(sql, (name,)).rows)

    def identity_column(self, schema: str, table: str) -> str:
        """The identity column of a table, or nothing."""
        rows = self.engine.run(f'SELECT "column" FROM {schema}."lab$identity" WHERE "table" = ?', (table,)).rows  # noqa: S608
        return str(rows[0][0]) if rows else ""

    # --- small ---

    def done(self, verb: Verb) -> Done:
        """The end of a counted statement."""
        return Done(verb=verb, count=None if self.options["NOCOUNT"] else self.row_count)

    def record(self, kind: str, database: str, **detail: object) -> None:
        """Into the ledger of effects."""
        self.server.ledger.record(
            kind,
            database,
            session=self.number,
            program=self.login.program,
            login=self.account.name,
            detail=detail,
        )
