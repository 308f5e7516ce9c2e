"""EXEC and remote calls: dynamic text, sp_executesql and its prepared kin, application locks."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.sqlserver import modules
from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.kinds import keep, kind_of, send
from lab.sqlserver.lexer import tokens_of
from lab.sqlserver.module_text import PROCEDURE
from lab.sqlserver.modules import Module
from lab.sqlserver.parse_calls import type_of
from lab.sqlserver.running import DEFAULT, Values, run_procedure
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Execute
from lab.sqlserver.tables import flat
from lab.tds.answers import Answer, Column, Done, Parameter, Returned, SqlType, Verb

if TYPE_CHECKING:
    from lab.sqlserver.interpreter import Interpreter
    from lab.sqlserver.session import LabSession


def execute(interpreter: "Interpreter", statement: Execute, scope: Scope) -> Iterator[Answer]:
    """EXEC in a batch. Raises SqlError 2812."""
    session = interpreter.session
    if not statement.procedure:
        text = session.evaluate(scope, statement.text)
        yield from _dynamic(interpreter, str(text or ""), Scope(scope))
        yield Done(verb=Verb.EXECUTE)
        return
    values = [(a.name, _value(session, scope, a.value)) for a in statement.arguments]
    name = statement.procedure.lower().split(".")[-1]
    module = found(session, statement.procedure)
    if module is not None:
        yield from _run(interpreter, module, statement, values, scope)
        return
    if name == "sp_executesql":
        inner = yield from _executesql(interpreter, values, Scope(scope))
        names = _names(str(values[1][1])) if len(values) > 1 else []
        for n, argument in enumerate(statement.arguments[2:]):
            if argument.output:
                scope.assign(argument.value, inner.get(argument.name or names[n]))
        yield Done(verb=Verb.EXECUTE)
        return
    status = _known(name, statement.procedure)(session, _named(name, values))
    if statement.result:
        scope.assign(statement.result, status)
    yield Done(verb=Verb.EXECUTE)


def found(session: "LabSession", shown: str) -> Module | None:
    """A procedure that a script made, with the right to run it. Raises SqlError 229, 911, 916."""
    parts = [p for p in shown.split(".") if p]
    database = session.reach(parts[0] if len(parts) == 3 else session.database)
    module = modules.find(session, database, flat(parts[-2:] if len(parts) > 1 else ["dbo", *parts]), PROCEDURE)
    if module and not session.server.rights.may(session.account, database, "EXECUTE", module.name):
        raise SqlError(229, "EXECUTE", module.name, database.name, "dbo")
    return module


def _value(session: "LabSession", scope: Scope, text: str) -> Any:
    return DEFAULT if text.upper() == "DEFAULT" else session.evaluate(scope, _argument(text))


def _run(
    interpreter: "Interpreter", module: Module, statement: Execute, values: Values, scope: Scope
) -> Iterator[Answer]:
    status, inner = yield from run_procedure(interpreter, module, values, scope)
    for n, argument in enumerate(statement.arguments):
        if argument.output:
            scope.assign(argument.value, inner.get(argument.name or module.definition.parameters[n].name))
    if statement.result:
        scope.assign(statement.result, status)
    yield Returned(status=status)
    yield Done(verb=Verb.EXECUTE)


def _argument(text: str) -> str:
    """A bare word as an argument of EXEC is a text."""
    return f"'{text}'" if text.replace("_", "").isalnum() and not text[0].isdigit() and text.upper() != "NULL" else text


def call(interpreter: "Interpreter", procedure: str, parameters: tuple[Parameter, ...]) -> Iterator[Answer]:
    """A remote call. Its errors become messages."""
    name = procedure.lower().split(".")[-1]
    try:
        yield from _call(interpreter, name, parameters)
    except SqlError as error:
        if not error.told:
            yield error.message(interpreter.session.language, 1)
            yield Done(verb=Verb.EXECUTE, failed=True)


def _call(interpreter: "Interpreter", name: str, parameters: tuple[Parameter, ...]) -> Iterator[Answer]:
    session = interpreter.session
    handles = session.server.handles
    plain = [(p.name, keep(p.value)) for p in parameters]
    if name == "sp_executesql":
        yield from _told(interpreter, parameters, str(plain[0][1]), str(plain[1][1] or "") if len(plain) > 1 else "", 2)
    elif name in ("sp_prepare", "sp_prepexec"):
        handle = handles.keep(session.number, str(plain[1][1] or ""), str(plain[2][1]))
        first = {parameters[0].name or "@handle": (Column(name="", type=SqlType.INT), handle)}
        if name == "sp_prepexec":
            yield from _told(interpreter, parameters, str(plain[2][1]), str(plain[1][1] or ""), 3, first)
        else:
            yield Returned(outputs=first)
    elif name == "sp_execute":
        declared, text = handles.get(session.number, int(plain[0][1]))
        yield from _told(interpreter, parameters, text, declared, 1)
    elif name == "sp_unprepare":
        handles.drop(session.number, int(plain[0][1]))
        yield Returned()
    else:
        yield Returned(status=_known(name, name)(session, _named(name, plain)))
    yield Done(verb=Verb.EXECUTE)


def _told(
    interpreter: "Interpreter",
    parameters: tuple[Parameter, ...],
    text: str,
    declared: str,
    skip: int,
    first: dict[str, tuple[Column, Any]] | None = None,
) -> Iterator[Answer]:
    """Run the text of a call; its statements are inner ones, its outputs come back by name."""
    rest = parameters[skip:]
    values: Values = [("", text), ("", declared), *((p.name, keep(p.value)) for p in rest)]
    inner = Scope()
    for answer in interpreter.guarded(_executesql(interpreter, values, inner)):
        yield replace(answer, inner=True) if isinstance(answer, Done) else answer
    names = _names(declared)
    outputs = dict(first or {})
    for n, parameter in enumerate(rest):
        name = parameter.name or names[n]
        if parameter.output:
            column = parameter.column
            kind = kind_of(column.type.value)
            outputs[name] = (
                column,
                send(inner.get(name), replace(kind, precision=column.precision, scale=column.scale)),
            )
    yield Returned(status=0, outputs=outputs)


def _executesql(interpreter: "Interpreter", values: Values, scope: Scope) -> Generator[Answer, None, Scope]:
    declared = str(values[1][1] or "") if len(values) > 1 else ""
    names = _declare(scope, declared)
    for n, (name, value) in enumerate(values[2:]):
        if not name and n >= len(names):
            raise SqlError(8144, "sp_executesql")
        scope.assign(name or names[n], value)
    yield from _dynamic(interpreter, str(values[0][1] or ""), scope)
    return scope


def _dynamic(interpreter: "Interpreter", text: str, scope: Scope) -> Iterator[Answer]:
    """USE inside ends with it."""
    session = interpreter.session
    before = session.database
    try:
        yield from interpreter.text(text, scope)
    finally:
        if session.database != before:
            session.database = before


def _declare(scope: Scope, declared: str) -> list[str]:
    cursor = Cursor(tokens_of(declared), declared)
    names = []
    while not cursor.ended():
        names.append(cursor.take().value)
        cursor.accept("AS")
        scope.declare(names[-1], type_of(cursor))
        if not (cursor.accept("OUTPUT") or cursor.accept("OUT")):
            cursor.accept("READONLY")
        cursor.accept(",")
    return names


def _names(declared: str) -> list[str]:
    return _declare(Scope(), declared)


_ORDERS = {
    "sp_getapplock": ("@resource", "@lockmode", "@lockowner", "@locktimeout", "@dbprincipal"),
    "sp_releaseapplock": ("@resource", "@lockowner", "@dbprincipal"),
}


def _named(procedure: str, values: Values) -> dict[str, Any]:
    order = _ORDERS.get(procedure, ())
    return {
        (name or (order[n] if n < len(order) else f"@{n}")).lower(): value for n, (name, value) in enumerate(values)
    }


def _known(name: str, shown: str) -> Callable[["LabSession", dict[str, Any]], int]:
    found = {"sp_getapplock": _get_lock, "sp_releaseapplock": _release_lock, "sp_reset_connection": _nothing}.get(name)
    if found is None:
        raise SqlError(2812, shown)
    return found


def _nothing(_: "LabSession", _values: dict[str, Any]) -> int:
    return 0


def _lock_name(session: "LabSession", values: dict[str, Any]) -> str:
    if str(values.get("@lockowner", "Transaction")).lower() != "session":
        raise lab_cannot("application locks that a transaction owns")
    return f"app:{session.database_id}:{values['@resource']}"


def _get_lock(session: "LabSession", values: dict[str, Any]) -> int:
    mode = str(values.get("@lockmode", "Exclusive")).capitalize()
    if mode not in ("Exclusive", "Shared"):
        raise lab_cannot(f"sp_getapplock with the mode {mode}")
    timeout = int(values.get("@locktimeout", session.engine.lock_timeout_ms))
    name = _lock_name(session, values)
    return session.server.locks.take(name, session.number, timeout_ms=timeout, look=session.look, mode=mode)


def _release_lock(session: "LabSession", values: dict[str, Any]) -> int:
    if not session.server.locks.release(_lock_name(session, values), session.number):
        raise SqlError(1223, text="Cannot release the application lock because it is not currently held.")
    return 0
