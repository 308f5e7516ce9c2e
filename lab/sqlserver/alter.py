"""CREATE, ALTER and DROP DATABASE."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import SYSTEM, Database
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

_EXCLUSIVE_WAIT_S = 2.0
_ACCESS = ("SINGLE_USER", "MULTI_USER", "RESTRICTED_USER")


def create_database(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE DATABASE x. Raises SqlError 262, 1801, 226."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("CREATE", "DATABASE")
    name = cursor.name()
    if not cursor.ended():
        raise lab_cannot(statement.text)
    _outside(session, "CREATE DATABASE")
    if not session.server.rights.may_restore(session.account, None):
        raise SqlError(262, "CREATE DATABASE", "master")
    session.server.store.create(name, owner=session.account.name)
    session.record("create database", name)
    yield Done()


def _outside(session: "LabSession", command: str) -> None:
    if session.transaction_count:
        raise SqlError(226, command)


def need_owner(session: "LabSession", database: Database) -> None:
    """Only its owner, a db_owner, a dbcreator or a sysadmin. Raises SqlError 5011."""
    if not session.server.rights.may_alter(session.account, database):
        raise SqlError(5011, database.name)


def drop_database(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP DATABASE x. Raises SqlError 3701, 3702, 226."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP", "DATABASE")
    quiet = cursor.accept("IF", "EXISTS")
    name = cursor.name()
    cursor.finish()
    _outside(session, "DROP DATABASE")
    database = session.server.store.find(name)
    if database is None:
        if not quiet:
            raise SqlError(3701, ("database", "数据库"), name)
        yield Done()
        return
    need_owner(session, database)
    if database.name in SYSTEM or database.busy or session.server.inside(database):
        raise SqlError(3702, database.name)
    session.server.detach_all(database)
    session.server.store.remove(database)
    session.record("drop database", database.name)
    yield Done()


def alter_database(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER DATABASE x SET … or MODIFY NAME = y. Errors are followed by 5069."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "DATABASE")
    name = session.database if cursor.accept("CURRENT") else cursor.name()
    _outside(session, "ALTER DATABASE")
    try:
        database = session.server.store.get(name)
        need_owner(session, database)
        if cursor.accept("MODIFY", "NAME", "="):
            new = cursor.name()
            cursor.finish()
            yield from _rename(session, database, new)
        else:
            cursor.expect("SET")
            yield from _set(session, database, cursor, statement)
    except SqlError as error:
        if error.number not in (102, 50000):
            error.also.append(SqlError(5069))
        raise
    yield Done()


def _set(session: "LabSession", database: Database, cursor: Cursor, statement: Plain) -> Iterator[Answer]:
    option = cursor.take().upper
    value = "" if cursor.ended() or cursor.peek().upper in ("WITH", ",") else cursor.take().value.upper()
    if value == "=":
        value = cursor.take().value
    immediate = _termination(cursor, statement)
    cursor.finish()
    if option in _ACCESS or option in ("OFFLINE", "ONLINE"):
        _exclusive(session, database, option, immediate)
    _apply(session, database, option, value, statement)
    session.server.store.save()
    session.record("alter database", database.name, option=option, value=value)
    yield from ()


def _termination(cursor: Cursor, statement: Plain) -> bool | None:
    """True: throw others out; None: give up at once; False: wait."""
    if cursor.ended():
        return False
    cursor.expect("WITH")
    if cursor.accept("NO_WAIT"):
        return None
    cursor.expect("ROLLBACK")
    if cursor.accept("AFTER"):
        raise lab_cannot(statement.text)
    cursor.expect("IMMEDIATE")
    return True


def _exclusive(session: "LabSession", database: Database, option: str, immediate: bool | None) -> None:
    """End or await the others in the database. Raises SqlError 5030."""
    if option in ("MULTI_USER", "ONLINE"):
        if database.access == "SINGLE_USER" and database.single not in (0, session.number):
            raise SqlError(924, database.name)
        return
    others = [s for s in session.server.inside(database) if s is not session]
    if option == "RESTRICTED_USER":
        others = [s for s in others if not session.server.rights.may(s.account, database, "OWN")]
    if immediate:
        session.server.end(others, why=f"ROLLBACK IMMEDIATE on {database.name} by {session.number}")
        return
    deadline = time.monotonic() + (0 if immediate is None else _EXCLUSIVE_WAIT_S)
    while any(s in session.server.inside(database) for s in others):
        if time.monotonic() >= deadline:
            raise SqlError(5030)
        session.pause(0.02)


def _apply(session: "LabSession", database: Database, option: str, value: str, statement: Plain) -> None:
    on = value == "ON"
    if option in _ACCESS:
        database.access = option
        database.single = session.number if option == "SINGLE_USER" and session.database == database.name else 0
    elif option in ("OFFLINE", "ONLINE"):
        if database.state == "RESTORING":
            raise SqlError(927, database.name)
        session.server.detach_all(database)
        database.state = option
    elif option == "TRUSTWORTHY":
        database.trustworthy = on
    elif option in ("READ_ONLY", "READ_WRITE"):
        raise lab_cannot(statement.text)
    elif option == "RECOVERY" and value in ("FULL", "SIMPLE", "BULK_LOGGED"):
        database.recovery = value
    elif option == "COMPATIBILITY_LEVEL":
        database.compatibility = int(value)
    else:
        raise lab_cannot(statement.text)


def _rename(session: "LabSession", database: Database, new: str) -> Iterator[Answer]:
    store = session.server.store
    if store.find(new) and new.lower() != database.name.lower():
        raise SqlError(1801, new)
    if database.name in SYSTEM:
        raise SqlError(5011, database.name)
    if [s for s in session.server.inside(database) if s is not session] or database.busy:
        raise SqlError(5030)
    old, database.name = database.name, new
    if session.database == old:
        session.database = new
    store.save()
    session.record("rename database", new, old=old, database_id=database.id)
    yield from ()
