"""Logins, users and what they may."""

import json
import threading
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.sqlserver.errors import SqlError
from lab.sqlserver.store import SYSTEM, Database, Store

_ALLOWED = {
    "db_datareader": {"SELECT"},
    "db_datawriter": {"INSERT", "UPDATE", "DELETE"},
    "db_ddladmin": {"DDL"},
    "db_backupoperator": {"BACKUP"},
}
_DENIED = {"db_denydatareader": {"SELECT"}, "db_denydatawriter": {"INSERT", "UPDATE", "DELETE"}}
DATABASE_ROLES = frozenset(["db_owner", "db_securityadmin", "db_accessadmin", *_ALLOWED, *_DENIED])
ROLE = "role"  # what stands for the sid of a role that a script made
READS_ALL = frozenset(["CONNECT ANY DATABASE", "SELECT ALL USER SECURABLES", "VIEW ANY DEFINITION"])
SERVER_PERMISSIONS = (
    READS_ALL
    | {"VIEW SERVER STATE", "ALTER ANY CONNECTION", "ALTER ANY DATABASE", "CREATE ANY DATABASE", "VIEW ANY DATABASE"}
    | {"ALTER ANY LOGIN"}
)
SERVER_ROLES = frozenset(["sysadmin", "dbcreator", "securityadmin", "serveradmin", "processadmin"])
_OF_EVERYONE = {("msdb", "SELECT"), ("master", "SELECT"), ("tempdb", "SELECT"), ("tempdb", "DDL")}


@dataclass
class Account:
    """A login of the server. A `windows` one has no password: programs on the server's own host sign in with it."""

    name: str
    password: str
    sid: str
    roles: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)
    default_database: str = "master"
    disabled: bool = False
    windows: bool = False


class Rights:
    """All logins, and the users that they are in the databases (those live in the databases' own files)."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._path = folder / "logins.json"
        self._store = store
        self._lock = threading.Lock()
        stored = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else []
        self.accounts = [Account(**a) for a in stored]

    def create(
        self,
        name: str,
        password: str,
        *,
        roles: tuple[str, ...] = (),
        default_database: str = "",
        windows: bool = False,
    ) -> Account:
        """A new login. Raises SqlError 15025."""
        if self.find(name):
            raise SqlError(15025, name)
        account = Account(name=name, password=password, sid="0x" + uuid.uuid4().hex.upper(), roles=list(roles))
        account.default_database, account.windows = default_database or "master", windows
        self.accounts.append(account)
        self.save()
        return account

    def save(self) -> None:
        """Write all logins."""
        with self._lock:
            self._path.write_text(json.dumps([asdict(a) for a in self.accounts], indent=1), encoding="utf-8")

    def drop(self, name: str) -> None:
        """A login goes. Raises SqlError 15151."""
        account = self.find(name)
        if account is None:
            raise SqlError(15151, "drop", ("login", "登录名"), name)
        self.accounts.remove(account)
        self.save()

    def set_password(self, name: str, password: str) -> None:
        """Another password. Raises SqlError 15151."""
        account = self.find(name)
        if account is None:
            raise SqlError(15151, "alter", ("login", "登录名"), name)
        account.password = password
        self.save()

    def find(self, name: str) -> Account | None:
        """By name."""
        return next((a for a in self.accounts if a.name.lower() == name.lower()), None)

    def add_user(self, database: Database, name: str, sid: str, roles: tuple[str, ...] = ()) -> None:
        """A user in a database, or another login and more roles for one that is there."""
        with self._store.opened(database) as connection:
            row = connection.execute('SELECT roles FROM "lab$users" WHERE name = ?', (name,)).fetchone()
            merged = " ".join(dict.fromkeys([*(row[0].split() if row else []), *roles]))
            connection.execute('INSERT OR REPLACE INTO "lab$users" VALUES (?, ?, ?)', (name, sid, merged))

    def users(self, database: Database) -> list[tuple[str, str, list[str]]]:
        """Name, sid and roles of each user."""
        with self._store.opened(database) as connection:
            rows = connection.execute('SELECT name, sid, roles FROM "lab$users" ORDER BY name').fetchall()
        return [(n, s, r.split()) for n, s, r in rows]

    def is_admin(self, account: Account) -> bool:
        """A member of sysadmin."""
        return "sysadmin" in account.roles

    def on_server(self, account: Account, permission: str) -> bool:
        """A permission of the whole server, such as VIEW SERVER STATE."""
        ends_sessions = permission == "ALTER ANY CONNECTION" and "processadmin" in account.roles
        return self.is_admin(account) or permission in account.permissions or ends_sessions

    def may_alter(self, account: Account, database: Database) -> bool:
        """ALTER and DROP DATABASE: its owner, a db_owner, or a dbcreator."""
        any_one = "dbcreator" in account.roles or self.on_server(account, "ALTER ANY DATABASE")
        return any_one or self.may(account, database, "OWN")

    def roles_in(self, account: Account, database: Database) -> list[str] | None:
        """The roles there, or None for no access."""
        if self.is_admin(account) or database.owner.lower() == account.name.lower():
            return ["db_owner"]
        if database.state == "ONLINE" and not (database.name in SYSTEM and database.name != "model"):
            return next((roles for _, sid, roles in self.users(database) if sid == account.sid), None)
        return [] if database.name in SYSTEM else None

    def need_access(self, account: Account, database: Database) -> None:
        """Raises SqlError 916."""
        if self.roles_in(account, database) is None:
            raise SqlError(916, account.name, database.name)

    def may(self, account: Account, database: Database, right: str, name: str = "") -> bool:
        """Rights are SELECT, INSERT, UPDATE, DELETE, EXECUTE (these perhaps on an object), DDL, BACKUP, OWN."""
        roles = self.roles_in(account, database)
        if roles is None:
            return False
        if "db_owner" in roles:
            return True
        granted, denied = self._granted(account, database, roles, right, name)
        if denied or any(right in _DENIED.get(role, ()) for role in roles):
            return False
        of_everyone = (database.name.lower(), right) in _OF_EVERYONE
        return granted or of_everyone or any(right in _ALLOWED.get(role, ()) for role in roles)

    def _granted(
        self, account: Account, database: Database, roles: list[str], right: str, name: str
    ) -> tuple[bool, bool]:
        """Granted and denied, to the user, to its roles, or to public."""
        if database.state != "ONLINE":
            return False, False
        user = next((u for u, sid, _ in self.users(database) if sid == account.sid), "")
        principals = {user.lower(), "public", *(r.lower() for r in roles)}
        sql = "SELECT principal, verb FROM \"lab$grants\" WHERE permission = ? AND object IN ('', ?)"
        with self._store.opened(database) as connection:
            verbs = {v for p, v in connection.execute(sql, (right, name)) if p.lower() in principals}
        return "GRANT" in verbs, "DENY" in verbs

    def grant(self, database: Database, verb: str, principal: str, permission: str, name: str) -> None:
        """GRANT, DENY or REVOKE; the newest word counts."""
        with self._store.opened(database) as connection:
            key = (principal, permission, name)
            connection.execute(
                'DELETE FROM "lab$grants" WHERE principal = ? AND permission = ? AND object = ? COLLATE NOCASE', key
            )
            if verb != "REVOKE":
                connection.execute('INSERT INTO "lab$grants" VALUES (?, ?, ?, ?)', (principal, verb, *key[1:]))

    def drop_user(self, database: Database, name: str) -> None:
        """A user or role goes, with what it was granted."""
        with self._store.opened(database) as connection:
            connection.execute('DELETE FROM "lab$users" WHERE name = ? COLLATE NOCASE', (name,))
            connection.execute('DELETE FROM "lab$grants" WHERE principal = ? COLLATE NOCASE', (name,))

    def drop_member(self, database: Database, name: str, role: str) -> None:
        """A user leaves a role."""
        with self._store.opened(database) as connection:
            rows = connection.execute('SELECT sid, roles FROM "lab$users" WHERE name = ?', (name,)).fetchall()
            for sid, roles in rows:
                kept = " ".join(r for r in roles.split() if r.lower() != role.lower())
                connection.execute('INSERT OR REPLACE INTO "lab$users" VALUES (?, ?, ?)', (name, sid, kept))

    def may_restore(self, account: Account, database: Database | None) -> bool:
        """sysadmin, dbcreator, or the owner of a database that exists: db_owner is not enough."""
        owner = database is not None and database.owner.lower() == account.name.lower()
        return owner or bool({"sysadmin", "dbcreator"} & set(account.roles))
