"""What a package holds, between a database of the lab and the file."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.sqlserver.catalog_of_modules import foreign_names, is_encrypted

_TABLES = """
SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
AND name NOT LIKE 'lab$%' ORDER BY rowid"""
_INDEXES = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"


@dataclass(frozen=True, kw_only=True)
class Module:
    """A view, procedure, function or trigger. `kind` as in the lab's own table."""

    name: str
    kind: str
    text: str
    parent: str


@dataclass(frozen=True, kw_only=True)
class User:
    """A user or role, with the sid of its login."""

    name: str
    sid: str
    roles: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Tables (name to definition), indexes, modules and users of a database."""

    tables: dict[str, str]
    indexes: dict[str, str]
    identities: dict[str, str]
    modules: tuple[Module, ...]
    users: tuple[User, ...]

    def unresolved(self) -> Iterator[tuple[Module, str]]:
        """Modules with names of other databases, and these names."""
        for module in self.modules:
            for f in foreign_names(module.text):
                parts = [p for p in (f.server, f.database, f.schema, f.name) if p]
                yield module, ".".join(f"[{p}]" for p in parts)

    def encrypted(self) -> list[str]:
        return [m.name for m in self.modules if is_encrypted(m.text)]


def contents_of(path: Path) -> Contents:
    """Read a database's file."""
    with closing(sqlite3.connect(path, timeout=10)) as link:
        modules = link.execute('SELECT name, kind, text, parent FROM "lab$modules" ORDER BY rowid')
        users = link.execute('SELECT name, sid, roles FROM "lab$users" ORDER BY name')
        return Contents(
            tables=dict(link.execute(_TABLES)),
            indexes={name: sql for name, sql, _ in link.execute(_INDEXES)},
            identities=dict(link.execute('SELECT "table", "column" FROM "lab$identity"')),
            modules=tuple(Module(name=n, kind=k, text=t, parent=p) for n, k, t, p in modules),
            users=tuple(User(name=n, sid=s, roles=r) for n, s, r in users),
        )


def rows_of(path: Path, table: str) -> Iterator[bytes]:
    """The rows of a table, a line of JSON each."""
    with closing(sqlite3.connect(path, timeout=10)) as link:
        for row in link.execute(f"SELECT * FROM {_quoted(table)}"):  # noqa: S608 -- a name of the lab's own catalog
            yield json.dumps([_plain(v) for v in row], ensure_ascii=False).encode() + b"\n"


def make_tables(path: Path, contents: Contents) -> None:
    """The empty tables, with all that belongs to them."""
    with closing(sqlite3.connect(path, timeout=10)) as link, link:
        for sql in (*contents.tables.values(), *contents.indexes.values()):
            link.execute(sql)
        link.executemany('INSERT INTO "lab$identity" VALUES (?, ?)', contents.identities.items())
        rows = [(m.name, m.kind, m.text, m.parent) for m in contents.modules]
        link.executemany('INSERT INTO "lab$modules" VALUES (?, ?, ?, ?)', rows)
        link.executemany(
            'INSERT OR REPLACE INTO "lab$users" VALUES (?, ?, ?)', [(u.name, u.sid, u.roles) for u in contents.users]
        )


def load_rows(path: Path, table: str, lines: Iterable[bytes]) -> int:
    """Put rows into a table; how many."""
    count = 0
    with closing(sqlite3.connect(path, timeout=10)) as link, link:
        for line in lines:
            row = [_value(v) for v in json.loads(line)]
            marks = ", ".join("?" * len(row))
            link.execute(f"INSERT INTO {_quoted(table)} VALUES ({marks})", row)  # noqa: S608 -- as above
            count += 1
    return count


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
