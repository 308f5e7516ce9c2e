"""What the server says of its databases, for people who look: nothing is changed, nothing is waited for."""

from typing import Any, Final

from domain.command import Call
from executors.mssql_link import Link
from executors.sql_server import databases
from executors.sql_server.server import Arguments, Facts, Server

_SERVER: Final = """
    SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(60)) AS version,
           CAST(SERVERPROPERTY('Edition') AS nvarchar(120)) AS edition"""


def survey(server: Server, arguments: Arguments, call: Call) -> Facts:
    """The server's version, and of each of `databases` its state, size, and the backup or restore that runs on it."""
    with server.link("yunwei survey") as link:
        about = link.row(_SERVER) or {}
        found = {name: _one(link, name) for name in arguments["databases"]}
        return {**databases.plain(about), "databases": found}


def _one(link: Link, name: str) -> dict[str, Any] | None:
    found = databases.find(link, name)
    if found is None:
        return None
    number = found["database_id"]
    return {**found, "bytes": databases.size(link, number), "busy": databases.busy(link, number)}
