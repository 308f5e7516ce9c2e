"""Attempts as the server knows them: a row each in the utility database, and a lock that only a live session holds.

The row is what the marker file is on a Windows host (docs/decisions/0006): made before the effect, under a name that
can be made once. The lock tells a dead session from one that still works: the server frees it when the session ends.
Whoever takes the lock leaves its epoch there: an earlier worker that wakes up later gets it no more.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.errors import Overtaken, Unreachable
from domain.text import Text
from executors.mssql_link import Link
from executors.sql_server.server import Arguments, Facts

_LOCK = """
    DECLARE @got int;
    EXEC @got = sp_getapplock @Resource = %s, @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 0;
    SELECT @got AS got;"""
_BEGIN = """
    INSERT INTO yunwei.dbo.attempt (token, job, epoch, phase, begun_at, facts)
    SELECT %s, %s, %s, %s, SYSUTCDATETIME(), %s
    WHERE NOT EXISTS (SELECT 1 FROM yunwei.dbo.attempt WHERE token = %s)
      AND NOT EXISTS (SELECT 1 FROM yunwei.dbo.attempt WHERE token LIKE %s AND epoch > %s)"""
_RAISE = "UPDATE yunwei.dbo.attempt SET epoch = %s WHERE token = %s AND epoch <= %s"
_END = "UPDATE yunwei.dbo.attempt SET phase = 'ended', ended_at = SYSUTCDATETIME(), facts = %s WHERE token = %s"
_READ = "SELECT phase, epoch, facts FROM yunwei.dbo.attempt WHERE token = %s"


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What the server remembers of an attempt: `none`, `void` (forbidden before it began), `begun`, `ended`."""

    phase: str
    facts: Facts
    held: bool = False  # a session of this job still works

    def as_facts(self) -> Facts:
        return {"phase": self.phase, "alive": self.held, "marker": self.facts}


def hold(link: Link, arguments: Arguments) -> None:
    """Take the job's lock for this session.

    Raises Unreachable (`held`): another session of the job still works there; Overtaken: a later worker has been there.
    """
    host = link.address.host
    if not _took(link, arguments):
        zh, en = "该作业的另一会话仍在执行，稍后再试", "another session of this job still works there; try again later"
        raise Unreachable(Text(f"{host}：{zh}", f"{host}: {en}"), host=host, started=False, held=True)
    mine = {**arguments, "token": f"{arguments['work']}-held"}
    if not link.changed(_RAISE, mine["epoch"], mine["token"], mine["epoch"]) and not _begin(link, mine, "void", {}):
        zh, en = "之后的执行者已接管该作业", "a later worker has taken this job over"
        raise Overtaken(Text(f"{host}：{zh}", f"{host}: {en}"), host=host, epoch=mine["epoch"])


def once(link: Link, arguments: Arguments, plan: Facts, act: Callable[[], Facts]) -> Facts:
    """Do `act` if this attempt has never begun and no later worker has come: the row is made first.

    `plan` is what a look needs to know should this session die. Facts: `acted`, `phase`, and what `act` says.
    """
    hold(link, arguments)
    if not _begin(link, arguments, "begun", plan):
        return {"acted": False, **read(link, arguments["token"]).as_facts()}
    facts = act()
    link.tell(_END, _data({**plan, **facts}), arguments["token"])
    return {"acted": True, "phase": "ended", **facts}


def look(link: Link, arguments: Arguments) -> Marker:
    """What became of the attempt. With a seal, one that has not begun can never begin; then it is `void`."""
    seal = arguments.get("seal")
    if not _took(link, arguments):
        found = read(link, arguments["token"])
        return Marker(phase=found.phase, facts=found.facts, held=True)
    if seal:
        _begin(link, {**arguments, "job": seal["job"], "epoch": seal["epoch"]}, "void", {})
    return read(link, arguments["token"])


def read(link: Link, token: str) -> Marker:
    row = link.row(_READ, token)
    return Marker(phase=row["phase"], facts=json.loads(row["facts"] or "{}")) if row else Marker(phase="none", facts={})


def _took(link: Link, arguments: Arguments) -> bool:
    row = link.row(_LOCK, f"yunwei {arguments['work']}")
    return row is not None and row["got"] >= 0


def _begin(link: Link, arguments: Arguments, phase: str, facts: Facts) -> bool:
    token, job, epoch, mine = arguments["token"], arguments["job"], arguments["epoch"], f"{arguments['work']}-%"
    return link.changed(_BEGIN, token, job, epoch, phase, _data(facts), token, mine, epoch) == 1


def _data(facts: Facts) -> str:
    return json.dumps(facts, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return str(value)
