"""Views, procedures, functions and triggers: kept in the database that they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.ddl import placed, run
from lab.sqlserver.errors import SqlError
from lab.sqlserver.module_text import TRIGGER, WORDS, Definition, definition_of
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import Database
from lab.sqlserver.tables import dotted, flat
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

_KINDS = {
    "V": ("view", "视图"),
    "P": ("procedure", "过程"),
    "FN": ("function", "函数"),
    "IF": ("function", "函数"),
    "TF": ("function", "函数"),
    "TR": ("trigger", "触发器"),
}


@dataclass(frozen=True, kw_only=True)
class Module:
    """One of them, as it is kept. `parent` is the table of a trigger."""

    database: Database
    name: str
    kind: str
    text: str
    parent: str

    @property
    def definition(self) -> Definition:
        return definition_of(self.text)


def find(session: "LabSession", database: Database, name: str, *kinds: str) -> Module | None:
    """The module of that (flat) name, if it is of one of these kinds."""
    return next((m for m in all_in(session, database) if m.name.lower() == name.lower() and m.kind in kinds), None)


def all_in(session: "LabSession", database: Database) -> list[Module]:
    """All modules of a database, by name."""
    schema = session.engine.schema(database)
    sql = f'SELECT name, kind, text, parent FROM {schema}."lab$modules" ORDER BY name'  # noqa: S608 -- our own name
    rows = session.engine.run(sql).rows
    return [Module(database=database, name=n, kind=k, text=t, parent=p) for n, k, t, p in rows]


def triggers_of(session: "LabSession", database: Database, table: str, event: str) -> list[Module]:
    """The triggers of a table for INSERT, UPDATE or DELETE."""
    own = [m for m in all_in(session, database) if m.kind == TRIGGER and m.parent.lower() == table.lower()]
    return [m for m in own if event in m.definition.events]


def text_of(statement: Plain) -> str:
    """The text of the batch that makes a module: lines count from its start."""
    return "\n" * (statement.line - 1) + statement.text


def create(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE, ALTER, CREATE OR ALTER. The whole batch is kept, so that lines count from its start."""
    text = text_of(statement)
    definition = definition_of(text)
    database, schema, name = placed(session, list(definition.parts), f"CREATE {statement.words(2)[1]}")
    if database is None:
        raise SqlError(102, name)
    there = next((m for m in all_in(session, database) if m.name.lower() == name.lower()), None)
    if definition.verb == "ALTER" and (there is None or there.kind[0] != definition.kind[0]):
        raise SqlError(208, name)
    if definition.verb == "CREATE" and (there or session.object_exists(schema, name)):
        raise SqlError(2714, name)
    parent = flat(list(definition.on)) if definition.on else ""
    if parent and not session.object_exists(schema, parent):
        raise SqlError(8197, parent, text=f"The object '{parent}' does not exist or is invalid for this operation.")
    kept = (name, definition.kind, text, parent)
    line = f'INSERT OR REPLACE INTO {schema}."lab$modules" VALUES (?, ?, ?, ?)'  # noqa: S608 -- our own name
    yield from run(session, database, f"create {_KINDS[definition.kind][0]}", name, (line, kept))


def drop(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP VIEW, PROCEDURE, FUNCTION, TRIGGER a, b. Raises SqlError 3701."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP")
    kinds = WORDS[cursor.take().upper]
    quiet = cursor.accept("IF", "EXISTS")
    while True:
        parts = dotted(cursor)
        database, schema, name = placed(session, parts, "DROP")
        there = find(session, database, name, *kinds) if database else None
        if there is not None:
            line = f'DELETE FROM {schema}."lab$modules" WHERE name = ? COLLATE NOCASE'  # noqa: S608 -- our own name
            yield from run(session, database, f"drop {_KINDS[kinds[0]][0]}", name, (line, (name,)))
        elif not quiet:
            raise SqlError(3701, _KINDS[kinds[0]], ".".join(parts))
        if not cursor.accept(","):
            break
    cursor.finish()
    if quiet:
        yield Done()
