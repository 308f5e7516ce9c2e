"""The parser of control flow. It splits a batch into statements as the server does, without semicolons."""

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError
from lab.sqlserver.lexer import tokens_of
from lab.sqlserver.parse_calls import declare_of, execute_of, raise_of, set_of
from lab.sqlserver.plain_end import STARTS, end_of_plain, expression
from lab.sqlserver.statements import (
    Block,
    If,
    Leave,
    Plain,
    Print,
    Statement,
    Throw,
    Transact,
    Try,
    Use,
    Wait,
    While,
)

_NOT_HERE = {"END", "ELSE", ")"}


def parse(text: str) -> tuple[Statement, ...]:
    """All statements of a batch. Raises SqlError 102 and 105: then nothing of the batch runs."""
    cursor = Cursor(tokens_of(text), text)
    found: list[Statement] = []
    while not cursor.ended():
        if not cursor.accept(";"):
            found.append(_first_call(cursor) if not found else _statement(cursor))
    return tuple(found)


def _first_call(cursor: Cursor) -> Statement:
    """The first statement of a batch may be a procedure's name without EXEC."""
    token = cursor.peek()
    if token.kind == "quoted" or (token.kind == "word" and token.upper not in _VERBS and token.upper not in _NOT_HERE):
        return execute_of(cursor, token.line)
    return _statement(cursor)


def _statement(cursor: Cursor) -> Statement:
    token = cursor.peek()
    if token.kind != "word" or token.upper not in _VERBS:
        raise cursor.wrong()
    read = _CONTROL.get(token.upper)
    return read(cursor) if read else _plain(cursor)


def body_of(cursor: Cursor) -> tuple[Statement, ...]:
    """All statements up to the end of the text."""
    found: list[Statement] = []
    while not cursor.ended():
        if not cursor.accept(";"):
            found.append(_statement(cursor))
    return tuple(found)


def _plain(cursor: Cursor) -> Statement:
    start, line = cursor.at, cursor.peek().line
    if end_of_plain(cursor) and start:
        raise SqlError(111, f"{cursor.tokens[start].upper} {cursor.tokens[start + 1].upper}", line=line)
    tokens = tuple(cursor.tokens[start : cursor.at])
    return Plain(line=line, tokens=tokens, text=cursor.slice(start, cursor.at))


def _begin(cursor: Cursor) -> Statement:
    line = cursor.take().line
    if cursor.accept("TRY"):
        return _try(cursor, line)
    if cursor.accept("TRAN") or cursor.accept("TRANSACTION"):
        return Transact(line=line, word="BEGIN", name=_transaction_name(cursor))
    if cursor.peek().upper == "DISTRIBUTED":
        raise cursor.wrong()
    return Block(line=line, body=_until_end(cursor))


def _try(cursor: Cursor, line: int) -> Statement:
    body = _until_end(cursor)
    cursor.expect("TRY")
    cursor.accept(";")
    cursor.expect("BEGIN", "CATCH")
    caught = _until_end(cursor)
    cursor.expect("CATCH")
    return Try(line=line, body=body, caught=caught)


def _until_end(cursor: Cursor) -> tuple[Statement, ...]:
    body: list[Statement] = []
    while not cursor.accept("END"):
        if cursor.ended():
            raise cursor.wrong()
        if not cursor.accept(";"):
            body.append(_statement(cursor))
    return tuple(body)


def _if(cursor: Cursor) -> Statement:
    line = cursor.take().line
    condition = expression(cursor)
    then = _statement(cursor)
    before = cursor.at
    cursor.accept(";")
    if cursor.accept("ELSE"):
        return If(line=line, condition=condition, then=then, other=_statement(cursor))
    cursor.at = before
    return If(line=line, condition=condition, then=then)


def _while(cursor: Cursor) -> Statement:
    line = cursor.take().line
    return While(line=line, condition=expression(cursor), body=_statement(cursor))


def _leave(cursor: Cursor) -> Statement:
    token, following = cursor.take(), cursor.peek()
    bare = cursor.ended() or following.upper in _VERBS or following.upper in (";", "END", "ELSE")
    value = "" if token.upper != "RETURN" or bare else expression(cursor)
    return Leave(line=token.line, word=token.upper, value=value)


def _print(cursor: Cursor) -> Statement:
    line = cursor.take().line
    return Print(line=line, value=expression(cursor))


def _throw(cursor: Cursor) -> Statement:
    line = cursor.take().line
    if cursor.peek().kind not in ("number", "variable"):
        return Throw(line=line)
    arguments = [expression(cursor, comma=True)]
    while cursor.accept(","):
        arguments.append(expression(cursor, comma=True))
    return Throw(line=line, arguments=tuple(arguments))


def _wait(cursor: Cursor) -> Statement:
    line = cursor.take().line
    cursor.expect("DELAY")
    return Wait(line=line, delay=expression(cursor))


def _end_transaction(cursor: Cursor) -> Statement:
    token = cursor.take()
    if not (cursor.accept("TRAN") or cursor.accept("TRANSACTION")):
        cursor.accept("WORK")
        return Transact(line=token.line, word=token.upper)
    return Transact(line=token.line, word=token.upper, name=_transaction_name(cursor))


def _transaction_name(cursor: Cursor) -> str:
    token = cursor.peek()
    known = token.upper in _VERBS or token.upper in _NOT_HERE
    if token.kind in ("quoted", "variable") or (token.kind == "word" and not known):
        return cursor.take().value
    return ""


def _use(cursor: Cursor) -> Statement:
    line = cursor.take().line
    return Use(line=line, database=cursor.name())


def _execute(cursor: Cursor) -> Statement:
    return execute_of(cursor, cursor.take().line)


# Verbs of T-SQL that are no control flow: known to the lab or refused by it, but no syntax error.
_OTHER_STARTS = STARTS | {
    "WITH",
    "OPEN",
    "CLOSE",
    "FETCH",
    "DEALLOCATE",
    "ENABLE",
    "DISABLE",
    "ADD",
    "BULK",
    "SHUTDOWN",
    "REVERT",
    "GET",
    "MOVE",
    "SEND",
    "RECEIVE",
}
_CONTROL = {
    "BEGIN": _begin,
    "IF": _if,
    "WHILE": _while,
    "BREAK": _leave,
    "CONTINUE": _leave,
    "RETURN": _leave,
    "PRINT": _print,
    "THROW": _throw,
    "WAITFOR": _wait,
    "COMMIT": _end_transaction,
    "ROLLBACK": _end_transaction,
    "SAVE": _end_transaction,
    "USE": _use,
    "EXEC": _execute,
    "EXECUTE": _execute,
    "DECLARE": declare_of,
    "SET": set_of,
    "RAISERROR": raise_of,
}
_VERBS = _OTHER_STARTS | set(_CONTROL)
