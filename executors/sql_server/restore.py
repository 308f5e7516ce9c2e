"""Restore a backup beside its target, or over it: headers are read first, and every file gets a place of its own."""

from typing import Any, Final

from domain.command import Call
from domain.errors import Broke
from domain.text import Text
from executors import mssql_quoting as quoted
from executors.mssql_link import Link, Row
from executors.mssql_watch import watched
from executors.sql_server import attempt, databases
from executors.sql_server.server import Arguments, Facts, Server

FULL: Final = 1  # BackupType of RESTORE HEADERONLY
RESERVE: Final = 1.1  # of the space that the files will take
_FOLDERS: Final = """
    SELECT CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(260)) AS data,
           CAST(SERVERPROPERTY('InstanceDefaultLogPath') AS nvarchar(260)) AS log,
           CAST(DATABASEPROPERTYEX('master', 'Version') AS int) AS version"""
_FREE: Final = """
    SELECT DISTINCT v.volume_mount_point AS volume, v.available_bytes AS free
    FROM sys.master_files f CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) v"""
_RESTORED: Final = """
    SELECT h.restore_date AS at, s.name AS name
    FROM msdb.dbo.restorehistory h LEFT JOIN msdb.dbo.backupset s ON s.backup_set_id = h.backup_set_id
    WHERE h.destination_database_name = %s ORDER BY h.restore_history_id DESC"""
_EXTENSIONS: Final = {"D": "mdf", "L": "ldf", "S": "filestream", "F": "fulltext"}


def read_media(server: Server, arguments: Arguments, call: Call) -> Facts:
    """What the server reads in the file: its one full backup set, its files, and whether they fit.

    Raises Broke for anything that cannot be restored here: a stripe, a log, a newer version, damage, no room.
    """
    device = _device(server, arguments)
    with server.link("yunwei read media") as link:
        label = link.rows(f"RESTORE LABELONLY FROM {device}")
        header = _one_full_set(link, link.rows(f"RESTORE HEADERONLY FROM {device}"), label)
        files = [databases.plain(f) for f in link.rows(f"RESTORE FILELISTONLY FROM {device}")]
        check = "WITH CHECKSUM" if header.get("HasBackupChecksums") else ""
        with watched(link, server.again, call):
            link.tell(f"RESTORE VERIFYONLY FROM {device} {check}".strip())
        need = sum(int(f["Size"]) for f in files)
        return {"header": _told(header), "files": [_file(f) for f in files], "bytes": need, "free": _free(link)}


def restore_beside(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Restore into a new database `name`, of our own. What an earlier try left of it is dropped first."""
    name, device = arguments["name"], _device(server, arguments)
    with server.link(arguments["token"]) as link:
        attempt.hold(link, arguments)
        found = databases.find(link, name)
        if not (found and found["state"] == "ONLINE" and _restored(link, name)):
            _drop_own(link, found)
            _restore(server, link, call, name, device, replace=False)
        return {"database": databases.must(link, name)}


def restore_in_place(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Restore over the target, users thrown off by the very batch that restores. Or look what became of it.

    Nothing is lost that was not backed up before: the plan does that first.
    """
    database, device = arguments["database"], _device(server, arguments)
    with server.link(arguments["token"]) as link:
        if arguments.get("look"):
            return _look(server, link, arguments)

        def act() -> Facts:
            try:
                _restore(server, link, call, database, device, replace=True)
            finally:
                _reopen(server, database)
            return {"database": databases.must(link, database)}

        plan = {"database": database, "history": _restored(link, database)}
        return attempt.once(link, arguments, plan, act)


def put_back(server: Server, arguments: Arguments, call: Call) -> Facts:
    """A target that was replaced, or left unusable, is restored from the backup taken before. Any other is left."""
    database = arguments["database"]
    with server.link(arguments["token"]) as link:
        attempt.hold(link, arguments)
        found = databases.find(link, database)
        if found is None or found["state"] != "ONLINE" or _is_replaced(link, arguments):
            _restore(server, link, call, database, _device(server, arguments), replace=True)
        _reopen(server, database)
        return {"database": databases.must(link, database)}


def _look(server: Server, link: Link, arguments: Arguments) -> Facts:
    """Whether a restore that was broken off was finished by the server all the same."""
    marker = attempt.look(link, arguments)
    if marker.held or marker.phase != "begun":
        return marker.as_facts()
    _reopen(server, arguments["database"])
    found = databases.find(link, arguments["database"])
    done = _restored(link, arguments["database"]) > int(marker.facts["history"])
    return {**marker.as_facts(), "took_effect": done and bool(found and found["state"] == "ONLINE"), "database": found}


def _is_replaced(link: Link, arguments: Arguments) -> bool:
    """Whether the restore to be taken back was finished, and is the last one: after it nobody has put it back yet."""
    before = attempt.read(link, arguments["token"]).facts.get("history")
    restores = link.rows(_RESTORED, arguments["database"])
    safety = arguments["file"].removesuffix(".bak")
    return before is not None and len(restores) > int(before) and restores[0]["name"] != safety


def _restored(link: Link, name: str) -> int:
    """How many restores to that name the server has finished."""
    return len(link.rows(_RESTORED, name))


def _restore(server: Server, link: Link, call: Call, database: str, device: str, *, replace: bool) -> None:
    """Raises Broke with all that the server said."""
    name, moves = quoted.name(database), _moves(link, device)
    sums = "CHECKSUM" if _has_checksums(link, device) else "NO_CHECKSUM"
    options = [
        "FILE = 1",
        *moves,
        sums,
        "RECOVERY",
        "STATS = 5",
    ]
    statement = f"RESTORE DATABASE {name} FROM {device} WITH {', '.join(options + ['REPLACE'] * replace)}"
    call.say("note", f"RESTORE DATABASE {database}")
    link.heard = lambda text: call.say("stdout", text)
    with watched(link, server.again, call):
        if replace and databases.find(link, database):
            databases.alone(link, database, statement)
        else:
            link.tell(statement)


def _reopen(server: Server, database: str) -> None:
    """Whatever became of the restore: an online database is not left to one user."""
    with server.again() as link:
        databases.open_to_all(link, databases.find(link, database))


def _drop_own(link: Link, found: Facts | None) -> None:
    if found:
        link.tell(f"DROP DATABASE {quoted.name(found['name'])}")


def _moves(link: Link, device: str) -> list[str]:
    """MOVE for every file of the backup, to a name that bears the attempt's token: nothing is in its way."""
    folders = link.row(_FOLDERS) or {}
    moves = []
    for number, row in enumerate(link.rows(f"RESTORE FILELISTONLY FROM {device}"), 1):
        folder = str(folders["log"] if row["Type"] == "L" else folders["data"])
        slash = "/" if folder.startswith("/") else "\\"
        file = f"{folder.rstrip(slash)}{slash}{link.program}_{number}.{_EXTENSIONS.get(str(row['Type']), 'dat')}"
        moves.append(f"MOVE {quoted.text(str(row['LogicalName']))} TO {quoted.text(file)}")
    return moves


def _has_checksums(link: Link, device: str) -> bool:
    headers = link.rows(f"RESTORE HEADERONLY FROM {device}")
    return bool(headers and headers[0].get("HasBackupChecksums"))


def _device(server: Server, arguments: Arguments) -> str:
    return f"DISK = {quoted.text(server.there(arguments['file']))}"


def _one_full_set(link: Link, headers: list[Row], label: list[Row]) -> Row:
    """The only set. Everything that speaks against it is said at once."""
    here = link.row(_FOLDERS) or {}
    against = [*_of_label(label), *_of_headers(headers)]
    if headers and int(headers[0].get("DatabaseVersion") or 0) > int(here["version"] or 0):
        theirs, ours = headers[0]["DatabaseVersion"], here["version"]
        against.append(
            Text(f"来自更新的 SQL Server（{theirs} > {ours}）", f"is of a newer SQL Server ({theirs} > {ours})")
        )
    if against:
        zh, en = "；".join(t.zh for t in against), "; ".join(t.en for t in against)
        raise Broke(
            Text(f"该备份不能恢复：{zh}", f"This backup cannot be restored: it {en}"), headers=_all_told(headers)
        )
    return headers[0]


def _of_label(label: list[Row]) -> list[Text]:
    families = int(label[0].get("FamilyCount") or 1) if label else 1
    if families == 1:
        return []
    return [Text(f"是 {families} 个条带之一", f"is one of {families} stripes, which make a backup only together")]


def _of_headers(headers: list[Row]) -> list[Text]:
    if len(headers) != 1:
        return [Text(f"含有 {len(headers)} 个备份集", f"holds {len(headers)} backup sets instead of one")]
    found, header = [], headers[0]
    if int(header.get("BackupType") or 0) != FULL:
        found.append(Text("不是完整备份", "is no full backup (a log, a differential or a file backup)"))
    if header.get("IsDamaged"):
        found.append(Text("标记为已损坏", "is marked as damaged"))
    if header.get("IsPasswordProtected"):
        found.append(Text("带有密码", "is protected by a password"))
    return found


def _free(link: Link) -> dict[str, int]:
    return {str(r["volume"]): int(r["free"]) for r in link.rows(_FREE)}


def _told(header: Row) -> Facts:
    keys = ("BackupName", "BackupType", "DatabaseName", "DatabaseVersion", "ServerName", "BackupStartDate",
            "BackupFinishDate", "BackupSize", "CompatibilityLevel", "RecoveryModel", "Collation", "IsCopyOnly",
            "HasBackupChecksums", "SoftwareVersionMajor")  # fmt: skip
    plain = databases.plain(header)
    return {k: str(plain[k]) if isinstance(plain.get(k), bytes) else plain[k] for k in keys if k in plain}


def _all_told(headers: list[Row]) -> list[Facts]:
    return [_told(h) for h in headers]


def _file(row: Facts) -> dict[str, Any]:
    return {"logical": row["LogicalName"], "type": row["Type"], "bytes": int(row["Size"])}
