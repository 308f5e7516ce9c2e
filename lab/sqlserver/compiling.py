"""What is known of a batch before anything of it runs: its syntax errors, its options, what it is called."""

from lab.sqlserver.errors import SqlError
from lab.sqlserver.module_text import WORDS, definition_of
from lab.sqlserver.modules import text_of
from lab.sqlserver.statements import Execute, Plain, SetOption, Statement, Wait
from lab.sqlserver.translate import read

_QUERY_WORDS = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}


def check(statements: tuple[Statement, ...]) -> None:
    """Raises SqlError for the first one, with its line."""
    for statement in statements:
        if isinstance(statement, Plain):
            _check_plain(statement)
        for name in ("body", "caught"):
            inner = getattr(statement, name, ())
            check(inner if isinstance(inner, tuple) else (inner,))
        for name in ("then", "other"):
            if getattr(statement, name, None) is not None:
                check((getattr(statement, name),))


def _check_plain(statement: Plain) -> None:
    words = statement.words(3)
    if words[0] in ("CREATE", "ALTER") and {"OR", *WORDS} & set(words[1:2]):
        check(definition_of(text_of(statement)).body)
        return
    special = words[0] == "INSERT" and any(t.upper in ("EXEC", "EXECUTE") for t in statement.tokens)
    if words[0] not in _QUERY_WORDS or special:
        return
    try:
        read(statement.text)
    except SqlError as error:
        error.line = statement.line + max(error.line, 1) - 1
        raise


def turns_off(statements: tuple[Statement, ...], option: str) -> bool:
    """Whether one of them switches that option off again."""
    return any(isinstance(s, SetOption) and option in s.options and s.value == "OFF" for s in statements)


def named(statement: Statement) -> str:
    """What sys.dm_exec_requests calls it."""
    if isinstance(statement, Plain):
        return statement.words(1)[0]
    return {Wait: "WAITFOR", Execute: "EXECUTE"}.get(type(statement), "")
