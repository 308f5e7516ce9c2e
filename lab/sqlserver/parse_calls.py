"""The parsers of DECLARE, SET, RAISERROR and EXEC."""

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import lab_cannot
from lab.sqlserver.plain_end import STARTS, expression
from lab.sqlserver.statements import (
    Argument,
    Assign,
    Declare,
    Declared,
    DeclareTable,
    Execute,
    Raise,
    SetOption,
    Statement,
)


def declare_of(cursor: Cursor) -> Statement:
    """DECLARE @a int = 1, @b nvarchar(20)."""
    line = cursor.take().line
    if cursor.peek(1).upper == "TABLE" or (cursor.peek(1).upper == "AS" and cursor.peek(2).upper == "TABLE"):
        name = cursor.take().value
        cursor.accept("AS")
        cursor.expect("TABLE")
        return DeclareTable(line=line, name=name, columns=table_text(cursor))
    found = [_declared(cursor)]
    while cursor.accept(","):
        found.append(_declared(cursor))
    return Declare(line=line, variables=tuple(found))


def _declared(cursor: Cursor) -> Declared:
    if cursor.peek().kind != "variable":
        raise cursor.wrong()
    name = cursor.take().value
    cursor.accept("AS")
    if cursor.peek().upper in ("TABLE", "CURSOR"):
        raise lab_cannot(f"DECLARE {name} {cursor.peek().raw}")
    kind = type_of(cursor)
    value = expression(cursor, comma=True) if cursor.accept("=") else None
    return Declared(name=name, type=kind, value=value)


def table_text(cursor: Cursor) -> str:
    """A table's columns in brackets, as text."""
    start, depth = cursor.at, 0
    while True:
        word = cursor.take().upper
        depth += (word == "(") - (word == ")")
        if not depth:
            return cursor.slice(start, cursor.at)


def type_of(cursor: Cursor) -> str:
    """A type with its size, such as `decimal(18,4)`, lower case."""
    name = cursor.name().lower()
    while cursor.accept("."):
        name = cursor.name().lower()
    if not cursor.accept("("):
        return name
    sizes = [cursor.take().value.lower()]
    while cursor.accept(","):
        sizes.append(cursor.take().value)
    cursor.expect(")")
    return f"{name}({','.join(sizes)})"


def set_of(cursor: Cursor) -> Statement:
    """SET @x = …, or an option."""
    line = cursor.take().line
    if cursor.peek().kind != "variable":
        return _option(cursor, line)
    name, sign = cursor.take().value, cursor.take().upper
    if sign != "=" and sign not in ("+=", "-=", "*=", "/="):
        cursor.at -= 1
        raise cursor.wrong()
    value = expression(cursor)
    return Assign(line=line, name=name, value=value if sign == "=" else f"{name} {sign[0]} ({value})")


def _option(cursor: Cursor, line: int) -> Statement:
    if cursor.accept("TRANSACTION", "ISOLATION", "LEVEL"):
        words = [cursor.take().upper]
        if words[0] in ("READ", "REPEATABLE"):
            words.append(cursor.take().upper)
        return SetOption(line=line, options=("ISOLATION",), value=" ".join(words))
    names = [cursor.take().upper]
    while cursor.accept(","):
        names.append(cursor.take().upper)
    if names[0] in ("STATISTICS", "IDENTITY_INSERT"):
        names.append(_table_or_word(cursor))
    value = "-" * cursor.accept("-") + cursor.take().value
    return SetOption(line=line, options=tuple(names), value=value.upper() if names[0] != "LANGUAGE" else value)


def _table_or_word(cursor: Cursor) -> str:
    parts = [cursor.name()]
    while cursor.accept("."):
        parts.append(cursor.name())
    return ".".join(parts)


def raise_of(cursor: Cursor) -> Statement:
    """RAISERROR(text, severity, state, …) WITH NOWAIT."""
    line = cursor.take().line
    cursor.expect("(")
    arguments = [expression(cursor, comma=True)]
    while cursor.accept(","):
        arguments.append(expression(cursor, comma=True))
    cursor.expect(")")
    options = []
    if cursor.accept("WITH"):
        options.append(cursor.take().upper)
        while cursor.accept(","):
            options.append(cursor.take().upper)
    return Raise(line=line, arguments=tuple(arguments), options=tuple(options))


def execute_of(cursor: Cursor, line: int) -> Execute:
    """EXEC('…'), EXEC @r = procedure @a = 1, 2 OUTPUT."""
    if cursor.accept("("):
        text = expression(cursor)
        cursor.expect(")")
        return Execute(line=line, procedure="", text=text)
    result = ""
    if cursor.peek().kind == "variable" and cursor.peek(1).upper == "=":
        result = cursor.take().value
        cursor.take()
    procedure = _table_or_word(cursor)
    return Execute(line=line, procedure=procedure, arguments=tuple(_arguments(cursor)), result=result)


def _arguments(cursor: Cursor) -> list[Argument]:
    found: list[Argument] = []
    while not cursor.ended() and cursor.peek().upper not in STARTS and cursor.peek().upper not in (";", "END", "ELSE"):
        name = ""
        if cursor.peek().kind == "variable" and cursor.peek(1).upper == "=":
            name = cursor.take().value
            cursor.take()
        value = expression(cursor, comma=True)
        output = cursor.accept("OUTPUT") or cursor.accept("OUT")
        found.append(Argument(name=name, value=value, output=output))
        if not cursor.accept(","):
            break
    return found
