"""The ledger of batches, in the data center itself: a row is committed together with what the batch changed.

So after a crash it is known which batches took effect. The table belongs to us; a script's login may add rows only.
"""

from collections.abc import Iterable
from typing import Final

from executors import mssql_quoting as quoted
from executors.mssql_batch import Shown
from executors.mssql_link import Link
from executors.sql_server.server import Facts

TABLE: Final = "dbo.yunwei_batch"
_MAKE: Final = f"""
    IF OBJECT_ID('{TABLE}') IS NULL
    CREATE TABLE {TABLE} (
        token nvarchar(200) NOT NULL, number int NOT NULL, time int NOT NULL, colour varchar(10) NOT NULL,
        at datetime2 NOT NULL, PRIMARY KEY (token, number, time))"""
_ROWS: Final = f"SELECT number, time, colour FROM {TABLE} WHERE token = %s ORDER BY number, time"  # noqa: S608


def make_table(link: Link) -> None:
    """In the link's database. Nothing happens if it is there."""
    link.tell(_MAKE)


def rows(link: Link, token: str) -> list[Facts]:
    """What took effect for certain, in order. The link is in the data center's database."""
    return [dict(row) for row in link.rows(_ROWS, token)]


def entry(database: str, token: str, number: int, time: int, colour: str) -> str:
    """The statements that add a row and prove it, for the script's own session.

    It may have changed its database, and may count nothing (NOCOUNT) or execute nothing (NOEXEC): see `is_entered`.
    """
    table = f"{quoted.name(database)}.{TABLE}"
    values = f"{quoted.text(token)}, {number}, {time}, {quoted.text(colour)}, SYSUTCDATETIME()"
    insert = f"INSERT INTO {table} (token, number, time, colour, at) VALUES ({values})"  # noqa: S608  quoted, or numbers
    return f"{insert}; SELECT @@ROWCOUNT AS entered"


def is_entered(events: Iterable[object]) -> bool:
    """Whether the answer to `entry` says that the row is there."""
    return any(isinstance(e, Shown) and e.rows == [(1,)] for e in events)
