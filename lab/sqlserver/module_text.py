"""The text of a view, procedure, function or trigger: its name, its parameters, its body."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.lexer import tokens_of
from lab.sqlserver.parse_calls import table_text, type_of
from lab.sqlserver.parser import body_of
from lab.sqlserver.statements import Statement
from lab.sqlserver.tables import dotted, flat

VIEW, PROCEDURE, SCALAR, INLINE, TABLED, TRIGGER = "V", "P", "FN", "IF", "TF", "TR"
FUNCTIONS = (SCALAR, INLINE, TABLED)
WORDS = {"VIEW": (VIEW,), "PROC": (PROCEDURE,), "PROCEDURE": (PROCEDURE,), "FUNCTION": FUNCTIONS, "TRIGGER": (TRIGGER,)}


@dataclass(frozen=True, kw_only=True)
class ModuleParameter:
    """A parameter; `default` is the text of a constant, None where there is none."""

    name: str
    type: str
    default: str | None = None
    output: bool = False


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a CREATE or ALTER says. Lines of `body` count from the start of the batch that made it."""

    verb: str  # CREATE, ALTER or CREATE OR ALTER
    kind: str
    parts: tuple[str, ...]
    parameters: tuple[ModuleParameter, ...] = ()
    columns: tuple[str, ...] = ()
    returns: str = ""
    table: str = ""  # the columns of a returned table variable, brackets included
    query: str = ""
    body: tuple[Statement, ...] = ()
    on: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return flat(list(self.parts[-2:]))


@lru_cache(maxsize=256)
def definition_of(text: str) -> Definition:
    """Raises SqlError 102, and 50000 for what the lab does not do."""
    cursor = Cursor(tokens_of(text), text)
    verb = cursor.take().upper
    if cursor.accept("OR"):
        cursor.expect("ALTER")
        verb = "CREATE OR ALTER"
    word = cursor.take().upper
    parts = tuple(dotted(cursor))
    if len(parts) > 2:
        raise SqlError(166, text=f"'{verb} {word}' does not allow specifying the database name as a prefix.")
    return _READ[WORDS[word][0]](cursor, verb, parts)


def _view(cursor: Cursor, verb: str, parts: tuple[str, ...]) -> Definition:
    columns: list[str] = []
    if cursor.accept("("):
        columns.append(cursor.name())
        while cursor.accept(","):
            columns.append(cursor.name())
        cursor.expect(")")
    _options(cursor)
    cursor.expect("AS")
    query = cursor.slice(cursor.at, len(cursor.tokens)).rstrip(";")
    return Definition(verb=verb, kind=VIEW, parts=parts, columns=tuple(columns), query=query)


def _procedure(cursor: Cursor, verb: str, parts: tuple[str, ...]) -> Definition:
    bracketed = cursor.accept("(")
    parameters = _parameters(cursor)
    if bracketed:
        cursor.expect(")")
    _options(cursor)
    cursor.expect("AS")
    return Definition(verb=verb, kind=PROCEDURE, parts=parts, parameters=parameters, body=body_of(cursor))


def _function(cursor: Cursor, verb: str, parts: tuple[str, ...]) -> Definition:
    cursor.expect("(")
    parameters = _parameters(cursor)
    cursor.expect(")", "RETURNS")
    if cursor.accept("TABLE"):
        _options(cursor)
        cursor.accept("AS")
        cursor.expect("RETURN")
        query = cursor.slice(cursor.at, len(cursor.tokens)).rstrip(";")
        return Definition(verb=verb, kind=INLINE, parts=parts, parameters=parameters, query=query)
    table = ""
    if cursor.peek().kind == "variable":
        returns = cursor.take().value
        cursor.expect("TABLE")
        table = table_text(cursor)
    else:
        returns = type_of(cursor)
    _options(cursor)
    cursor.accept("AS")
    body = body_of(cursor)
    kind = TABLED if table else SCALAR
    return Definition(verb=verb, kind=kind, parts=parts, parameters=parameters, returns=returns, table=table, body=body)


def _trigger(cursor: Cursor, verb: str, parts: tuple[str, ...]) -> Definition:
    cursor.expect("ON")
    on = tuple(dotted(cursor))
    _options(cursor)
    if not (cursor.accept("AFTER") or cursor.accept("FOR")):
        raise lab_cannot(f"trigger {parts[-1]}: only AFTER triggers on tables")
    events = [cursor.take().upper]
    while cursor.accept(","):
        events.append(cursor.take().upper)
    if set(events) - {"INSERT", "UPDATE", "DELETE"}:
        raise lab_cannot(f"trigger {parts[-1]}: only AFTER triggers on tables")
    cursor.expect("AS")
    body = body_of(cursor)
    return Definition(verb=verb, kind=TRIGGER, parts=parts, on=on, events=tuple(events), body=body)


def _options(cursor: Cursor) -> None:
    """WITH SCHEMABINDING, EXECUTE AS OWNER, …: without effect here."""
    if not cursor.accept("WITH"):
        return
    while True:
        if cursor.take().upper in ("EXECUTE", "EXEC"):
            cursor.expect("AS")
            cursor.take()
        if not cursor.accept(","):
            return


def _parameters(cursor: Cursor) -> tuple[ModuleParameter, ...]:
    found: list[ModuleParameter] = []
    while cursor.peek().kind == "variable":
        name = cursor.take().value
        cursor.accept("AS")
        kind = type_of(cursor)
        default = _constant(cursor) if cursor.accept("=") else None
        output = cursor.accept("OUTPUT") or cursor.accept("OUT")
        if cursor.accept("READONLY"):
            raise lab_cannot(f"table-valued parameter {name}")
        found.append(ModuleParameter(name=name, type=kind, default=default, output=output))
        if not cursor.accept(","):
            break
    return tuple(found)


def _constant(cursor: Cursor) -> str:
    sign = cursor.take().raw if cursor.peek().raw in ("-", "+") else ""
    return sign + cursor.take().raw


_READ: dict[str, Callable[[Cursor, str, tuple[str, ...]], Definition]] = {
    VIEW: _view,
    PROCEDURE: _procedure,
    SCALAR: _function,
    TRIGGER: _trigger,
}
