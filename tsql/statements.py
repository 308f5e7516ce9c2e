"""UPDATE and DELETE without WHERE. T-SQL needs no semicolons: a statement ends where the next one can only begin."""

from collections.abc import Iterator, Sequence
from typing import Final

from tsql.words import Word

# Words that begin another statement, at the depth of the one at hand.
_BEGINNINGS: Final = (
    "alter", "backup", "begin", "break", "close", "commit", "continue", "create", "dbcc", "deallocate", "declare",
    "delete", "deny", "drop", "exec", "execute", "fetch", "goto", "grant", "if", "insert", "kill", "merge", "open",
    "print", "raiserror", "restore", "return", "revoke", "rollback", "save", "select", "throw", "truncate", "update",
    "use", "waitfor", "while", "with",
)  # fmt: skip
# Behind these, UPDATE and DELETE are no statements: triggers, cursors, foreign keys, MERGE, rights.
_NO_STATEMENT_AFTER: Final = ("on", "for", "of", "after", "then", ",", "grant", "deny", "revoke", "instead", ".", "as")


def bare_changes(said: Sequence[Word]) -> Iterator[tuple[int, str]]:
    """(line, verb) of each UPDATE or DELETE statement that has no WHERE, and no join that could limit it."""
    for at, word in enumerate(said):
        if word.of("update", "delete") and _begins(said, at) and not _limited(said, at):
            yield word.line, word.text


def _begins(said: Sequence[Word], at: int) -> bool:
    if at and said[at - 1].of(*_NO_STATEMENT_AFTER) and not _body_follows(said, at):
        return False
    return at + 1 < len(said) and not said[at + 1].of("(", "statistics", ",")


def _body_follows(said: Sequence[Word], at: int) -> bool:
    """`AS` before a procedure's or trigger's body, unlike `AS` before a column's other name."""
    return said[at - 1].of("as") and at + 1 < len(said) and (said[at + 1].names or said[at + 1].of("top"))


def _limited(said: Sequence[Word], start: int) -> bool:
    depth = cases = sets = 0
    for at in range(start + 1, len(said)):
        word = said[at]
        depth += word.of("(") - word.of(")")
        if depth:
            continue
        if word.of("where", "join"):
            return True
        cases += word.of("case")
        sets += word.of("set")
        if _ends(said, at, cases, sets):
            return False
        cases -= word.of("end")
    return False


def _ends(said: Sequence[Word], at: int, cases: int, sets: int) -> bool:
    word = said[at]
    if word.of(";") or (word.of("end", "else") and not cases) or sets > 1:
        return True
    return (
        word.of(*_BEGINNINGS)
        and not said[at - 1].of(".")
        and not (word.of("with") and said[at + 1 : at + 2] and said[at + 1].of("("))
    )
