"""Watch a long statement from a second session: tell how far it is, end it when told to or when it stands still.

pymssql cannot cancel: the session is killed, by number, login time and name at once, and then seen to be gone.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from domain.command import Call
from domain.errors import Severed, Stopped, TimedOut, Trouble
from domain.text import Text
from executors.mssql_link import Identity, Link, Row

TICK_S: Final = 0.25
LOOK_S: Final = 1.0
STALL_S: Final = 1800.0  # without any progress, work or wait that changes
GONE_S: Final = 60.0  # how long a killed session may take to undo its work
_REQUEST: Final = """
    SELECT r.percent_complete AS percent_complete, r.cpu_time AS cpu_time, r.reads AS reads, r.writes AS writes,
           r.logical_reads AS logical_reads, r.wait_type AS wait_type, r.last_wait_type AS last_wait_type,
           r.wait_time AS wait_time
    FROM sys.dm_exec_requests r JOIN sys.dm_exec_sessions s ON s.session_id = r.session_id
    WHERE s.session_id = %s AND s.login_time = %s AND s.program_name = %s"""
_SESSION: Final = """
    SELECT session_id FROM sys.dm_exec_sessions WHERE session_id = %s AND login_time = %s AND program_name = %s"""

log = logging.getLogger("yunwei.mssql")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Why a statement was ended from outside."""

    error: type[Trouble]
    text: Text


@contextmanager
def watched(link: Link, second: Callable[[], Link], call: Call, *, percent: bool = True) -> Iterator[None]:
    """Run the statement inside. Raises Stopped or TimedOut (ended, and seen to be gone), or Severed (not seen)."""
    watch = _Watch(link.identity(), second, call, percent=percent)
    thread = threading.Thread(target=watch.run, name="mssql-watch", daemon=True)
    thread.start()
    try:
        yield
    except Trouble as trouble:
        watch.over.set()
        thread.join()
        if watch.ending is None:
            raise
        raise _ended(watch, link, second) from trouble
    finally:
        watch.over.set()
        thread.join()


class _Watch:
    """What the second thread does."""

    def __init__(self, identity: Identity, second: Callable[[], Link], call: Call, *, percent: bool) -> None:
        self.identity, self._second, self._call, self._percent = identity, second, call, percent
        self.over = threading.Event()
        self.ending: Ending | None = None
        self._until_s = time.monotonic() + call.timeout_s
        self._changed_s = time.monotonic()
        self._last: Any = None

    def run(self) -> None:
        """Look; once it is to be ended, end it, again and again: the way to the server may be gone for a moment."""
        due_s = 0.0
        while not self.over.wait(TICK_S):
            if self.ending is None and (ending := self._why()):
                self.ending, due_s = ending, 0.0
            if time.monotonic() < due_s:
                continue
            due_s = time.monotonic() + LOOK_S
            if self.ending is None:
                self._look()
            else:
                self._end()

    def _why(self) -> Ending | None:
        now_s = time.monotonic()
        if self._call.stop_asked():
            return Ending(error=Stopped, text=Text("已按要求停止", "stopped as asked"))
        if now_s >= self._until_s:
            return Ending(error=TimedOut, text=Text("超过时限，已停止", "it took longer than allowed and was ended"))
        if now_s - self._changed_s >= STALL_S:
            minutes = int(STALL_S / 60)
            zh, en = f"{minutes} 分钟没有任何进展，已停止", f"nothing moved for {minutes} minutes, so it was ended"
            return Ending(error=TimedOut, text=Text(zh, en))
        return None

    def _look(self) -> None:
        """A look that fails says nothing: the statement's own end will."""
        with suppress(Trouble), self._second() as link:
            row = link.row(_REQUEST, self.identity.number, self.identity.since, self.identity.program)
            self._seen(row)

    def _seen(self, row: Row | None) -> None:
        if row is None:
            return
        now = tuple(row.values())
        if now != self._last:
            self._last, self._changed_s = now, time.monotonic()
        if self._percent and row["percent_complete"]:
            self._call.progress(float(row["percent_complete"]))

    def _end(self) -> None:
        """Kill it, unless it has just ended by itself."""
        with suppress(Trouble), self._second() as link:
            kill(link, self.identity)


def kill(link: Link, identity: Identity) -> None:
    """End that very session; nothing happens if it is gone, or if its number is another's by now."""
    statement = f"IF EXISTS ({_SESSION}) KILL {int(identity.number)}"  # KILL takes no variable
    link.tell(statement, identity.number, identity.since, identity.program)


def is_gone(second: Callable[[], Link], identity: Identity, within_s: float = GONE_S) -> bool:
    """Whether the session is seen to be gone within that time."""
    until_s = time.monotonic() + within_s
    while True:
        with suppress(Trouble), second() as link:
            if link.row(_SESSION, identity.number, identity.since, identity.program) is None:
                return True
        if time.monotonic() >= until_s:
            return False
        time.sleep(TICK_S)


def _ended(watch: _Watch, link: Link, second: Callable[[], Link]) -> Trouble:
    ending, host = watch.ending, link.address.host
    if ending is None:
        raise AssertionError("only what was ended is asked for")
    link.close()
    if is_gone(second, watch.identity):
        return ending.error(ending.text, host=host, session=watch.identity.number, started=True)
    zh = f"{host}：已要求终止会话 {watch.identity.number}，但它仍在回滚或无法确认已结束"
    en = f"{host}: session {watch.identity.number} was told to end, but it still rolls back, or that cannot be seen"
    return Severed(Text(zh, en), host=host, cause="not-verified", session=watch.identity.number, started=True)
