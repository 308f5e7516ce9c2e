"""GRANT, DENY and REVOKE of the server's permissions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.rights import SERVER_PERMISSIONS
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession


def grant(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """GRANT VIEW SERVER STATE TO login. Raises SqlError 15151, 15247."""
    cursor = Cursor(statement.tokens, statement.text)
    verb = cursor.take().upper
    permissions = _permissions(cursor)
    if not set(permissions) <= SERVER_PERMISSIONS or verb == "DENY":
        raise lab_cannot(statement.text)
    if not (cursor.accept("TO") or cursor.accept("FROM")):
        raise cursor.wrong()
    login = cursor.name()
    cursor.finish()
    if not session.server.rights.is_admin(session.account):
        raise SqlError(15247)
    account = session.server.rights.find(login)
    if account is None:
        raise SqlError(15151, "find", ("login", "登录名"), login)
    kept = [p for p in account.permissions if p not in permissions]
    account.permissions = kept + permissions * (verb == "GRANT")
    session.server.rights.save()
    session.record(verb.lower(), "master", permissions=permissions, login=login)
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
