"""Back up a database to a new file of its own, and prove it: the row in msdb, then a read of the whole file."""

from typing import Any, Final

from domain.command import Call
from domain.errors import Broke
from domain.text import Text
from executors import mssql_quoting as quoted
from executors.mssql_link import Link
from executors.mssql_watch import watched
from executors.sql_server import attempt, databases
from executors.sql_server.server import Arguments, Facts, Server

ENTERPRISE: Final = 3  # SERVERPROPERTY('EngineEdition'), Developer and Evaluation among them
COMPRESSING: Final = frozenset({-1534726760, 284895786})  # SERVERPROPERTY('EditionID'): Standard and BI, but not Web
_SET: Final = """
    SELECT s.type AS type, s.is_copy_only AS copy_only, s.has_backup_checksums AS checksums, s.is_damaged AS damaged,
           s.backup_size AS bytes, s.compressed_backup_size AS bytes_of_file, s.backup_start_date AS started,
           s.backup_finish_date AS finished, s.database_name AS database_name, f.physical_device_name AS device
    FROM msdb.dbo.backupset s JOIN msdb.dbo.backupmediafamily f ON f.media_set_id = s.media_set_id
    WHERE s.name = %s ORDER BY s.backup_finish_date DESC"""
_RATES: Final = """
    SELECT TOP (5) s.backup_size AS bytes, s.compressed_backup_size AS bytes_of_file,
           DATEDIFF(second, s.backup_start_date, s.backup_finish_date) AS seconds
    FROM msdb.dbo.backupset s WHERE s.database_name = %s AND s.type = 'D' ORDER BY s.backup_finish_date DESC"""


def prepare(server: Server, arguments: Arguments, call: Call) -> Facts:
    """What the server says of the database before anything is done: state, size, and how fast backups have been."""
    with server.link("yunwei prepare") as link:
        found = databases.must(link, arguments["database"])
        number = found["database_id"]
        rates = [databases.plain(r) for r in link.rows(_RATES, arguments["database"])]
        return {"database": found, "bytes": databases.size(link, number), "busy": databases.busy(link, number),
                "history": rates, "edition": _edition(link)}  # fmt: skip


def backup(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Make the backup called `name`, unless it is there already. Facts: its set, as msdb tells it.

    It may be asked again and again: the set is looked for first, and a file without a finished set is our own to
    overwrite. Raises Broke when the database cannot be backed up now, Stopped and TimedOut as agreed.
    """
    name, database = arguments["name"], arguments["database"]
    file = server.there(f"{name}.bak")
    with server.link(arguments["token"]) as link:
        attempt.hold(link, arguments)
        if finished(link, name) is None or not _is_there(link, file):
            _refuse_unfit(link, database)
            call.say("note", f"BACKUP DATABASE {database} → {file}")
            link.heard = lambda text: call.say("stdout", text)
            with watched(link, server.again, call):
                link.tell(_statement(link, database, file, name))
        return {"file": f"{name}.bak", "set": _proven(link, name, file)}


def verify(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Read the whole file with its checksums. Raises Broke with what the server found."""
    file = server.there(f"{arguments['name']}.bak")
    with server.link(arguments["token"]) as link:
        link.heard = lambda text: call.say("stdout", text)
        with watched(link, server.again, call):
            said = link.tell(f"RESTORE VERIFYONLY FROM DISK = {quoted.text(file)} WITH CHECKSUM")
        return {"said": said, "set": finished(link, arguments["name"])}


def finished(link: Link, name: str) -> Facts | None:
    """The backup set of that name, as msdb knows it. None: there is none that was finished."""
    row = link.row(_SET, name)
    return databases.plain(row) if row and row["finished"] else None


def _is_there(link: Link, file: str) -> bool:
    """Whether the server can read the file: a clean-up before our death may have dropped it."""
    try:
        return bool(link.rows(f"RESTORE LABELONLY FROM DISK = {quoted.text(file)}"))
    except Broke:
        return False


def _statement(link: Link, database: str, file: str, name: str) -> str:
    """COPY_ONLY: it must not become the base of the provider's own differential backups."""
    options = ["COPY_ONLY", "CHECKSUM", "FORMAT", "INIT", f"NAME = {quoted.text(name)}", "STATS = 5"]
    if _compresses(link):
        options.insert(2, "COMPRESSION")
    what = quoted.name(database)
    return f"BACKUP DATABASE {what} TO DISK = {quoted.text(file)} WITH {', '.join(options)}"


def _edition(link: Link) -> int:
    row = link.row("SELECT CAST(SERVERPROPERTY('EngineEdition') AS int) AS edition")
    return int(row["edition"]) if row else 0


def _compresses(link: Link) -> bool:
    """Whether this edition can compress a backup: Express and Web cannot."""
    row = link.row("SELECT CAST(SERVERPROPERTY('EditionID') AS bigint) AS id")
    return _edition(link) == ENTERPRISE or bool(row and row["id"] in COMPRESSING)


def _refuse_unfit(link: Link, database: str) -> None:
    found = databases.must(link, database)
    running = databases.busy(link, found["database_id"])
    why: Text | None = None
    if found["state"] != "ONLINE":
        why = Text(f"状态为 {found['state']}", f"it is {found['state']}")
    elif running:
        why = Text(f"正在执行 {running['command']}（{running['program']}）",
                   f"{running['command']} runs on it ({running['program']})")  # fmt: skip
    if why:
        zh, en = f"数据库 {database} 现在不能备份：{why.zh}", f"{database} cannot be backed up now: {why.en}"
        raise Broke(Text(zh, en), database=database, state=found["state"], running=running)


def _proven(link: Link, name: str, file: str) -> Facts:
    """The finished set; anything less than sound is an error, whatever the statement said."""
    found: dict[str, Any] = finished(link, name) or {}
    wrong = [fact for fact, want in (("type", "D"), ("copy_only", True), ("checksums", True), ("damaged", False))
             if found.get(fact) != want]  # fmt: skip
    if not found or wrong:
        zh = f"备份没有得到证实：msdb 中的备份集 {name} {'不存在' if not found else '不合格：' + '、'.join(wrong)}"
        en = f"The backup is not proven: its set {name} in msdb "
        en += "is missing" if not found else f"is not as it must be ({', '.join(wrong)})"
        raise Broke(Text(zh, en), set=found, file=file)
    return found
