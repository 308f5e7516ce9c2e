"""KILL and DBCC."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.texts import say
from lab.tds.answers import Answer, Done, Message

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession


def nothing(_session: "LabSession", _: Scope, _statement: Plain) -> Iterator[Answer]:
    """A statement without an effect that could be seen here."""
    yield Done()


def kill(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """KILL n. Raises SqlError 6104, 6106, 15247."""
    if len(statement.tokens) != 2 or statement.tokens[1].kind != "number":
        raise lab_cannot(statement.text)
    number = int(statement.tokens[1].value)
    if number == session.number:
        raise SqlError(6104)
    if not session.server.rights.on_server(session.account, "ALTER ANY CONNECTION"):
        raise SqlError(6102)
    victims = [s for s in session.server.sessions_now() if s.number == number]
    if not victims:
        raise SqlError(6106, number)
    session.server.end(victims, why=f"KILL by {session.number}")
    yield Done()


def dbcc(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DBCC CHECKDB [(x)] [WITH NO_INFOMSGS]: SQLite's own check, and what a fault says."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DBCC")
    if not cursor.accept("CHECKDB"):
        raise lab_cannot(statement.text)
    name = session.database
    if cursor.accept("("):
        name = cursor.name()
        while not cursor.accept(")"):
            cursor.take()
    silent = "NO_INFOMSGS" in {t.upper for t in statement.tokens}
    database = session.reach(name)
    if not session.server.rights.may(session.account, database, "OWN"):
        raise SqlError(15247)
    session.command = "DBCC TABLE CHECK"
    found = _faulty(session, database.name)
    if not found:
        rows = session.engine.run(f"PRAGMA {session.engine.schema(database)}.integrity_check").rows
        found = 0 if rows == [("ok",)] else len(rows)
    session.record("checkdb", database.name, errors=found)
    yield from _told(session, database.name, found, silent=silent)


def _faulty(session: "LabSession", name: str) -> int:
    fault = session.server.faults.take("corrupt_pages", database=name)
    return int(fault.number("pages")) if fault else 0


def _told(session: "LabSession", name: str, found: int, *, silent: bool) -> Iterator[Answer]:
    for page in range(found):
        yield SqlError(8928, 245575913, 100 + page).message(session.language, 1)
    if found or not silent:
        text = say(session.language, 8989, found, name)
        yield Message(number=8989, severity=0 if not found else 10, state=1, text=text)
    session.error = 8928 if found else 0
    yield Done(failed=found > 0)
