"""UPDATE and DELETE without WHERE. T-SQL needs no semicolons: a statement ends where the next one can only begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tsql.words import Word

# Words that begin another statement, at the depth of the one at hand.
_BEGINNINGS: Final = (
    "alter", "backup", "begin", "break", "close", "commit", "continue", "create", "dbcc", "deallocate", "declare",
    "delete", "deny", "drop", "exec", "execute", "fetch", "goto", "grant", "if", "insert", "kill", "merge", "open",
    "print", "raiserror", "restore", "return", "revoke", "rollback", "save", "select", "throw", "truncate", "update",
    "use", "waitfor", "while", "with",
)  # fmt: skip
# Behind these, UPDATE and DELETE are no statements: triggers, cursors, MERGE, rights.
_NO_STATEMENT_AFTER: Final = ("for", "of", "after", "then", ",", "grant", "deny", "revoke", "instead", ".", "as")

# What a foreign key does ON DELETE and ON UPDATE. Behind SET NOCOUNT ON a statement follows.
_REFERENTIAL: Final = ("cascade", "no", "set")


@dataclass(slots=True)
class _Change:
    """An UPDATE or DELETE that has not ended: the verb is word `at`; `cases` are open, `sets` were said."""

    at: int
    cases: int = 0
    sets: int = 0


def bare_changes(said: Sequence[Word]) -> Iterator[tuple[int, str]]:
    """(line, verb) of each UPDATE or DELETE statement that has no WHERE, and no join that could limit it.

    One pass, whatever is in it: at each depth of parentheses at most one change is open.
    """
    for at in sorted(_bare(said)):
        yield said[at].line, said[at].text


def _bare(said: Sequence[Word]) -> Iterator[int]:
    """Where the verbs are, as their statements end."""
    opened: list[_Change | None] = [None]  # by depth, the innermost last
    for at, word in enumerate(said):
        if word.of("("):
            opened.append(None)
        elif word.of(")"):  # what began inside ends here, also where no parenthesis was open
            yield from _left(opened.pop())
            opened = opened or [None]
        else:
            if (change := opened[-1]) and (word.of("where", "join") or _ends(said, at, change)):
                yield from () if word.of("where", "join") else _left(change)
                opened[-1] = None
            if word.of("update", "delete") and _begins(said, at):
                opened[-1] = _Change(at)
    for change in opened:
        yield from _left(change)


def _left(change: _Change | None) -> Iterator[int]:
    if change is not None:
        yield change.at


def _begins(said: Sequence[Word], at: int) -> bool:
    if at and said[at - 1].of(*_NO_STATEMENT_AFTER) and not _body_follows(said, at):
        return False
    if at and said[at - 1].of("on") and at + 1 < len(said) and said[at + 1].of(*_REFERENTIAL):
        return False
    return at + 1 < len(said) and not said[at + 1].of("(", "statistics", ",")


def _body_follows(said: Sequence[Word], at: int) -> bool:
    """`AS` before a procedure's or trigger's body, unlike `AS` before a column's other name."""
    return said[at - 1].of("as") and at + 1 < len(said) and (said[at + 1].names or said[at + 1].of("top"))


def _ends(said: Sequence[Word], at: int, change: _Change) -> bool:
    """Whether the statement has ended before this word; else the word is counted."""
    word = said[at]
    change.sets += word.of("set")
    if word.of(";") or (word.of("end", "else") and not change.cases) or change.sets > 1:
        return True
    change.cases += word.of("case") - word.of("end")
    return (
        word.of(*_BEGINNINGS)
        and not said[at - 1].of(".")
        and not (word.of("with") and at + 1 < len(said) and said[at + 1].of("("))
    )
