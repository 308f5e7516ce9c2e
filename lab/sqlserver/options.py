"""SET: the options that the lab obeys, and those it takes without effect."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.errors import lab_cannot
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import SetOption
from lab.sqlserver.texts import say
from lab.tds.answers import Answer, Changed, Done, Message, Verb

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

OBEYED = ("NOCOUNT", "NOEXEC", "PARSEONLY", "XACT_ABORT")
_WITHOUT_EFFECT = {
    "ANSI_NULLS",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ANSI_NULL_DFLT_ON",
    "ANSI_NULL_DFLT_OFF",
    "ANSI_DEFAULTS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "QUOTED_IDENTIFIER",
    "NUMERIC_ROUNDABORT",
    "CURSOR_CLOSE_ON_COMMIT",
    "TEXTSIZE",
    "DATEFORMAT",
    "DATEFIRST",
    "DEADLOCK_PRIORITY",
    "ISOLATION",
    "STATISTICS",
    "QUERY_GOVERNOR_COST_LIMIT",
    "FMTONLY",
}


def set_option(session: "LabSession", scope: Scope, statement: SetOption) -> Iterator[Answer]:
    """Raises SqlError for an option that would need work that the lab does not do."""
    for name in (
        statement.options[:1] if statement.options[0] in ("STATISTICS", "IDENTITY_INSERT") else (statement.options)
    ):
        yield from _one(session, scope, name, statement)
    yield Done(verb=Verb.SET)


def _one(session: "LabSession", scope: Scope, name: str, statement: SetOption) -> Iterator[Answer]:
    value, on = statement.value, statement.value == "ON"
    if name in OBEYED:
        session.options[name] = on
    elif name == "LOCK_TIMEOUT":
        session.engine.lock_timeout_ms = int(value)
    elif name == "LANGUAGE":
        old, session.language = session.language, language_of(value)
        shown = "简体中文" if session.language == "zh" else value
        yield Changed(what="language", new=shown, old=old)
        yield Message(number=5703, severity=0, state=1, text=say(session.language, 5703, shown))
    elif name == "IDENTITY_INSERT":
        session.identity_insert = statement.options[1].split(".")[-1] if on else ""
    elif name == "FMTONLY" and on:
        raise lab_cannot("SET FMTONLY ON")
    elif name == "ROWCOUNT":
        session.most_rows = int(scope.get(value) if value.startswith("@") else value)
    elif name == "CONTEXT_INFO":
        session.context = session.evaluate(scope, f"CAST({value} AS varbinary(128))")
    elif name == "IMPLICIT_TRANSACTIONS" and on:
        raise lab_cannot(f"SET {name} {value}")
    elif name not in _WITHOUT_EFFECT and name != "IMPLICIT_TRANSACTIONS":
        raise lab_cannot(f"SET {' '.join(statement.options)} {value}")


def language_of(name: str) -> str:
    """`zh` for Simplified Chinese, else `en`."""
    return "zh" if name.lower().replace("_", " ") in ("simplified chinese", "简体中文", "zh", "zh-cn") else "en"
