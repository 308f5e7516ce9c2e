"""One session of ours on a database server, over pymssql: single statements, each read to its end.

Autocommit, our own SET options, and every message of the server in order: of a failed backup the cause comes first, and
the driver's exception would keep only one.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pymssql

from domain.errors import Trouble
from executors.mssql_address import Address, FreeTdsFile
from executors.mssql_login import LOGIN_S, refusal
from executors.mssql_trouble import of_statement

_SETTINGS: Final = (
    "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ANSI_NULL_DFLT_ON, ARITHABORT, CONCAT_NULL_YIELDS_NULL, "
    "QUOTED_IDENTIFIER, XACT_ABORT ON;",
    "SET NUMERIC_ROUNDABORT, CURSOR_CLOSE_ON_COMMIT, IMPLICIT_TRANSACTIONS OFF;",
    "SET TEXTSIZE 2147483647;",
    "SET LOCK_TIMEOUT 60000;",
    "SET DATEFORMAT ymd;",  # as the driver writes moments, whatever the login's language
)
Row = Mapping[str, Any]
Heard = Callable[[str], None]
FILE: Final = FreeTdsFile()

log = logging.getLogger("yunwei.mssql")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A session, so that nobody else's is meant: numbers are used again, so the moment of its login belongs to it."""

    number: int
    since: Any
    program: str


class Link:
    """A signed-in session. `program` is its name on the server: job, run and step. Close it when done."""

    def __init__(self, address: Address, program: str, database: str = "master") -> None:
        self.address = address
        self.program = program[:128]
        self.heard: Heard = _nobody
        self._texts: list[str] = []
        self._connection = _connect(address, self.program, database)
        self._connection._conn.set_msghandler(self._message)  # noqa: SLF001  the driver shows it nowhere else

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """The rows of one SELECT. Values take the places of %s."""
        with self._said(statement), self._connection.cursor(as_dict=True) as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def row(self, statement: str, *values: Any) -> Row | None:
        found = self.rows(statement, *values)
        return found[0] if found else None

    def tell(self, statement: str, *values: Any) -> list[str]:
        """Run one statement to its end; what the server said."""
        with self._said(statement), self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            while cursor.nextset():
                """Every result is read: a server whose answer is not read stops working."""
        return list(self._texts)

    def changed(self, statement: str, *values: Any) -> int:
        """Run one INSERT, UPDATE or DELETE; the rows it changed."""
        with self._said(statement), self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return int(cursor.rowcount)

    def identity(self) -> Identity:
        row = self.rows("SELECT session_id, login_time FROM sys.dm_exec_sessions WHERE session_id = @@SPID")[0]
        return Identity(number=row["session_id"], since=row["login_time"], program=self.program)

    def close(self) -> None:
        """Close the socket. Nothing is asked of the server, so nothing can fail."""
        try:
            self._connection.close()
        except pymssql.Error as error:
            log.debug("closing a session: %s", error)

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _said(self, statement: str) -> Iterator[None]:
        """Errors with every message that came before them."""
        self._texts.clear()
        try:
            yield
        except pymssql.Error as error:
            raise self._trouble(statement, error) from error

    def _trouble(self, statement: str, error: pymssql.Error) -> Trouble:
        number, text = _parts(error)
        texts = list(dict.fromkeys(self._texts)) or [text]
        return of_statement(self.address.host, _first_words(statement), number, texts)

    def _message(self, state: int, severity: int, server: bytes, procedure: bytes, line: int, text: bytes) -> None:
        """Called by the driver, which swallows what this raises."""
        said = text.decode("utf-8", "replace").strip()
        self._texts.append(said)
        self.heard(said)


def _nobody(_text: str) -> None:
    """Nobody listens."""


def _connect(address: Address, program: str, database: str) -> Any:
    try:
        return pymssql.connect(
            server=FILE.section(address),
            port=str(address.port),  # the driver puts 1433 where none is said, over the section's own
            user=address.user,
            password=address.password.open(),
            database=database,
            appname=program,
            autocommit=True,
            login_timeout=LOGIN_S,
            timeout=0,  # the driver's own is for all connections of a process, and drops them
            charset="UTF-8",
            tds_version="7.4",
            encryption="require" if address.encryption == "required" else "request",
            conn_properties=list(_SETTINGS),
        )
    except pymssql.Error as error:
        raise refusal(address, program, database, str(error)) from None


def _parts(error: pymssql.Error) -> tuple[int, str]:
    """The number and the text, without what the driver glues to it."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    raw = error.args[1] if len(error.args) > 1 else str(error)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return number, text.split("DB-Lib error message")[0].strip() or text.strip()


def _first_words(statement: str) -> str:
    """What kind of statement it was; its values stay out of errors."""
    return " ".join(statement.split()[:2])
