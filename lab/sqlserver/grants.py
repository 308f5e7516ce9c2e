"""GRANT, DENY and REVOKE: permissions of the server, of a database, and of one object."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.rights import SERVER_PERMISSIONS
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.tables import dotted, flat
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

# What the lab enforces, by the name of its own right; the rest of T-SQL's permissions are refused, not forgotten.
RIGHTS = {
    "SELECT": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE", "EXECUTE": "EXECUTE",
    "EXEC": "EXECUTE", "BACKUP DATABASE": "BACKUP", "CREATE TABLE": "DDL", "ALTER": "DDL", "CONTROL": "OWN",
}  # fmt: skip
_WITHOUT_EFFECT = {"CONNECT", "VIEW DEFINITION", "REFERENCES", "SHOWPLAN"}


def grant(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """GRANT SELECT ON dbo.t TO u; GRANT VIEW SERVER STATE TO l. Raises SqlError 15151, 15247, 4613-like."""
    cursor = Cursor(statement.tokens, statement.text)
    verb = cursor.take().upper
    permissions = _permissions(cursor)
    on = _securable(cursor, statement)
    if not (cursor.accept("TO") or cursor.accept("FROM")):
        raise cursor.wrong()
    principals = [cursor.name()]
    while cursor.accept(","):
        principals.append(cursor.name())
    cursor.accept("WITH", "GRANT", "OPTION")
    cursor.accept("CASCADE")
    cursor.finish()
    if permissions == ["IMPERSONATE"] and on is not None:
        _on_server(session, verb, [f"IMPERSONATE {on}"], principals)
    elif permissions == ["VIEW DEFINITION"] and "LOGIN::" in statement.text.upper():
        _on_server(session, verb, [f"VIEW DEFINITION {on}"], principals)
    elif set(permissions) <= SERVER_PERMISSIONS and on is None:
        _on_server(session, verb, permissions, principals)
    elif set(permissions) <= RIGHTS.keys() | _WITHOUT_EFFECT:
        _in_database(session, verb, permissions, on or "", principals)
    else:
        raise lab_cannot(statement.text)
    yield Done()


def _permissions(cursor: Cursor) -> list[str]:
    """The permissions before ON, TO or FROM."""
    found, words = [], [cursor.take().upper]
    while not cursor.ended() and cursor.peek().upper not in ("ON", "TO", "FROM"):
        if cursor.accept(","):
            found.append(" ".join(words))
            words = []
        else:
            words.append(cursor.take().upper)
    return [*found, " ".join(words)]


def _securable(cursor: Cursor, statement: Plain) -> str | None:
    """The object after ON; empty for the database as a whole, which a schema dbo stands for as well."""
    if not cursor.accept("ON"):
        return None
    kind = "OBJECT"
    if cursor.peek(1).upper == "::":
        kind = cursor.take().upper
        cursor.take()
    parts = dotted(cursor)
    if kind == "OBJECT":
        return flat(parts[-2:] if len(parts) > 1 else ["dbo", *parts])
    if kind == "LOGIN":
        return parts[-1].lower()
    if kind in ("DATABASE", "SCHEMA") and (kind == "DATABASE" or parts[-1].lower() == "dbo"):
        return ""
    raise lab_cannot(statement.text)


def _on_server(session: "LabSession", verb: str, permissions: list[str], logins: list[str]) -> None:
    if verb == "DENY":
        raise lab_cannot(f"DENY {', '.join(permissions)}")
    if not session.server.rights.is_admin(session.account):
        raise SqlError(15247)
    for login in logins:
        account = session.server.rights.find(login)
        if account is None:
            raise SqlError(15151, "find", ("login", "登录名"), login)
        kept = [p for p in account.permissions if p not in permissions]
        account.permissions = kept + permissions * (verb == "GRANT")
        session.record(verb.lower(), "master", permissions=permissions, login=login)
    session.server.rights.save()


def _in_database(session: "LabSession", verb: str, permissions: list[str], name: str, principals: list[str]) -> None:
    database, rights = session.reach(session.database), session.server.rights
    if not rights.may(session.account, database, "OWN"):
        raise SqlError(15151, "find", ("object", "对象"), name or database.name)
    known = {user.lower() for user, _, _ in rights.users(database)} | {"public"}
    for principal in principals:
        if principal.lower() not in known:
            raise SqlError(15151, "find", ("user", "用户"), principal)
    for principal in principals:
        for permission in [RIGHTS[p] for p in permissions if p in RIGHTS]:
            rights.grant(database, verb, principal, permission, name)
    session.record(verb.lower(), database.name, permissions=permissions, object=name, principals=principals)
