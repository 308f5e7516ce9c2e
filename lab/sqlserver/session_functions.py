"""T-SQL's functions that ask the session or the server."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from lab.sqlserver import modules
from lab.sqlserver.catalog import FIRST_USER
from lab.sqlserver.catalog_of_modules import object_id
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.module_text import SCALAR
from lab.sqlserver.running import value_of
from lab.sqlserver.store import Database
from lab.sqlserver.tables import flat

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

DATABASE_VERSIONS = {10: 661, 11: 706, 12: 782, 13: 852, 14: 869, 15: 904, 16: 957, 17: 998}
_RIGHTS = {"SELECT", "INSERT", "UPDATE", "DELETE", "BACKUP DATABASE", "CREATE TABLE"}


def functions_of(session: "LabSession") -> dict[str, Callable[..., Any]]:
    """All of them for one session, by lower-case name."""
    names: dict[str, Callable[..., Any]] = {
        name: partial(_constant, value)
        for name, value in {
            "app_name": session.login.program,
            "host_name": session.login.host,
            "schema_name": "dbo",
        }.items()
    }
    names["user_function"] = lambda database, name, *values: _user_function(session, database, name, list(values))
    return {**names, **_of_names(session), **_of_errors(session), **_of_rights(session), **_of_state(session)}


def _user_function(session: "LabSession", database: str, name: str, values: list[Any]) -> Any:
    module = modules.find(session, session.server.store.usable(database), name, SCALAR)
    if module is None:
        raise SqlError(4121, "dbo", name)
    return value_of(session.interpreter(), module, values)


def _constant(value: Any, *_: Any) -> Any:
    return value


def _of_names(session: "LabSession") -> dict[str, Callable[..., Any]]:
    store, rights = session.server.store, session.server.rights

    def database(name: str | None = None) -> Database | None:
        return store.find(session.database if name is None else name)

    def database_name(number: int | None = None) -> str | None:
        found = database() if number is None else store.by_id(number)
        return found.name if found else None

    def login_name(*sid: Any) -> str | None:
        if not sid:
            return session.account.name
        return next((a.name for a in rights.accounts if bytes.fromhex(a.sid[2:]) == sid[0]), None)

    def login_sid(name: str | None = None) -> bytes | None:
        account = session.server.rights.find(name or session.account.name)
        return bytes.fromhex(account.sid[2:]) if account else None

    return {
        "db_id": lambda name=None: getattr(database(name), "id", None),
        "db_name": database_name,
        "suser_sname": login_name,
        "suser_name": login_name,
        "original_login": login_name,
        "user_name": lambda *_: _user_name(session),
        "suser_sid": login_sid,
        "suser_id": lambda name=None: _number(name or session.account.name, [a.name for a in rights.accounts], 1),
        "user_id": lambda name=None: _user_id(session, name or _user_name(session)),
        "database_principal_id": lambda name=None: _user_id(session, name or _user_name(session)),
        "object_id": lambda name, *_: _object_id(session, name),
        "serverproperty": lambda name: session.server.properties.get(str(name).lower()),
        "databasepropertyex": lambda name, key: _property(session, name, key),
    }


def _number(name: str, names: list[str], first: int) -> int | None:
    return next((n for n, known in enumerate(names, start=first) if known.lower() == name.lower()), None)


def _user_id(session: "LabSession", name: str) -> int | None:
    database = session.server.store.usable(session.database)
    users = [user for user, _, _ in session.server.rights.users(database)]
    return 1 if name.lower() == "dbo" else _number(name, users, FIRST_USER)


def _user_name(session: "LabSession") -> str:
    database = session.server.store.usable(session.database)
    if "db_owner" in (session.server.rights.roles_in(session.account, database) or []):
        return "dbo"
    users = session.server.rights.users(database)
    return next((n for n, sid, _ in users if sid == session.account.sid), "guest")


def _object_id(session: "LabSession", name: str) -> int | None:
    parts = [p.strip('[]"') or "dbo" for p in str(name).split(".")]
    if parts[-1].startswith("#"):
        schema, table = "temp", parts[-1]
    else:
        database = session.reach(parts[0] if len(parts) == 3 else session.database)
        schema, table = session.engine.schema(database), flat(parts)
    sql = f"SELECT name FROM {schema}.sqlite_master WHERE name = ? COLLATE NOCASE AND type = 'table'"  # noqa: S608
    if parts[-1].startswith("#"):
        found = session.engine.connection.execute(sql, (table,)).fetchone()
    else:
        sql += f' UNION ALL SELECT name FROM {schema}."lab$modules" WHERE name = ? COLLATE NOCASE'  # noqa: S608
        found = session.engine.connection.execute(sql, (table, table)).fetchone()
    return object_id(found[0]) if found else None


def _property(session: "LabSession", name: str, key: str) -> Any:
    found = session.server.store.find(name)
    if found is None:
        return None
    return {
        "status": found.state,
        "version": session.server.database_version if found.state == "ONLINE" else None,
        "updateability": "READ_ONLY" if found.read_only else "READ_WRITE",
        "useraccess": found.access,
        "recovery": found.recovery,
        "collation": found.collation,
    }.get(str(key).lower())


def _of_errors(session: "LabSession") -> dict[str, Callable[..., Any]]:
    def caught(ask: Callable[[SqlError], Any]) -> Callable[[], Any]:
        return lambda: ask(session.caught[-1]) if session.caught else None

    return {
        "error_number": caught(lambda e: e.number),
        "error_message": caught(lambda e: e.message(session.language, e.line).text),
        "error_severity": caught(lambda e: e.severity),
        "error_state": caught(lambda e: e.state),
        "error_line": caught(lambda e: e.line),
        "error_procedure": caught(lambda e: e.procedure or None),
        "xact_state": lambda: -1 if session.doomed else int(session.transaction_count > 0),
    }


def _of_rights(session: "LabSession") -> dict[str, Callable[..., Any]]:
    rights = session.server.rights

    def role(name: str, login: str | None = None) -> int | None:
        account = rights.find(login) if login else session.account
        return None if account is None else int(name.lower() in [*account.roles, "public"] or rights.is_admin(account))

    def member(name: str, *_: Any) -> int:
        roles = rights.roles_in(session.account, session.server.store.get(session.database)) or []
        return int(name.lower() in [*roles, "public"])

    def access(name: str) -> int | None:
        found = session.server.store.find(name)
        return None if found is None else int(rights.roles_in(session.account, found) is not None)

    def permission(securable: str | None, kind: str | None, right: str, *_: Any) -> int:
        if securable is None or rights.is_admin(session.account):
            return int(rights.is_admin(session.account))
        wanted = right.upper()
        if str(kind).upper() == "DATABASE" and wanted in _RIGHTS:
            short = {"BACKUP DATABASE": "BACKUP", "CREATE TABLE": "DDL"}.get(wanted, wanted)
            return int(rights.may(session.account, session.server.store.get(securable.strip("[]")), short))
        raise lab_cannot(f"HAS_PERMS_BY_NAME for {kind} {right}")

    return {
        "is_srvrolemember": role,
        "is_member": member,
        "is_rolemember": member,
        "has_dbaccess": access,
        "has_perms_by_name": permission,
    }


def _of_state(session: "LabSession") -> dict[str, Callable[..., Any]]:
    locks = session.server.locks

    def name(resource: str) -> str:
        return f"app:{session.database_id}:{resource}"

    return {
        "context_info": lambda: session.context.ljust(128, b"\0") if session.context else None,
        "scope_identity": lambda: session.last_identity,
        "current_transaction_id": lambda: session.transaction_id,
        "applock_test": lambda _, resource, mode, __: int(locks.test(name(resource), session.number, mode)),
        "applock_mode": lambda _, resource, __: locks.mode(name(resource), session.number),
        "lab_global": lambda key: _global(session, key),
    }


def _global(session: "LabSession", key: str) -> Any:
    known: dict[str, Any] = {
        "rowcount": session.row_count,
        "error": session.error,
        "trancount": session.transaction_count,
        "spid": session.number,
        "identity": session.last_identity,
        "version": session.server.version_text,
        "servername": session.server.name,
        "servicename": "MSSQLSERVER",
        "language": "简体中文" if session.language == "zh" else "us_english",
        "lock_timeout": session.engine.lock_timeout_ms,
        "max_precision": 38,
        "textsize": 2147483647,
        "options": 5496,
        "nestlevel": session.nesting,
    }
    if key not in known:
        raise lab_cannot(f"@@{key}")
    return known[key]
