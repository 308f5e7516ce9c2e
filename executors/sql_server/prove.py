"""Prove that a restored database is sound and safe before users are let in, and that the target is usable after."""

from typing import Final

from domain.command import Call
from executors import mssql_quoting as quoted
from executors.mssql_link import Link
from executors.mssql_watch import watched
from executors.sql_server import databases
from executors.sql_server.server import Arguments, Facts, Server

ROLES: Final = ("db_datareader", "db_datawriter", "db_ddladmin")
_ORPHANS: Final = """
    SELECT p.name AS name FROM {database}.sys.database_principals p
    WHERE p.type = 'S' AND p.principal_id > 4 AND p.authentication_type = 1 AND SUSER_SNAME(p.sid) IS NULL"""
# Not sys.server_principals: it shows our login itself and little more.
_LOGIN: Final = "SELECT SUSER_SID(%s) AS sid"


def check(server: Server, arguments: Arguments, call: Call) -> Facts:
    """DBCC CHECKDB, then what a foreign backup may bring: owner, trust, chaining, users. Raises Broke.

    `login` is the one under which this place's scripts run: it gets its rights, and `strangers`, the scripts' logins of
    other places, lose theirs.
    """
    database = arguments["database"]
    with server.link(arguments["token"]) as link:
        link.heard = lambda text: call.say("stdout", text)
        with watched(link, server.again, call):
            link.tell(f"DBCC CHECKDB ({quoted.name(database)}) WITH NO_INFOMSGS")
        link.heard = lambda _: None  # what follows are small statements of ours
        safe, mapped = _make_safe(link, database), _map_users(link, database)
        shut = _shut_out(link, database, arguments["strangers"])
        let_in = _let_in(link, database, arguments["login"])
        return {"sound": True, "made_safe": safe, **mapped, "shut_out": shut, "let_in": let_in}


def prove(server: Server, arguments: Arguments, call: Call) -> Facts:
    """The database is online, open to all, and answers. Facts only: the operation judges them."""
    with server.link("yunwei prove") as link:
        found = databases.find(link, arguments["database"])
        old = databases.find(link, arguments["old"]) if arguments.get("old") else None
    answers = False
    if found and found["state"] == "ONLINE":
        with server.link("yunwei prove", arguments["database"]) as inside:
            answers = inside.row("SELECT COUNT(*) AS n FROM sys.objects") is not None
    return {"database": found, "old": old, "answers": answers}


def _make_safe(link: Link, database: str) -> list[str]:
    """What a backup from elsewhere may carry is switched off: it would let its owner out of the database."""
    link.tell(f"ALTER AUTHORIZATION ON DATABASE::{quoted.name(database)} TO {quoted.name(link.address.user)}")
    found, done = databases.must(link, database), ["OWNER"]
    for fact, option in (("trustworthy", "TRUSTWORTHY"), ("chaining", "DB_CHAINING")):
        if found[fact]:
            link.tell(f"ALTER DATABASE {quoted.name(database)} SET {option} OFF")
            done.append(option)
    return done


def _map_users(link: Link, database: str) -> Facts:
    """Users without a login of their SID: known logins of that name are tied to them, others are listed."""
    orphans = [str(r["name"]) for r in link.rows(_ORPHANS.format(database=quoted.name(database)))]
    mapped = [name for name in orphans if _is_login(link, name)]
    for name in mapped:
        user = quoted.name(name)
        _within(link, database, f"ALTER USER {user} WITH LOGIN = {user}")
    return {"mapped": mapped, "orphans": [n for n in orphans if n not in mapped]}


def _shut_out(link: Link, database: str, strangers: list[str]) -> list[str]:
    """A copy of another place brings that place's script login along: its tenants' scripts must not run here."""
    users = _users(link, database)
    found = [name for name in strangers if name in users]
    for name in found:
        _within(link, database, f"DROP USER {quoted.name(name)}")
    return found


def _let_in(link: Link, database: str, login: str) -> bool:
    """The rights that playbooks/scripts/sql_rights_data_center.sql gives, and no others: a backup may give it more."""
    if not login or not _is_login(link, login):
        return False
    user = quoted.name(login)
    if login in _users(link, database):
        _within(link, database, f"DROP USER {user}")
    _within(link, database, f"CREATE USER {user} FOR LOGIN {user}")
    for role in ROLES:
        _within(link, database, f"ALTER ROLE {quoted.name(role)} ADD MEMBER {user}")
    _within(link, database, f"GRANT EXECUTE TO {user}")
    return True


def _is_login(link: Link, name: str) -> bool:
    row = link.row(_LOGIN, name)
    return row is not None and row["sid"] is not None


def _users(link: Link, database: str) -> set[str]:
    rows = link.rows(f"SELECT name FROM {quoted.name(database)}.sys.database_principals WHERE type = 'S'")  # noqa: S608
    return {str(row["name"]) for row in rows}


def _within(link: Link, database: str, statement: str) -> None:
    link.tell(f"USE {quoted.name(database)}; {statement}; USE master")
