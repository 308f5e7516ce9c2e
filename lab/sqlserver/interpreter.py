"""The interpreter: control flow, errors and how far they reach. Everything else goes to queries and commands."""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.sqlserver.commands import command_of
from lab.sqlserver.compiling import check, named, turns_off
from lab.sqlserver.errors import Killed, Reach, SqlError, lab_cannot
from lab.sqlserver.options import set_option
from lab.sqlserver.parser import parse
from lab.sqlserver.procedures import execute
from lab.sqlserver.queries import Query
from lab.sqlserver.raising import raised, thrown
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import (
    Assign,
    Block,
    Declare,
    DeclareTable,
    Execute,
    If,
    Leave,
    Plain,
    Print,
    Raise,
    SetOption,
    Statement,
    Throw,
    Transact,
    Try,
    Use,
    Wait,
    While,
)
from lab.tds.answers import Answer, Done, Message

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

# What a hole in the lab raises: an error of the statement for the client, never a broken session.
_OURS = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, sqlite3.Error)


class _Left(Exception):
    """BREAK, CONTINUE, RETURN on their way out."""

    def __init__(self, word: str, value: Any = None) -> None:
        super().__init__(word)
        self.word, self.value = word, value


class _Ended(Exception):
    """The batch is over after an error that was told."""


class Interpreter:
    """Runs texts in one session."""

    def __init__(self, session: "LabSession") -> None:
        self.session = session

    def batch(self, text: str, scope: Scope) -> Iterator[Answer]:
        """A whole batch. All errors become messages."""
        yield from self.guarded(self.text(text, scope))

    def guarded(self, work: Iterator[Answer]) -> Generator[Answer, None, Any]:
        """Work whose batch-aborting errors end here. What the work returns is returned, None after such an error."""
        with suppress(_Ended):
            return (yield from work)

    def text(self, text: str, scope: Scope) -> Iterator[Answer]:
        """A batch or the text of EXEC(…). Nothing of it runs when it cannot be parsed."""
        try:
            statements = yield from self._parsed(text, scope)
            if self.session.options["PARSEONLY"] and not turns_off(statements, "PARSEONLY"):
                return
            yield from self.body(statements, scope)
        except _Left:
            return
        except SqlError as error:
            if error.reach != Reach.SCOPE or error.outside:
                raise

    def module(self, body: tuple[Statement, ...], scope: Scope) -> Generator[Answer, None, Any]:
        """The body of a procedure, function or trigger; answers the value of its RETURN."""
        try:
            yield from self.body(body, scope)
        except _Left as left:
            return left.value
        except SqlError as error:
            if error.reach != Reach.SCOPE or error.outside:
                raise
        return None

    def _parsed(self, text: str, scope: Scope) -> Generator[Answer, None, tuple[Statement, ...]]:
        try:
            statements = parse(text)
            check(statements)
        except SqlError as error:
            error.reach = max(error.reach, Reach.SCOPE)
            yield from self._failed(error, scope, 1)
            return ()
        return statements

    def body(self, statements: tuple[Statement, ...], scope: Scope) -> Iterator[Answer]:
        """Statements in order."""
        for statement in statements:
            yield from self.statement(statement, scope)

    def statement(self, statement: Statement, scope: Scope) -> Iterator[Answer]:
        """One statement, with what its error does."""
        session = self.session
        session.look()
        if session.options["NOEXEC"] and not isinstance(statement, SetOption):
            return
        session.command = named(statement) or session.command
        try:
            run: Callable[..., Iterator[Answer]] = getattr(self, _RUN[type(statement)])
            yield from run(statement, scope)
        except SqlError as error:
            if error.told:
                raise
            yield from self._failed(error, scope, statement.line)
            return
        except _OURS as error:
            yield from self._failed(lab_cannot(f"line {statement.line}: {error!r}"), scope, statement.line)
            return
        if not isinstance(statement, Try | If | While | Block):
            session.error = 0

    def _failed(self, error: SqlError, scope: Scope, line: int) -> Iterator[Answer]:
        """Tell an error or hand it to the TRY that sees it; then end what it ends."""
        session = self.session
        if not error.procedure:
            error.line = error.line or line
            error.procedure = scope.procedure
        session.error = error.number
        if error.severity > 10 and session.options["XACT_ABORT"] and not error.raised:
            error.reach = max(error.reach, Reach.BATCH) if error.reach != Reach.SCOPE else error.reach
        caught = error.severity < 20 and scope.catches(from_outside=error.reach == Reach.SCOPE)
        if caught and error.severity > 10:
            self._doom(error)
            error.told = True
            error.outside = True
            raise error
        for one in (error, *error.also):
            yield one.message(session.language, error.line)
        yield Done(failed=error.severity > 10)
        yield from self._end(error)

    def _doom(self, error: SqlError) -> None:
        session = self.session
        if error.number == 1205:
            session.roll_back_quietly()
        elif error.reach == Reach.BATCH and session.transaction_count:
            session.doomed = not error.thrown or session.options["XACT_ABORT"]

    def _end(self, error: SqlError) -> Iterator[Answer]:
        session = self.session
        aborts = error.reach >= Reach.BATCH or (error.reach == Reach.SCOPE and session.options["XACT_ABORT"])
        if aborts and session.transaction_count and (not error.thrown or session.options["XACT_ABORT"]):
            yield from session.roll_back()
        if error.reach == Reach.CONNECTION:
            raise Killed(told=True)
        if error.reach >= Reach.BATCH:
            raise _Ended
        if error.reach == Reach.SCOPE:
            error.told = True
            raise error

    def _plain(self, statement: Plain, scope: Scope) -> Iterator[Answer]:
        session = self.session
        session.strike(statement.text)
        command = command_of(statement)
        if command is not None:
            yield from command(session, scope, statement)
        else:
            yield from Query(session, scope, statement.text).answers()

    def _block(self, statement: Block, scope: Scope) -> Iterator[Answer]:
        yield from self.body(statement.body, scope)

    def _if(self, statement: If, scope: Scope) -> Iterator[Answer]:
        if self._true(statement.condition, scope):
            yield from self.statement(statement.then, scope)
        elif statement.other is not None:
            yield from self.statement(statement.other, scope)

    def _true(self, condition: str, scope: Scope) -> bool:
        return bool(self.session.evaluate(scope, f"CASE WHEN {condition} THEN 1 ELSE 0 END"))

    def _while(self, statement: While, scope: Scope) -> Iterator[Answer]:
        while self._true(statement.condition, scope):
            self.session.look()
            try:
                yield from self.statement(statement.body, scope)
            except _Left as left:
                if left.word == "RETURN":
                    raise
                if left.word == "BREAK":
                    return

    def _leave(self, statement: Leave, scope: Scope) -> Iterator[Answer]:
        raise _Left(statement.word, self.session.evaluate(scope, statement.value) if statement.value else None)

    def _try(self, statement: Try, scope: Scope) -> Iterator[Answer]:
        scope.tries += 1
        try:
            yield from self.body(statement.body, scope)
        except SqlError as error:
            scope.tries -= 1
            self.session.caught.append(error)
            try:
                yield from self.body(statement.caught, scope)
            finally:
                self.session.caught.pop()
        except BaseException:
            scope.tries -= 1
            raise
        else:
            scope.tries -= 1

    def _declare(self, statement: Declare, scope: Scope) -> Iterator[Answer]:
        for variable in statement.variables:
            scope.declare(variable.name, variable.type)
            if variable.value is not None:
                scope.assign(variable.name, self.session.evaluate(scope, variable.value))
        return iter(())

    def _declare_table(self, statement: DeclareTable, scope: Scope) -> Iterator[Answer]:
        if statement.name.lower() in scope.tables:
            raise SqlError(134, statement.name)
        scope.tables[statement.name.lower()] = self.session.new_table(statement.columns)
        return iter(())

    def _assign(self, statement: Assign, scope: Scope) -> Iterator[Answer]:
        scope.assign(statement.name, self.session.evaluate(scope, statement.value))
        self.session.row_count = 1
        return iter(())

    def _set(self, statement: SetOption, scope: Scope) -> Iterator[Answer]:
        yield from set_option(self.session, scope, statement)

    def _print(self, statement: Print, scope: Scope) -> Iterator[Answer]:
        value = self.session.evaluate(scope, statement.value)
        text = "" if value is None else str(value)
        yield Message(number=0, severity=0, state=1, text=text, line=statement.line, procedure=scope.procedure)

    def _raise(self, statement: Raise, scope: Scope) -> Iterator[Answer]:
        for message in raised([self.session.evaluate(scope, a) for a in statement.arguments]):
            yield replace(message, line=statement.line, procedure=scope.procedure)

    def _throw(self, statement: Throw, scope: Scope) -> Iterator[Answer]:
        raise thrown(self.session, [self.session.evaluate(scope, a) for a in statement.arguments])

    def _wait(self, statement: Wait, scope: Scope) -> Iterator[Answer]:
        parts = [float(p) for p in str(self.session.evaluate(scope, statement.delay)).split(":")]
        hours, minutes, seconds = [*parts, 0.0, 0.0][:3]
        self.session.pause(hours * 3600 + minutes * 60 + seconds)
        return iter(())

    def _transact(self, statement: Transact, _: Scope) -> Iterator[Answer]:
        yield from self.session.transaction_statement(statement.word, statement.name)

    def _use(self, statement: Use, _: Scope) -> Iterator[Answer]:
        yield from self.session.enter(statement.database)

    def _execute(self, statement: Execute, scope: Scope) -> Iterator[Answer]:
        self.session.strike(statement.procedure or statement.text)
        yield from execute(self, statement, scope)


# Statement -> the method that runs it.
_RUN: dict[type[Statement], str] = {
    Plain: "_plain",
    Block: "_block",
    If: "_if",
    While: "_while",
    Leave: "_leave",
    Try: "_try",
    Declare: "_declare",
    DeclareTable: "_declare_table",
    Assign: "_assign",
    SetOption: "_set",
    Print: "_print",
    Raise: "_raise",
    Throw: "_throw",
    Wait: "_wait",
    Transact: "_transact",
    Use: "_use",
    Execute: "_execute",
}
