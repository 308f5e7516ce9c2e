"""How a command ends: one table of exit codes, one place that words an error."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import click

from commands.lazy import Given
from commands.moments import FORMS, shown
from commands.screen import Screen
from commands.session import language_of
from domain.decision import Reason, Refused, Verdict
from domain.errors import Denied, Fault, Mistake, NotFound, TimedOut, Trouble, Unreachable
from domain.text import Text

DONE, FAILED, USAGE, REFUSED, NOT_FOUND, UNREACHABLE = range(6)

# The first row that fits counts: special kinds stand before general ones.
CODES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (Refused, REFUSED),
    (Denied, REFUSED),
    (NotFound, NOT_FOUND),
    (Mistake, USAGE),
    (Unreachable, UNREACHABLE),
    (TimedOut, UNREACHABLE),
    (click.UsageError, USAGE),
    (click.FileError, USAGE),
)


def code_of(error: BaseException) -> int:
    """The exit code of an error."""
    return next((code for kind, code in CODES if isinstance(error, kind)), FAILED)


def report(error: BaseException, given: Given) -> int:
    """Tell of an error, on standard error for people, as JSON on standard output for programs; answers its code."""
    code = code_of(error)
    language = language_of(given.options, os.environ)
    if given.options.get("json"):
        Screen(language, json=True).data({"error": {**_as_data(error), "exit": code}})
        return code
    screen = Screen(language, json=False, out=sys.stderr)
    for line in _lines(error, screen, given):
        screen.line(line)
    return code


def _lines(error: BaseException, screen: Screen, given: Given) -> Iterator[str]:
    match error:
        case click.ClickException():
            yield from _usage(error)
        case Refused():
            yield screen.of(error.title) + screen.of(Text("：", ":"))
            yield from _reasons(error, screen, given)
        case Mistake(faults=faults):
            yield screen.of(error.text) + (screen.of(Text("：", ":")) if faults else "")
            yield from (f"  {_at(fault)}{screen.of(fault.text)}" for fault in faults)
            yield from _hints(faults, screen)
        case Trouble():
            yield f"{screen.of(error.title)}{screen.of(Text('：', ': '))}{screen.of(error.text)}"
        case click.Abort() | KeyboardInterrupt():
            yield screen.of(Text("已中断", "Interrupted"))
        case _:
            yield from _ours(error, screen, given)


def _usage(error: click.ClickException) -> Iterator[str]:
    if isinstance(error, click.UsageError) and error.ctx:
        yield error.ctx.get_usage()
        yield f"Try '{error.ctx.command_path} --help'."
    yield error.format_message()


def _reasons(error: Refused, screen: Screen, given: Given) -> Iterator[str]:
    for reason in error.decision.against:
        yield from reason_lines(reason, screen, given)
    until = error.decision.until
    if until:
        yield screen.of(Text("最早可在：", "Next admissible time: ")) + shown(until, given.zone)


def reason_lines(reason: Reason, screen: Screen, given: Given) -> Iterator[str]:
    """A policy's answer; if it is a no, with the values that it compared."""
    allowed = reason.verdict is Verdict.ALLOW
    yield f"  {'✓' if allowed else '✗'} {reason.policy}{screen.of(Text('：', ': '))}{screen.of(reason.text)}"
    if allowed:
        return
    values = ", ".join(f"{name}={_value(value, given)}" for name, value in reason.values.items())
    yield f"    ({values})"


def _value(value: Any, given: Given) -> str:
    if isinstance(value, datetime):
        return shown(value, given.zone)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    return "/".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _at(fault: Fault) -> str:
    """`place: `, or with its place in a file `(root), line 3: `."""
    line = fault.facts.get("line")
    where = fault.path + (f" (line {line})" if line else "")
    return f"{where}: " if where else ""


def _hints(faults: tuple[Fault, ...], screen: Screen) -> Iterator[str]:
    if any(f.code == "unconfirmed" for f in faults):
        yield screen.of(Text("请加 --yes 以确认", "Confirm with --yes"))
    if any(f.path in ("planned_at", "asked_from", "asked_to") for f in faults):
        yield screen.of(Text(f"时间写法：{FORMS}", f"Times are written: {FORMS}"))


def _ours(error: BaseException, screen: Screen, given: Given) -> Iterator[str]:
    zh, en = f"内部错误：{type(error).__name__}：{error}", f"An error of our own: {type(error).__name__}: {error}"
    yield screen.of(Text(zh, en))
    if not given.options.get("verbose"):
        yield screen.of(Text("加 --verbose 可看详情", "Add --verbose for the details"))
        return
    import traceback

    yield from "".join(traceback.format_exception(error)).splitlines()


def _as_data(error: BaseException) -> dict[str, Any]:
    match error:
        case Refused():
            return {**_base(error), "decision": error.decision.as_dict()}
        case Mistake(faults=faults):
            return {**_base(error), "faults": [_fault(f) for f in faults]}
        case Trouble():
            return _base(error)
        case click.ClickException():
            return {"code": "usage", "text": Text(error.format_message(), error.format_message()).as_dict()}
        case click.Abort() | KeyboardInterrupt():
            return {"code": "interrupted", "text": Text("已中断", "Interrupted").as_dict()}
    what = f"{type(error).__name__}: {error}"
    return {"code": "internal", "text": Text(what, what).as_dict()}


def _base(error: Trouble) -> dict[str, Any]:
    return {"code": error.code, "title": error.title.as_dict(), "text": error.text.as_dict()}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"path": fault.path, "code": fault.code, "text": fault.text.as_dict(), **fault.facts}
