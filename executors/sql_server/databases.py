"""What the server says of a database: its number, state, size, and who is in it. And who may be in it."""

import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from domain.errors import Broke
from domain.text import Text
from executors import mssql_quoting as quoted
from executors.mssql_link import Link
from executors.sql_server.server import Facts

_DATABASE: Final = """
    SELECT d.database_id AS database_id, d.name AS name, d.state_desc AS state, d.user_access_desc AS access,
           d.recovery_model_desc AS recovery, d.compatibility_level AS compatibility, d.is_read_only AS read_only,
           d.is_trustworthy_on AS trustworthy, d.is_db_chaining_on AS chaining, d.create_date AS created,
           SUSER_SNAME(d.owner_sid) AS owner
    FROM sys.databases d WHERE """
_JSON: Final = (str, int, float, bool, type(None))
_SIZE: Final = "SELECT SUM(CAST(size AS bigint)) * 8192 AS bytes FROM sys.master_files WHERE database_id = %s"
_RUNNING: Final = """
    SELECT r.session_id AS session, r.command AS command, s.program_name AS program
    FROM sys.dm_exec_requests r JOIN sys.dm_exec_sessions s ON s.session_id = r.session_id
    WHERE r.database_id = %s AND (r.command LIKE 'BACKUP%%' OR r.command LIKE 'RESTORE%%')"""

_INSIDE: Final = """
    SELECT session_id AS session FROM sys.dm_exec_sessions
    WHERE database_id = %s AND is_user_process = 1 AND session_id <> @@SPID"""
_SEAT_TAKEN: Final = frozenset({924, 3101, 3702, 5030, 5061, 5064, 5069, 5070})
_TRIES: Final = 20  # to be the one for whom the only seat is free: a busy application comes back at once
_MOMENT_S: Final = 0.05


def find(link: Link, name: str) -> Facts | None:
    """The database of that name."""
    row = link.row(_DATABASE + "d.name = %s", name)
    return plain(row) if row else None


def by_id(link: Link, database_id: int) -> Facts | None:
    """The database of that number, whatever it is called now."""
    row = link.row(_DATABASE + "d.database_id = %s", database_id)
    return plain(row) if row else None


def must(link: Link, name: str) -> Facts:
    """The database of that name. Raises Broke."""
    found = find(link, name)
    if found is None:
        zh, en = f"{link.address.host} 上没有数据库 {name}", f"There is no database {name} on {link.address.host}"
        raise Broke(Text(zh, en), host=link.address.host, database=name, started=False)
    return found


def size(link: Link, database_id: int) -> int:
    """Bytes of all its files."""
    row = link.row(_SIZE, database_id)
    return int(row["bytes"] or 0) if row else 0


def busy(link: Link, database_id: int) -> Facts | None:
    """A backup or restore that runs on it just now."""
    row = link.row(_RUNNING, database_id)
    return plain(row) if row else None


def alone(link: Link, name: str, statement: str) -> None:
    """Run a statement that needs the database to itself. Everybody is thrown off by the very batch, and again while a
    busy application is there before us. Raises Broke.
    """
    for last in _tries():
        found = must(link, name)
        kills = _kills(link, found) if found["access"] == "SINGLE_USER" else []
        shut = [_shut(name)] if found["state"] == "ONLINE" else []
        try:
            link.tell("; ".join([*kills, *shut, statement]))
            return
        except Broke as broke:
            if last or not _was_taken(link, name, broke):
                raise


def open_to_all(link: Link, found: Facts | None) -> None:
    """An online database is open to all again, also where somebody has taken its only seat. Raises Broke."""
    if found is None or found["state"] != "ONLINE" or found["access"] == "MULTI_USER":
        return
    shut, opened = _shut(found["name"]), f"ALTER DATABASE {quoted.name(found['name'])} SET MULTI_USER"
    for last in _tries():
        try:
            link.tell("; ".join([*_kills(link, found), shut, opened]))
            return
        except Broke:
            if last:
                raise


def _shut(name: str) -> str:
    return f"ALTER DATABASE {quoted.name(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"


def _tries() -> Iterator[bool]:
    """Whether it is the last one; a moment lies between two."""
    for left in range(_TRIES - 1, -1, -1):
        yield left == 0
        time.sleep(_MOMENT_S)


def _was_taken(link: Link, name: str, broke: Broke) -> bool:
    """Whether it failed because somebody else was in the database."""
    found = find(link, name)
    if found is None or found["state"] != "ONLINE":
        return False
    return broke.facts.get("number") in _SEAT_TAKEN or bool(link.rows(_INSIDE, found["database_id"]))


def _kills(link: Link, found: Facts) -> list[str]:
    return [f"KILL {int(row['session'])}" for row in link.rows(_INSIDE, found["database_id"])]


def plain(row: Any) -> Facts:
    """A row as JSON takes it. Times are the server's own, without a zone; LSNs and sizes stay exact."""
    return {k: _plain(v) for k, v in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value if isinstance(value, _JSON) else str(value)
