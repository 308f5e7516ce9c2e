"""Procedures, functions and triggers at work: parameters in, rows and messages out, a status or a value back."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import cast, kind_of
from lab.sqlserver.module_text import Definition
from lab.sqlserver.modules import Module
from lab.sqlserver.scope import Scope
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.interpreter import Interpreter

MOST_NESTED = 32
Values = list[tuple[str, Any]]


def run_procedure(
    interpreter: "Interpreter", module: Module, values: Values, scope: Scope
) -> Generator[Answer, None, tuple[int, Scope]]:
    """Run it; answers its status and its variables. Raises SqlError 201, 8144, 8145, 217."""
    session, definition = interpreter.session, module.definition
    inner = scope_of(interpreter, module, scope)
    _bind(interpreter, definition, values, inner)
    before, options = session.transaction_count, dict(session.options)
    session.nesting += 1
    try:
        status = None
        for answer in (told := _Told(interpreter.module(definition.body, inner))):
            yield replace(answer, inner=True) if isinstance(answer, Done) else answer
        status = told.value
    finally:
        session.nesting -= 1
        session.options = options  # what a procedure sets ends with it
    if session.transaction_count != before:
        yield SqlError(266, before, session.transaction_count).message(session.language, 1)
    return int(status or 0), inner


class _Told:
    """A generator that can be looped over, and its value afterwards."""

    def __init__(self, work: Generator[Answer, None, Any]) -> None:
        self._work = work
        self.value: Any = None

    def __iter__(self) -> Iterator[Answer]:
        self.value = yield from self._work


def scope_of(interpreter: "Interpreter", module: Module, caller: Scope) -> Scope:
    """A scope for the module's body. Raises SqlError 217."""
    if interpreter.session.nesting >= MOST_NESTED:
        raise SqlError(217, MOST_NESTED)
    return Scope(caller, procedure=module.name)


def _bind(interpreter: "Interpreter", definition: Definition, values: Values, scope: Scope) -> None:
    name = definition.name
    known = {p.name.lower(): p for p in definition.parameters}
    given: dict[str, Any] = {}
    for n, (asked, value) in enumerate(values):
        if not asked and n >= len(definition.parameters):
            raise SqlError(8144, name)
        key = asked.lower() or definition.parameters[n].name.lower()
        if key not in known:
            raise SqlError(8145, asked, name)
        given[key] = value
    for key, parameter in known.items():
        scope.declare(parameter.name, parameter.type)
        if key in given and given[key] is not DEFAULT:
            scope.assign(parameter.name, given[key])
        elif parameter.default is not None:
            scope.assign(parameter.name, interpreter.session.evaluate(scope, parameter.default))
        elif not parameter.output or key not in given:
            raise SqlError(201, name, parameter.name)


DEFAULT = object()  # the word DEFAULT as an argument


def value_of(interpreter: "Interpreter", module: Module, values: list[Any]) -> Any:
    """The value of a scalar function. Raises SqlError, 557-like for what a function may not do."""
    session, definition = interpreter.session, module.definition
    scope = scope_of(interpreter, module, Scope())
    if len(values) != len(definition.parameters):
        raise SqlError(313 if len(values) < len(definition.parameters) else 8144, module.name)
    _bind(interpreter, definition, [("", v) for v in values], scope)
    session.nesting += 1
    try:
        value = _quietly(interpreter.module(definition.body, scope))
    finally:
        session.nesting -= 1
    return cast(value, kind_of(definition.returns))


def _quietly(work: Generator[Answer, None, Any]) -> Any:
    """Run to the end; an error that would be told is raised instead."""
    told = _Told(work)
    for answer in told:
        number, severity = getattr(answer, "number", 0), getattr(answer, "severity", 0)
        if severity > 10:
            raise SqlError(number, text=str(getattr(answer, "text", "")), severity=severity)
    return told.value


def rows_into(interpreter: "Interpreter", module: Module, values: list[Any], table: str) -> None:
    """Fill the temporary table that a multi-statement function returns."""
    session, definition = interpreter.session, module.definition
    scope = scope_of(interpreter, module, Scope())
    _bind(interpreter, definition, [("", v) for v in values], scope)
    scope.tables[definition.returns.lower()] = table
    session.nesting += 1
    try:
        _quietly(interpreter.module(definition.body, scope))
    finally:
        session.nesting -= 1


def fire(interpreter: "Interpreter", module: Module, caller: Scope, tables: dict[str, str]) -> Iterator[Answer]:
    """Run an AFTER trigger over what changed. Its error undoes the change and ends the batch."""
    session = interpreter.session
    scope = scope_of(interpreter, module, caller)
    scope.tables |= tables
    session.nesting += 1
    try:
        for answer in interpreter.module(module.definition.body, scope):
            yield replace(answer, inner=True) if isinstance(answer, Done) else answer
    finally:
        session.nesting -= 1
