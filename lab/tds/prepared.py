"""Prepared statements: the wire keeps their handles, the session sees only sp_executesql."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from lab.tds.answers import Answer, Column, Done, Message, Parameter, Returned, SqlType
from lab.tds.requests import Call

EXECUTE: Final = "sp_executesql"
INVALID_PARAMETER: Final = "Procedure or function '{}' expects parameters which were not supplied."
UNKNOWN_HANDLE: Final = "Could not find prepared statement with handle {}."

Run = Callable[[str, tuple[Parameter, ...]], Iterator[Answer]]


class Prepared:
    """The prepared statements of one connection."""

    def __init__(self) -> None:
        self._statements: dict[int, tuple[Parameter, ...]] = {}  # the statement and its declarations
        self._last = 0

    def forget(self) -> None:
        """As a reset connection does."""
        self._statements.clear()

    def run(self, call: Call, run: Run) -> Iterator[Answer]:
        """The answers of a call; `run` asks the session."""
        name = call.procedure.lower().removeprefix("sys.")
        if name == "sp_prepare":
            return self._prepare(call.parameters)
        if name == "sp_execute":
            return self._execute(call.parameters, run)
        if name == "sp_prepexec":
            return self._prepare_and_execute(call.parameters, run)
        if name == "sp_unprepare":
            return self._unprepare(call.parameters)
        return run(call.procedure, call.parameters)

    def _prepare(self, parameters: tuple[Parameter, ...]) -> Iterator[Answer]:
        if len(parameters) < 3:
            return _refused("sp_prepare", 201, INVALID_PARAMETER.format("sp_prepare"))
        handle = self._keep(parameters[1], parameters[2])
        return iter([Returned(outputs=_output(parameters[0], handle))])

    def _prepare_and_execute(self, parameters: tuple[Parameter, ...], run: Run) -> Iterator[Answer]:
        if len(parameters) < 3:
            yield from _refused("sp_prepexec", 201, INVALID_PARAMETER.format("sp_prepexec"))
            return
        handle = self._keep(parameters[1], parameters[2])
        output, told = _output(parameters[0], handle), False
        for answer in run(EXECUTE, self._statements[handle] + parameters[3:]):
            if isinstance(answer, Returned):
                told = True
                yield replace(answer, outputs={**output, **answer.outputs})
            else:
                yield answer
        if not told:
            yield Returned(outputs=output)

    def _execute(self, parameters: tuple[Parameter, ...], run: Run) -> Iterator[Answer]:
        handle = parameters[0].value if parameters else None
        if handle not in self._statements:
            return _refused("sp_execute", 8179, UNKNOWN_HANDLE.format(handle))
        return run(EXECUTE, self._statements[handle] + parameters[1:])

    def _unprepare(self, parameters: tuple[Parameter, ...]) -> Iterator[Answer]:
        handle = parameters[0].value if parameters else None
        if handle is None or self._statements.pop(handle, None) is None:
            return _refused("sp_unprepare", 8179, UNKNOWN_HANDLE.format(handle))
        return iter([Returned()])

    def _keep(self, declarations: Parameter, statement: Parameter) -> int:
        self._last += 1
        kept = (replace(statement, name=""), replace(declarations, name=""))
        self._statements[self._last] = kept if declarations.value else kept[:1]
        return self._last


def _output(asked: Parameter, handle: int) -> dict[str, tuple[Column, Any]]:
    return {asked.name: (Column(name=asked.name, type=SqlType.INT), handle)}


def _refused(procedure: str, number: int, text: str) -> Iterator[Answer]:
    message = Message(number=number, severity=16, state=2, text=text, procedure=procedure)
    return iter([message, Done(failed=True)])
