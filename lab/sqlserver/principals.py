"""CREATE LOGIN, CREATE and ALTER USER, ALTER ROLE, ALTER AUTHORIZATION."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.rights import DATABASE_ROLES, ROLE, SERVER_ROLES
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import Database
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession


_LOGIN_OPTIONS = {"CHECK_POLICY", "CHECK_EXPIRATION", "DEFAULT_DATABASE", "DEFAULT_LANGUAGE"}


def create_login(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE LOGIN x WITH PASSWORD = '…', CHECK_POLICY = ON, DEFAULT_DATABASE = d; CREATE LOGIN x FROM WINDOWS."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("CREATE", "LOGIN")
    name, password = cursor.name(), ""
    windows = cursor.accept("FROM", "WINDOWS")
    if not windows:
        cursor.expect("WITH", "PASSWORD", "=")
        password = cursor.take().value
    options, more = {}, cursor.accept("WITH") if windows else cursor.accept(",")
    while more:
        option = cursor.take().upper
        cursor.expect("=")
        options[option], more = cursor.name(), cursor.accept(",")
    cursor.finish()
    if set(options) - _LOGIN_OPTIONS:
        raise lab_cannot(f"CREATE LOGIN {name} with {', '.join(sorted(set(options) - _LOGIN_OPTIONS))}")
    if not session.server.rights.is_admin(session.account):
        raise SqlError(15247)
    session.server.rights.create(name, password, default_database=options.get("DEFAULT_DATABASE", ""), windows=windows)
    session.record("create login", "master", login=name)
    yield Done()


def _here(session: "LabSession") -> Database:
    database = session.reach(session.database)
    if not session.server.rights.may(session.account, database, "OWN"):
        raise SqlError(15247)
    return database


def create_user(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE USER u FOR LOGIN l."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("CREATE", "USER")
    name = login = cursor.name()
    if cursor.accept("FOR", "LOGIN") or cursor.accept("FROM", "LOGIN"):
        login = cursor.name()
    if not cursor.ended():
        raise lab_cannot(statement.text)
    _bind(session, _here(session), name, login)
    yield Done()


def alter_user(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER USER u WITH LOGIN = l: the cure of orphans after a restore."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "USER")
    name = cursor.name()
    if not cursor.accept("WITH", "LOGIN", "="):
        raise lab_cannot(statement.text)
    login, database = cursor.name(), _here(session)
    cursor.finish()
    if name.lower() not in [u.lower() for u, _, _ in session.server.rights.users(database)]:
        raise SqlError(15151, "alter", ("user", "用户"), name)
    _bind(session, database, name, login)
    yield Done()


def _bind(session: "LabSession", database: Database, user: str, login: str) -> None:
    account = session.server.rights.find(login)
    if account is None:
        raise SqlError(15007, login)
    taken = [u for u, sid, _ in session.server.rights.users(database) if sid == account.sid]
    if taken and taken[0].lower() != user.lower():
        raise SqlError(334)
    session.server.rights.add_user(database, user, account.sid)
    session.record("bind user", database.name, user=user, login=login)


def alter_role(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER ROLE r ADD MEMBER u, or DROP MEMBER."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "ROLE")
    role = cursor.name()
    adds = cursor.accept("ADD")
    if not adds:
        cursor.expect("DROP")
    cursor.expect("MEMBER")
    user, database, rights = cursor.name(), _here(session), session.server.rights
    cursor.finish()
    known = {u.lower(): sid for u, sid, _ in rights.users(database)}
    if role.lower() not in DATABASE_ROLES and known.get(role.lower()) != ROLE:
        raise SqlError(15151, "alter", ("role", "角色"), role)
    if user.lower() not in known:
        raise SqlError(15151, "add", ("principal", "主体"), user)
    if adds:
        rights.add_user(database, user, known[user.lower()], (role.lower(),))
    else:
        rights.drop_member(database, user, role)
    session.record("add member" if adds else "drop member", database.name, role=role, user=user)
    yield Done()


def create_role(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """CREATE ROLE r."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("CREATE", "ROLE")
    name, database = cursor.name(), _here(session)
    cursor.finish()
    if name.lower() in DATABASE_ROLES | {u.lower() for u, _, _ in session.server.rights.users(database)}:
        raise SqlError(15023, name)
    session.server.rights.add_user(database, name, ROLE)
    session.record("create role", database.name, role=name)
    yield Done()


def drop_user(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP USER u, DROP ROLE r. Raises SqlError 15151."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP")
    word = cursor.take().upper
    quiet = cursor.accept("IF", "EXISTS")
    name, database = cursor.name(), _here(session)
    cursor.finish()
    known = {u.lower(): sid == ROLE for u, sid, _ in session.server.rights.users(database)}
    if known.get(name.lower()) is (word == "ROLE"):
        session.server.rights.drop_user(database, name)
        session.record(f"drop {word.lower()}", database.name, name=name)
    elif not quiet:
        raise SqlError(15151, "drop", (word.lower(), "用户" if word == "USER" else "角色"), name)
    yield Done()


def alter_login(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER LOGIN l WITH PASSWORD = '…', ENABLE, DISABLE. Raises SqlError 15151."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "LOGIN")
    name, rights = cursor.name(), session.server.rights
    account = rights.find(name)
    if account is None or not rights.is_admin(session.account):
        raise SqlError(15151, "alter", ("login", "登录名"), name)
    if cursor.accept("ENABLE") or cursor.accept("DISABLE"):
        account.disabled = cursor.tokens[cursor.at - 1].upper == "DISABLE"
    else:
        cursor.expect("WITH", "PASSWORD", "=")
        account.password = cursor.take().value
    cursor.finish()
    rights.save()
    session.record("alter login", "master", login=name, disabled=account.disabled)
    yield Done()


def drop_login(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """DROP LOGIN l: its users stay behind as orphans. Raises SqlError 15151, 15247."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("DROP", "LOGIN")
    name = cursor.name()
    cursor.finish()
    if not session.server.rights.is_admin(session.account):
        raise SqlError(15247)
    session.server.rights.drop(name)
    session.record("drop login", "master", login=name)
    yield Done()


def alter_server_role(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER SERVER ROLE r ADD MEMBER l, or DROP MEMBER. Raises SqlError 15151, 15247."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "SERVER", "ROLE")
    role = cursor.name().lower()
    adds = cursor.accept("ADD")
    if not adds:
        cursor.expect("DROP")
    cursor.expect("MEMBER")
    login = cursor.name()
    cursor.finish()
    if not session.server.rights.is_admin(session.account):
        raise SqlError(15247)
    account = session.server.rights.find(login)
    if role not in SERVER_ROLES or account is None:
        raise SqlError(15151, "alter", ("server role", "服务器角色"), role if account else login)
    account.roles = [r for r in account.roles if r != role] + [role] * adds
    session.server.rights.save()
    session.record("server role", "master", role=role, login=login, member=adds)
    yield Done()


def alter_authorization(session: "LabSession", _: Scope, statement: Plain) -> Iterator[Answer]:
    """ALTER AUTHORIZATION ON DATABASE::x TO l."""
    cursor = Cursor(statement.tokens, statement.text)
    cursor.expect("ALTER", "AUTHORIZATION", "ON", "DATABASE", "::")
    database = session.server.store.get(cursor.name())
    cursor.expect("TO")
    login = cursor.name()
    cursor.finish()
    if not session.server.rights.may(session.account, database, "OWN"):
        raise SqlError(15151, "find", ("database", "数据库"), database.name)
    account = session.server.rights.find(login)
    if account is None:
        raise SqlError(15151, "find", ("principal", "主体"), login)
    database.owner = account.name
    session.server.store.save()
    session.record("alter authorization", database.name, owner=account.name)
    yield Done()
