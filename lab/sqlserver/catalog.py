"""The catalog views: filled from the instance's state into temporary tables just before a statement reads them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lab.sqlserver.catalog_of_modules import dependencies, module_objects, module_texts, object_id
from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import kind_of, now_text
from lab.sqlserver.rights import DATABASE_ROLES, ROLE
from lab.sqlserver.store import PAGE, Database
from lab.sqlserver.tables import declared, quoted

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

Rows = list[tuple[Any, ...]]
_FIRST_ROLE = 16384
FIRST_USER = 5  # principal_id of the first user after dbo, guest, INFORMATION_SCHEMA and sys
_STATES = {"ONLINE": 0, "RESTORING": 1, "OFFLINE": 6}
_ACCESS = {"MULTI_USER": 0, "SINGLE_USER": 1, "RESTRICTED_USER": 2}
_KINDS_OF_LOGIN = {False: ("S", "SQL_LOGIN"), True: ("U", "WINDOWS_LOGIN")}
_RECOVERY = {"FULL": 1, "BULK_LOGGED": 2, "SIMPLE": 3}


def _databases(session: "LabSession", _: Database) -> Rows:
    return [_database(session, d) for d in session.server.store.databases]


def _database(session: "LabSession", d: Database) -> tuple[Any, ...]:
    return (
        d.name, d.id, None, _sid(session, d.owner),
        d.created, d.compatibility, d.collation, _ACCESS[d.access], d.access,
        int(d.read_only), _STATES[d.state], d.state, _RECOVERY[d.recovery], d.recovery, int(d.trustworthy), 0, 0,
        int(d.id <= 4),
    )  # fmt: skip


def _sid(session: "LabSession", owner: str) -> bytes:
    """The login's own; of a login that is gone, something that is nobody's."""
    account = session.server.rights.find(owner)
    return bytes.fromhex(account.sid[2:]) if account else owner.encode("utf-16-le")


def _files(session: "LabSession", databases: list[Database]) -> Rows:
    found: Rows = []
    for d in databases:
        for n, f in enumerate(d.files, start=1):
            path = session.server.disk.path(f.physical)
            pages = -(-path.stat().st_size // PAGE) if path.exists() else 0
            kind = int(f.type == "LOG")
            found.append((d.id, n, kind, f.type, f.logical, f.physical, 0, "ONLINE", pages, -1))
    return found


def _sessions(session: "LabSession", _: Database) -> Rows:
    return [
        (
            s.number, s.login_time, s.login.host, s.login.program, s.account.name, s.account.name,
            "running" if s.command else "sleeping", s.open_transactions, s.database_id, 1, s.login_time,
        )
        for s in _visible(session)
    ]  # fmt: skip


def _requests(session: "LabSession", _: Database) -> Rows:
    return [
        (
            s.number,
            0,
            s.started,
            "running",
            s.command,
            s.database_id,
            float(s.percent),
            0,
            0,
            s.worked_ms(),
            0,
            0,
            0,
            None,
            0,
            "",
        )
        for s in _visible(session)
        if s.command
    ]


def _visible(session: "LabSession") -> list["LabSession"]:
    """All sessions, or one's own without VIEW SERVER STATE."""
    all_of_them = session.server.rights.on_server(session.account, "VIEW SERVER STATE")
    return [s for s in session.server.sessions_now() if all_of_them or s is session]


def _server_principals(session: "LabSession", _: Database) -> Rows:
    now = now_text()
    return [
        (a.name, n, bytes.fromhex(a.sid[2:]), *_KINDS_OF_LOGIN[a.windows], int(a.disabled), now, a.default_database)
        for n, a in enumerate(session.server.rights.accounts, start=1)
    ]


def _database_principals(session: "LabSession", database: Database) -> Rows:
    users = session.server.rights.users(database)
    windows = {a.sid for a in session.server.rights.accounts if a.windows}
    rows: Rows = [("dbo", 1, "S", "SQL_USER", "dbo", _sid(session, database.owner), 1)]
    for number, (name, sid, _) in enumerate(users, FIRST_USER):
        if sid == ROLE:
            rows.append((name, number, "R", "DATABASE_ROLE", None, None, 0))
        else:
            kind = ("U", "WINDOWS_USER") if sid in windows else ("S", "SQL_USER")
            rows.append((name, number, *kind, "dbo", bytes.fromhex(sid[2:]), 1))
    fixed = enumerate(sorted(DATABASE_ROLES), _FIRST_ROLE)
    return [*rows, *((name, number, "R", "DATABASE_ROLE", None, None, 0) for number, name in fixed)]


def _role_members(session: "LabSession", database: Database) -> Rows:
    numbers = {row[0].lower(): row[1] for row in _database_principals(session, database)}
    users = session.server.rights.users(database)
    return [(numbers[role.lower()], numbers[name.lower()]) for name, _, roles in users for role in roles]


def _objects(session: "LabSession", database: Database) -> Rows:
    schema = session.engine.schema(database)
    outcome = session.engine.run(
        f"SELECT name, type FROM {schema}.sqlite_master WHERE type IN ('table', 'view') "  # noqa: S608 -- our own name
        "AND name NOT LIKE 'sqlite[_]%' AND name NOT LIKE 'lab$%' ORDER BY name"
    )
    rows = [
        (name.split(".")[-1], object_id(name), 1, *(("U ", "USER_TABLE") if kind == "table" else ("V ", "VIEW")), 0)
        for name, kind in outcome.rows
    ]
    return [*rows, *module_objects(session, database)]


def _tables(session: "LabSession", database: Database) -> Rows:
    return [row for row in _objects(session, database) if row[4] == "USER_TABLE"]


def _schemas(_session: "LabSession", _: Database) -> Rows:
    return [("dbo", 1), ("sys", 4)]


def _volumes(session: "LabSession", _: Database) -> Rows:
    if not session.server.rights.on_server(session.account, "VIEW SERVER STATE"):
        raise SqlError(300, "VIEW SERVER STATE", "server", "master")
    disk = session.server.disk
    return [
        (
            d.id,
            n,
            f"{f.physical[:1].upper()}:\\",
            f"{f.physical[:1].upper()}:\\",
            disk.free(f.physical) * 4,
            disk.free(f.physical),
        )
        for d in session.server.store.databases
        for n, f in enumerate(d.files, start=1)
    ]


_OBJECT_COLUMNS = (
    "name sysname, object_id int, schema_id int, type varchar(2), type_desc nvarchar(60), is_ms_shipped bit"
)
_FILE_COLUMNS = (
    "database_id int, file_id int, type tinyint, type_desc nvarchar(60), name sysname, physical_name nvarchar(260), "
    "state tinyint, state_desc nvarchar(60), size int, max_size int"
)
# View -> its columns, and where its rows come from.
VIEWS: dict[str, tuple[str, Callable[["LabSession", Database], Rows]]] = {
    "databases": (
        "name sysname, database_id int, source_database_id int, owner_sid varbinary(85), create_date datetime, "
        "compatibility_level tinyint, collation_name sysname, user_access tinyint, user_access_desc nvarchar(60), "
        "is_read_only bit, state tinyint, state_desc nvarchar(60), recovery_model tinyint, "
        "recovery_model_desc nvarchar(60), is_trustworthy_on bit, is_db_chaining_on bit, is_encrypted bit, "
        "is_system bit",
        _databases,
    ),
    "master_files": (_FILE_COLUMNS, lambda s, _: _files(s, s.server.store.databases)),
    "database_files": (_FILE_COLUMNS, lambda s, database: _files(s, [database])),
    "dm_exec_sessions": (
        "session_id smallint, login_time datetime, host_name nvarchar(128), program_name nvarchar(128), "
        "login_name nvarchar(128), original_login_name nvarchar(128), status nvarchar(30), "
        "open_transaction_count int, database_id smallint, is_user_process bit, last_request_start_time datetime",
        _sessions,
    ),
    "dm_exec_requests": (
        "session_id smallint, request_id int, start_time datetime, status nvarchar(30), command nvarchar(32), "
        "database_id smallint, percent_complete float, blocking_session_id smallint, estimated_completion_time bigint, "
        "cpu_time int, reads bigint, writes bigint, logical_reads bigint, wait_type nvarchar(60), wait_time int, "
        "last_wait_type nvarchar(60)",
        _requests,
    ),
    "server_principals": (
        "name sysname, principal_id int, sid varbinary(85), type varchar(1), type_desc nvarchar(60), is_disabled bit, "
        "create_date datetime, default_database_name sysname",
        _server_principals,
    ),
    "sql_logins": ("", _server_principals),
    "database_principals": (
        "name sysname, principal_id int, type varchar(1), type_desc nvarchar(60), default_schema_name sysname, "
        "sid varbinary(85), authentication_type int",
        _database_principals,
    ),
    "database_role_members": ("role_principal_id int, member_principal_id int", _role_members),
    "objects": (_OBJECT_COLUMNS, _objects),
    "tables": (_OBJECT_COLUMNS, _tables),
    "sql_modules": ("object_id int, definition nvarchar(max)", module_texts),
    "sql_expression_dependencies": (
        "referencing_id int, referencing_class tinyint, referenced_server_name sysname, "
        "referenced_database_name sysname, referenced_schema_name sysname, referenced_entity_name sysname",
        dependencies,
    ),
    "assemblies": ("name sysname, assembly_id int, is_user_defined bit", lambda _s, _d: []),
    "filegroups": ("name sysname, data_space_id int, is_default bit", lambda _s, _d: [("PRIMARY", 1, 1)]),
    "schemas": ("name sysname, schema_id int", _schemas),
    "dm_os_volume_stats": (
        "database_id int, file_id int, volume_mount_point nvarchar(512), volume_id nvarchar(512), total_bytes bigint, "
        "available_bytes bigint",
        _volumes,
    ),
}
VIEWS["sql_logins"] = (VIEWS["server_principals"][0], _server_principals)
FILE_EXISTS = "file_exists int, file_is_a_directory int, parent_directory_exists int"


def fill(session: "LabSession", name: str, columns: str, rows: Rows) -> None:
    """A temporary table of that name with these rows."""
    parts = [c.strip().split(" ") for c in columns.split(", ")]
    made = ", ".join(f"{quoted(n)} {declared(t, kind_of(t))}" for n, t in parts)
    session.engine.run(f"DROP TABLE IF EXISTS temp.{quoted(name)}")
    session.engine.run(f"CREATE TEMP TABLE {quoted(name)} ({made})")
    marks = ", ".join("?" * len(parts))
    for row in rows:
        session.engine.run(f"INSERT INTO temp.{quoted(name)} VALUES ({marks})", row)  # noqa: S608 -- our own names


def view(session: "LabSession", name: str, database: Database) -> str | None:
    """Fill a catalog view of that database; its name in the temporary schema, or None: there is none of that name."""
    known = VIEWS.get(name.lower())
    if known is None:
        return None
    other = "" if database.name.lower() == session.database.lower() else f"@{database.id}"
    filled = f"sys.{name.lower()}{other}"  # one statement may look into the views of several databases
    fill(session, filled, known[0], known[1](session, database))
    return filled
