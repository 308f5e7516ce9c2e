"""Where a statement or an expression ends, when nobody writes semicolons."""

from lab.sqlserver.cursor import Cursor

STARTS = frozenset(
    [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
        "TRUNCATE",
        "CREATE",
        "ALTER",
        "DROP",
        "GRANT",
        "DENY",
        "REVOKE",
        "BACKUP",
        "RESTORE",
        "KILL",
        "DBCC",
        "USE",
        "EXEC",
        "EXECUTE",
        "DECLARE",
        "SET",
        "IF",
        "WHILE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVE",
        "PRINT",
        "RAISERROR",
        "THROW",
        "WAITFOR",
        "RETURN",
        "BREAK",
        "CONTINUE",
        "GOTO",
        "RECONFIGURE",
        "CHECKPOINT",
    ]
)
_JOINED = {"UNION", "ALL", "EXCEPT", "INTERSECT"}
_BODY_STARTS = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"}
_WHOLE_BATCH = {"VIEW", "PROC", "PROCEDURE", "FUNCTION", "TRIGGER"}


def expression(cursor: Cursor, *, comma: bool = False) -> str:
    """The text of an expression, up to the next statement (or comma). Raises SqlError 102 when there is none."""
    start, depth, cases = cursor.at, 0, 0
    while not cursor.ended():
        word = cursor.peek().upper
        closed = depth == 0 and cases == 0
        if closed and (word in STARTS or word in (";", "ELSE", "END", ")", "OUTPUT", "OUT") or (comma and word == ",")):
            break
        depth += (word == "(") - (word == ")")
        cases += (word == "CASE") - (word == "END" and cases > 0)
        cursor.at += 1
    if cursor.at == start:
        raise cursor.wrong()
    return cursor.slice(start, cursor.at)


def end_of_plain(cursor: Cursor) -> bool:
    """Move behind a plain statement; True for one that takes the whole batch."""
    start = cursor.at
    first, second = cursor.take().upper, cursor.peek().upper
    if first in ("CREATE", "ALTER") and (second in _WHOLE_BATCH or cursor.peek(1).upper == "ALTER"):
        cursor.at = len(cursor.tokens)
        return True
    allowed = _inner_starts(first)
    depth = cases = 0
    while not cursor.ended():
        word = cursor.peek().upper
        if depth == 0 and cases == 0 and (word == ";" or _ends(first, word, allowed, start, cursor)):
            return False
        depth += (word == "(") - (word == ")")
        cases += (word == "CASE") - (word == "END" and cases > 0)
        if first == "INSERT" and depth == 0 and word == "VALUES":
            allowed = set()
        if first == "WITH" and depth == 0 and word in _BODY_STARTS:
            first, allowed = word, _inner_starts(word)
        cursor.at += 1
    return False


def _inner_starts(first: str) -> set[str]:
    """Which starting words may come once inside a statement that begins so."""
    return {
        "INSERT": {"SELECT", "EXEC", "EXECUTE"},
        "UPDATE": {"SET"},
        "ALTER": {"SET"},
        "WITH": set(_BODY_STARTS),
    }.get(first, set())


def _ends(first: str, word: str, allowed: set[str], start: int, cursor: Cursor) -> bool:
    before = cursor.tokens[cursor.at - 1].upper
    if word in ("END", "ELSE"):
        return first != "MERGE"
    if word not in STARTS or first == "MERGE":
        return False
    if word in allowed:
        allowed.discard(word)
        return False
    if before in _JOINED or before in ("ON", "WITH"):
        return False
    if word == "IF":
        return not (first in ("DROP", "CREATE") and cursor.peek(1).upper in ("EXISTS", "NOT"))
    if first in ("GRANT", "DENY", "REVOKE"):
        return bool({"TO", "FROM"} & {t.upper for t in cursor.tokens[start : cursor.at]})
    return not (
        first == "ALTER" and word in ("DROP", "ALTER") and cursor.peek(1).upper in ("COLUMN", "CONSTRAINT", "MEMBER")
    )
