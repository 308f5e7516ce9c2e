"""Packages (.bacpac, .dacpac): which of the two a database can become, and the name that one is imported under."""

from typing import Final

from domain.command import Call
from executors.mssql_link import Link
from executors.sql_server import attempt, databases
from executors.sql_server.names import drop
from executors.sql_server.server import Arguments, Facts, Server

# Export checks the schema by the rules of Azure SQL Database, and nobody can tell it not to (microsoft/DacFx#526).
_AGAINST_BACPAC: Final = {
    "references": """
        SELECT TOP (50) COALESCE(o.name, '?') AS name, d.referenced_server_name AS server,
               d.referenced_database_name AS base, d.referenced_entity_name AS entity
        FROM sys.sql_expression_dependencies d LEFT JOIN sys.objects o ON o.object_id = d.referencing_id
        WHERE d.referenced_database_name IS NOT NULL OR d.referenced_server_name IS NOT NULL""",
    "windows-users": """
        SELECT TOP (50) name FROM sys.database_principals WHERE type IN ('U', 'G') AND principal_id > 4""",
    "assemblies": "SELECT TOP (50) name FROM sys.assemblies WHERE is_user_defined = 1",
    "filegroups": "SELECT TOP (50) name FROM sys.filegroups WHERE name <> 'PRIMARY'",
}
# What neither of the two can hold: a package would be made, but without these.
_AGAINST_BOTH: Final = {
    "encrypted": """
        SELECT TOP (50) o.name AS name FROM sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id
        WHERE m.definition IS NULL""",
}


def package_kind(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Which format a database can be exported in, by its catalog, and why. Changes nothing.

    Facts: `format` (bacpac, dacpac, or None for neither), `against_bacpac` and `against_both`: names by what they are.
    """
    with server.link("yunwei package kind", arguments["database"]) as inside:
        bacpac, both = (_found(inside, asked) for asked in (_AGAINST_BACPAC, _AGAINST_BOTH))
    fits = None if both else "dacpac" if bacpac else "bacpac"
    return {"format": fits, "against_bacpac": bacpac, "against_both": both}


def reserve_name(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Take a name for a database that a program will make. Facts: `reserved` is False where there is one already.

    It is written down, so that asking again, with the database half made, finds the name our own.
    """
    with server.link(arguments["token"]) as link:
        name, mine = arguments["name"], _reservation(arguments)
        found = attempt.once(link, mine, {"name": name}, lambda: {"reserved": databases.find(link, name) is None})
        marker = attempt.read(link, mine["token"])
        return {"name": name, "reserved": marker.facts.get("reserved") is True, "acted": found["acted"]}


def drop_reserved(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Drop the database under a reserved name; one that was there before us is not touched."""
    with server.link(arguments["token"]) as link:
        if attempt.read(link, _reservation(arguments)["token"]).facts.get("reserved") is not True:
            return {"dropped": False}
    return drop(server, {**arguments, "database": arguments["name"]}, call)


def _found(link: Link, asked: dict[str, str]) -> dict[str, list[str]]:
    names = {what: [_said(databases.plain(row)) for row in link.rows(query)] for what, query in asked.items()}
    return {what: found for what, found in names.items() if found}


def _said(row: Facts) -> str:
    """`V_STOCK → [other].[T_STOCK]`, or the name alone."""
    there = [f"[{row[part]}]" for part in ("server", "base", "entity") if row.get(part)]
    return f"{row['name']} → {'.'.join(there)}" if there else str(row["name"])


def _reservation(arguments: Arguments) -> Facts:
    """Under the name and not under the attempt: a later run of the job has reserved it as well."""
    return {**arguments, "token": f"{arguments['name']} reserved"}
