"""The words of BACKUP and RESTORE: which database, which file, which options."""

from dataclasses import dataclass, field
from typing import Any

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain

FLAGS = {
    "COPY_ONLY",
    "CHECKSUM",
    "NO_CHECKSUM",
    "COMPRESSION",
    "NO_COMPRESSION",
    "FORMAT",
    "NOFORMAT",
    "INIT",
    "NOINIT",
    "SKIP",
    "NOSKIP",
    "REPLACE",
    "RECOVERY",
    "NORECOVERY",
    "RESTRICTED_USER",
    "STOP_ON_ERROR",
    "NOREWIND",
    "NOUNLOAD",
    "UNLOAD",
    "REWIND",
}
VALUES = {"NAME", "DESCRIPTION", "STATS", "FILE", "BUFFERCOUNT", "MAXTRANSFERSIZE", "BLOCKSIZE", "MEDIANAME"}


@dataclass
class Words:
    """A parsed statement. `moves` is logical -> physical, lower-case keys."""

    verb: str
    database: str = ""
    disk: str = ""
    flags: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)

    def step(self) -> int:
        """How many percent between two messages, 0 for none."""
        return int(self.values.get("STATS") or 10)


def words_of(statement: Plain, scope: Scope, *verbs: str) -> Words:
    """Raises SqlError 102, and 50000 for what the lab does not do (stripes, log and differential backups, URLs)."""
    cursor = Cursor(statement.tokens, statement.text)
    verb = cursor.take().upper
    verb = f"{verb} {cursor.take().upper}"
    if verb not in verbs:
        raise lab_cannot(statement.text)
    words = Words(verb)
    if verb.endswith("DATABASE"):
        words.database = str(_value(cursor, scope))
    if cursor.accept("TO") or cursor.accept("FROM"):
        _device(cursor, scope, words, statement)
    if cursor.accept("WITH"):
        _option(cursor, scope, words, statement)
        while cursor.accept(","):
            _option(cursor, scope, words, statement)
    if not cursor.ended():
        raise lab_cannot(statement.text)
    return words


def _device(cursor: Cursor, scope: Scope, words: Words, statement: Plain) -> None:
    if not cursor.accept("DISK", "="):
        raise lab_cannot(statement.text)
    words.disk = str(_value(cursor, scope))
    if cursor.peek().upper == ",":
        raise SqlError(50000, "backups striped over several files are not emulated")


def _option(cursor: Cursor, scope: Scope, words: Words, statement: Plain) -> None:
    word = cursor.take().upper
    if word == "MOVE":
        logical = str(_value(cursor, scope))
        cursor.expect("TO")
        words.moves[logical.lower()] = str(_value(cursor, scope))
    elif word in VALUES:
        if word != "STATS" or cursor.peek().upper == "=":
            cursor.expect("=")
            words.values[word] = _value(cursor, scope)
    elif word in FLAGS:
        words.flags.add(word)
    else:
        raise lab_cannot(statement.text)


def _value(cursor: Cursor, scope: Scope) -> Any:
    token = cursor.take()
    if token.kind == "variable":
        return scope.get(token.value)
    return int(token.value) if token.kind == "number" else token.value
