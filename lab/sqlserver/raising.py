"""RAISERROR and THROW."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lab.sqlserver.errors import Reach, SqlError
from lab.tds.answers import Message

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession


def raised(values: list[Any]) -> Iterator[Message]:
    """RAISERROR: information up to class 10, else raises the error. From class 20 on it takes the connection along."""
    if len(values) < 3:
        raise SqlError(102, ")")
    text, severity, state = _formatted(values[0], values[3:]), int(values[1]), int(values[2])
    if severity <= 10:
        yield Message(number=50000, severity=severity if severity < 10 else 0, state=state, text=text)
        return
    error = SqlError(50000, text=text, severity=severity, state=max(state, 1))
    error.raised = True
    if severity >= 20:
        error.reach = Reach.CONNECTION
    raise error


def thrown(session: "LabSession", values: list[Any]) -> SqlError:
    """The error of THROW; without arguments the one that was caught last."""
    if values:
        error = SqlError(int(values[0]), text=str(values[1]), severity=16, state=int(values[2]))
    elif session.caught:
        error = _again(session.caught[-1])
    else:
        raise SqlError(10704, text="To rethrow an error, a THROW statement must be used inside a CATCH block.")
    error.reach = Reach.BATCH
    error.thrown = True
    return error


def _formatted(text: Any, values: list[Any]) -> str:
    rest = list(values)

    def one(match: re.Match[str]) -> str:
        if match.group() == "%%":
            return "%"
        value = rest.pop(0) if rest else "(null)"
        width = match.group(1)
        shown = "(null)" if value is None else f"{value:x}" if match.group(2) in "xX" else str(value)
        return shown.rjust(int(width)) if width else shown

    return re.sub(r"%%|%(\d*)(?:I64)?([dsiuxX])", one, str(text))


def _again(error: SqlError) -> SqlError:
    fresh = SqlError(error.number, *error.details, text=error.text, severity=error.severity, state=error.state)
    fresh.line = error.line
    return fresh
