"""Names that reach out of the database: USE, three- and four-part names."""

from collections.abc import Iterator, Sequence
from typing import Final

from tsql.words import Word

# Where a name of many parts names an object. Elsewhere `a.b.c` may be schema, table and column.
_BEFORE_OBJECTS: Final = (
    "from", "join", "into", "update", "delete", "insert", "merge", "exec", "execute", "table", "apply", "view",
    "procedure", "proc", "function", "trigger", "synonym", "using", "for",
)  # fmt: skip
_XML_METHODS: Final = ("value", "query", "exist", "nodes", "modify")
_HARMLESS: Final = ("tempdb",)


def foreign_names(said: Sequence[Word], database: str) -> Iterator[tuple[int, str]]:
    """(line, what) of each USE of another database and each name with another database or server in it."""
    home = (database.casefold(), *_HARMLESS)
    at = 0
    while at < len(said):
        if said[at].of("use") and _is_use(said, at) and said[at + 1].text.casefold() not in home:
            yield said[at].line, f"USE {said[at + 1].text}"
        parts, end = _name(said, at)
        if len(parts) > 3 or (len(parts) == 3 and parts[0].casefold() not in home and _is_object(said, at, end, parts)):
            yield said[at].line, ".".join(parts)
        at = end


def _is_use(said: Sequence[Word], at: int) -> bool:
    """The statement, not a hint (`OPTION (USE HINT (…))`)."""
    return at + 1 < len(said) and said[at + 1].names and not said[at + 1].of("hint", "plan")


def _name(said: Sequence[Word], at: int) -> tuple[list[str], int]:
    """The dotted name that begins here, and where it ends. `a..b` has an empty part."""
    if not said[at].names:
        return [], at + 1
    parts, at = [said[at].text], at + 1
    while at + 1 < len(said) and said[at].of("."):
        if said[at + 1].of("."):
            parts.append("")
            at += 1
        elif said[at + 1].names:
            parts.append(said[at + 1].text)
            at += 2
        else:
            break
    return parts, at


def _is_object(said: Sequence[Word], at: int, end: int, parts: list[str]) -> bool:
    called = end < len(said) and said[end].of("(")
    if called and parts[-1].casefold() in _XML_METHODS:
        return False
    # A table called dbo is less likely than another database's schema of that name.
    return parts[1].casefold() in ("", "dbo") or called or (at > 0 and said[at - 1].of(*_BEFORE_OBJECTS))
