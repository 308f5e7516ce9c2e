"""CREATE, ALTER, DROP and TRUNCATE of tables and indexes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import Database
from lab.sqlserver.tables import TableMade, body_of, column_of, create_text, dotted, flat, quoted
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession


Line = str | tuple[str, tuple[object, ...]]


def placed(session: "LabSession", parts: list[str], command: str) -> tuple[Database | None, str, str]:
    """The database (None for temporary ones), SQLite's schema and name. Raises SqlError 262."""
    session.refuse_doomed()
    if parts[-1].startswith("#"):
        return None, "temp", parts[-1]
    database = session.reach(parts[0] if len(parts) == 3 else session.database)
    if not session.server.rights.may(session.account, database, "DDL"):
        raise SqlError(262, command, database.name)
    return database, session.engine.schema(database), flat(parts)


def run(session: "LabSession", database: Database | None, kind: str, name: str, *lines: Line) -> Iterator[Answer]:
    """SQLite's statements together, with the ledger's entry."""
    with session.engine.writing(database, stays=session.transaction_count > 0):
        for line in lines:
            session.engine.run(*((line,) if isinstance(line, str) else line))
    if database is not None:
        session.record(kind, database.name, table=name)
    yield Done()


def create_table(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE TABLE. Raises SqlError 2714, 262."""
    cursor = Cursor(statement.tokens, statement.text)
    _rebase(cursor, statement)
    cursor.expect("CREATE", "TABLE")
    database, schema, name = placed(session, dotted(cursor), "CREATE TABLE")
    made = body_of(cursor)
    if not cursor.ended():
        raise lab_cannot(statement.text)
    yield from run(
        session, database, "create table", name, create_text(schema, name, made), *_identity(schema, name, made)
    )


def _identity(schema: str, name: str, made: TableMade) -> list[str]:
    if not made.identity or schema == "temp":
        return []
    text = name.replace("'", "''")
    lines = [f"INSERT OR REPLACE INTO {schema}.\"lab$identity\" VALUES ('{text}', '{made.identity}')"]  # noqa: S608
    if made.seed != 1:
        lines.append(f"INSERT INTO {schema}.sqlite_sequence (name, seq) VALUES ('{text}', {made.seed - 1})")  # noqa: S608
    return lines


def _rebase(cursor: Cursor, statement: Plain) -> None:
    """Tokens keep their place in the batch; slices are cut from the statement's own text."""
    cursor.text = " " * statement.tokens[0].start + statement.text


def drop_table(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP TABLE a, b. Raises SqlError 3701."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP", "TABLE")
    quiet = cursor.accept("IF", "EXISTS")
    while True:
        parts = dotted(cursor)
        database, schema, name = placed(session, parts, "CREATE TABLE")
        if session.object_exists(schema, name):
            lines = [f"DROP TABLE {schema}.{quoted(name)}"]
            if schema != "temp":
                text = name.replace("'", "''")
                lines.append(f'DELETE FROM {schema}."lab$identity" WHERE "table" = \'{text}\'')  # noqa: S608
            yield from run(session, database, "drop table", name, *lines)
        elif not quiet:
            raise SqlError(3701, ("table", "表"), ".".join(parts))
        if not cursor.accept(","):
            break
    cursor.finish()
    if quiet:
        yield Done()


def truncate(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """TRUNCATE TABLE: all rows go, and the identity starts anew."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("TRUNCATE", "TABLE")
    parts = dotted(cursor)
    cursor.finish()
    database, schema, name = placed(session, parts, "CREATE TABLE")
    if not session.object_exists(schema, name):
        raise SqlError(208, ".".join(parts))
    lines = [f"DELETE FROM {schema}.{quoted(name)}"]  # noqa: S608 -- quoted
    if schema != "temp" and session.identity_column(schema, name):
        text = name.replace("'", "''")
        lines.append(f"DELETE FROM {schema}.sqlite_sequence WHERE name = '{text}'")  # noqa: S608 -- quoted
    yield from run(session, database, "truncate", name, *lines)


def alter_table(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER TABLE … ADD column, DROP COLUMN. The rest the lab refuses."""
    cursor = Cursor(statement.tokens, statement.text)
    _rebase(cursor, statement)
    cursor.expect("ALTER", "TABLE")
    database, schema, name = placed(session, dotted(cursor), "CREATE TABLE")
    table = f"{schema}.{quoted(name)}"
    if cursor.accept("DROP", "COLUMN"):
        lines = [f"ALTER TABLE {table} DROP COLUMN {quoted(cursor.name())}"]
    elif cursor.accept("ADD") and cursor.peek().upper not in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        made = TableMade()
        column_of(cursor, made)
        while cursor.accept(","):
            column_of(cursor, made)
        lines = [f"ALTER TABLE {table} ADD COLUMN {c}" for c in made.columns]
    else:
        raise lab_cannot(statement.text)
    if not cursor.ended():
        raise lab_cannot(statement.text)
    yield from run(session, database, "alter table", name, *lines)


def create_index(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE INDEX; included columns are left to the engine."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("CREATE")
    unique = "UNIQUE " if cursor.accept("UNIQUE") else ""
    while cursor.peek().upper in ("CLUSTERED", "NONCLUSTERED"):
        cursor.take()
    cursor.expect("INDEX")
    index = cursor.name()
    cursor.expect("ON")
    database, schema, name = placed(session, dotted(cursor), "CREATE TABLE")
    cursor.expect("(")
    columns = [quoted(cursor.name()) + _direction(cursor)]
    while cursor.accept(","):
        columns.append(quoted(cursor.name()) + _direction(cursor))
    cursor.expect(")")
    if cursor.accept("INCLUDE", "("):
        while not cursor.accept(")"):
            cursor.take()
    if not cursor.ended():
        raise lab_cannot(statement.text)
    full = quoted(f"{name}.{index}")
    line = f"CREATE {unique}INDEX {schema}.{full} ON {quoted(name)} ({', '.join(columns)})"
    yield from run(session, database, "create index", name, line)


def _direction(cursor: Cursor) -> str:
    return f" {cursor.take().upper}" if cursor.peek().upper in ("ASC", "DESC") else ""


def drop_index(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP INDEX ix ON t."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP", "INDEX")
    quiet = cursor.accept("IF", "EXISTS")
    index = cursor.name()
    cursor.expect("ON")
    database, schema, name = placed(session, dotted(cursor), "CREATE TABLE")
    cursor.finish()
    word = "IF EXISTS " if quiet else ""
    yield from run(session, database, "drop index", name, f"DROP INDEX {word}{schema}.{quoted(f'{name}.{index}')}")
