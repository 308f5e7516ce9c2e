"""The catalog's views of views, procedures, functions and triggers: their texts, and what these refer to."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.sqlserver.lexer import Token, tokens_of
from lab.sqlserver.store import Database

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

Rows = list[tuple[Any, ...]]
_TYPES = {
    "V": ("V ", "VIEW"),
    "P": ("P ", "SQL_STORED_PROCEDURE"),
    "FN": ("FN", "SQL_SCALAR_FUNCTION"),
    "IF": ("IF", "SQL_INLINE_TABLE_VALUED_FUNCTION"),
    "TF": ("TF", "SQL_TABLE_VALUED_FUNCTION"),
    "TR": ("TR", "SQL_TRIGGER"),
}
_ENCRYPTED = re.compile(r"\bWITH\s+(?:\w+\s*,\s*)*ENCRYPTION\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A name in a module that points into another database, or at another server."""

    server: str | None
    database: str
    schema: str
    name: str


def object_id(name: str) -> int:
    """A number that stays the same for a name."""
    return 100_000 + int.from_bytes(name.lower().encode(), "big") % 2_000_000_011


def module_objects(session: "LabSession", database: Database) -> Rows:
    """As rows of sys.objects."""
    return [(n.split(".")[-1], object_id(n), 1, *_TYPES[kind], 0) for n, kind, _ in _texts(session, database)]


def module_texts(session: "LabSession", database: Database) -> Rows:
    """As rows of sys.sql_modules: an encrypted one shows no text."""
    return [(object_id(n), None if is_encrypted(text) else text) for n, _, text in _texts(session, database)]


def dependencies(session: "LabSession", database: Database) -> Rows:
    """As rows of sys.sql_expression_dependencies, of names with more than two parts only."""
    found = [(object_id(n), each) for n, _, text in _texts(session, database) for each in foreign_names(text)]
    return [(number, 1, f.server, f.database, f.schema, f.name) for number, f in found]


def is_encrypted(text: str) -> bool:
    """Whether it was made WITH ENCRYPTION."""
    return bool(_ENCRYPTED.search(text.upper().partition(" AS")[0]))


def foreign_names(text: str) -> list[Foreign]:
    """Names of three and four parts, each once."""
    tokens, found, at = tokens_of(text), [], 0
    while at < len(tokens):
        parts, at = _dotted(tokens, at)
        if len(parts) in (3, 4):
            server = parts[0] if len(parts) == 4 else None
            found.append(Foreign(server=server, database=parts[-3], schema=parts[-2] or "dbo", name=parts[-1]))
    return list(dict.fromkeys(found))


def _dotted(tokens: list[Token], at: int) -> tuple[list[str], int]:
    """The parts of the name that begins here, and where it ends; at least one token is passed."""
    if not _is_name(tokens[at]):
        return [], at + 1
    parts, at = [tokens[at].value], at + 1
    while at + 1 < len(tokens) and tokens[at].raw == ".":
        if _is_name(tokens[at + 1]):
            parts, at = [*parts, tokens[at + 1].value], at + 2
        else:
            parts, at = [*parts, ""], at + 1
    return parts, at


def _is_name(token: Token) -> bool:
    return token.kind in ("word", "quoted")


def _texts(session: "LabSession", database: Database) -> list[tuple[str, str, str]]:
    schema = session.engine.schema(database)
    sql = f'SELECT name, kind, text FROM {schema}."lab$modules" ORDER BY name'  # noqa: S608 -- our own name
    return [(str(n), str(k), str(t)) for n, k, t in session.engine.run(sql).rows]
