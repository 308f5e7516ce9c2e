"""SqlPackage.exe: Export, Extract, Import and Publish, with the arguments that the product sends."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lab.host.processes import KILLED
from lab.sqlpackage.contents import Contents, contents_of, load_rows, make_tables, rows_of
from lab.sqlpackage.parts import CONTENT_TYPES, data_part, metadata_of, model_of, origin_of, read_model
from lab.sqlserver.errors import SqlError
from lab.sqlserver.rights import READS_ALL, Account
from lab.sqlserver.store import Database

if TYPE_CHECKING:
    from lab.host.session import Session
    from lab.sqlserver import SqlServer

NAME = "sqlpackage"
_COMMON = {"CommandTimeout", "LongRunningCommandTimeout", "DatabaseLockTimeout"}
_PROPERTIES = {
    "Export": _COMMON | {"TempDirectoryForTableData"},
    "Extract": _COMMON | {"ExtractAllTableData", "VerifyExtraction"},
    "Import": _COMMON,
    "Publish": _COMMON | {"CreateNewDatabase", "ExcludeObjectTypes"},
}
_SIDE = {"Export": "Source", "Extract": "Source", "Import": "Target", "Publish": "Target"}
_VERBS = {"Export": "exporting database", "Extract": "extracting database", "Import": "importing database",
          "Publish": "publishing to database"}  # fmt: skip


class Failed(Exception):
    """It ends with exit code 1; the text is what it writes to standard error."""


@dataclass
class Work:
    """One run. `words` are its arguments, `properties` those after /p:."""

    session: "Session"
    sql: "SqlServer"
    action: str
    words: dict[str, str]
    properties: dict[str, str]

    @property
    def database(self) -> str:
        return self.words[f"{_SIDE[self.action]}DatabaseName"]

    def file(self, side: str) -> Path:
        return self.sql.disk.path(self.words[f"{side}File"])

    def say(self, line: str) -> None:
        self.session.out(f"{line}\r\n")


def sqlpackage(session: "Session", words: list[str]) -> int:
    """Run it as a process of the host; its exit code."""
    session.begin(NAME, inner=True)
    try:
        work = _read(session, words)
        _ACTS[work.action](work, _account(work))
    except Failed as failure:
        session.err(f"{failure}\r\n")
        return 1
    except SqlError as error:
        session.err(f"*** {error.message('en', 1).text}\r\n")
        return 1
    return 0


def _read(session: "Session", arguments: list[str]) -> Work:
    """The arguments as /Name:Value and /p:Name=Value. What it does not know it refuses."""
    words: dict[str, str] = {}
    properties: dict[str, str] = {}
    for argument in arguments:
        name, colon, value = argument.removeprefix("/").partition(":")
        if name == "p":
            key, _, value = value.partition("=")
            properties[key] = value
        elif argument.startswith("/") and colon:
            words[name] = value
        else:
            raise Failed(f"*** '{argument}' is not a valid argument.")
    action, sql = words.pop("Action", ""), session.world.sql
    if sql is None:
        raise Failed("*** A network-related or instance-specific error occurred: no SQL Server runs on this host.")
    _check(action, words, properties)
    return Work(session=session, sql=sql, action=action, words=words, properties=properties)


def _check(action: str, words: dict[str, str], properties: dict[str, str]) -> None:
    if action not in _SIDE:
        raise Failed(f"*** '{action}' is not a valid value for the 'Action' parameter.")
    side, other = _SIDE[action], {"Source": "Target", "Target": "Source"}[_SIDE[action]]
    ends = ("ServerName", "DatabaseName", "EncryptConnection", "TrustServerCertificate")
    known = {f"{side}{end}" for end in ends} | {f"{other}File", "OverwriteFiles"}
    unknown = sorted((set(words) - known) | (set(properties) - _PROPERTIES[action]))
    missing = sorted({f"{side}ServerName", f"{side}DatabaseName", f"{other}File"} - set(words))
    if unknown or missing:
        raise Failed(f"*** Not valid for the '{action}' action: {', '.join(unknown)}; missing: {', '.join(missing)}.")


def _account(work: Work) -> Account:
    """The login of the process's own Windows account."""
    account = work.sql.rights.find(work.session.user)
    if account is None or not account.windows or account.disabled:
        raise Failed(f"*** Unable to connect to the server: Login failed for user '{work.session.user}'.")
    return account


def _export(work: Work, account: Account) -> None:
    """Export and Extract: the schema must pass Azure's rules for the first; the second takes it as it is."""
    database = work.sql.store.usable(work.database)
    _need(work, account, database)
    target = work.file("Target")
    if target.exists() and work.words.get("OverwriteFiles", "True") != "True":
        raise _trouble(work, f"The file '{work.words['TargetFile']}' already exists.")
    path = work.sql.store.path(database)
    contents, exports = contents_of(path), work.action == "Export"
    work.say(f"Connecting to database '{database.name}' on server '{work.words['SourceServerName']}'.")
    work.say("Extracting schema from database")
    _refuse(work, contents, exports=exports)
    begun, rows = datetime.now(UTC), 0
    model = model_of(contents, database.compatibility)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for number, table in enumerate(contents.tables):
            work.say(f"Processing Table '[dbo].[{table}]'.")
            rows += _pack(package, path, table)
            _half_way(work, number, len(contents.tables))
        kilobytes = path.stat().st_size // 1024
        facts = {"exported": exports, "server": work.sql.version_text.split("\n")[0], "begun": begun}
        origin = origin_of(model, **facts, rows=rows, kilobytes=kilobytes)  # type: ignore[arg-type]
        for name, text in (("DacMetadata.xml", metadata_of(database.name)), ("Origin.xml", origin)):
            package.writestr(name, text)
        package.writestr("model.xml", model)
        package.writestr("[Content_Types].xml", CONTENT_TYPES)
    work.say(f"Successfully {'exported' if exports else 'extracted'} database and saved it to file '{target.name}'.")
    work.session.record(work.action.lower(), database=database.name, file=target.name, rows=rows)


def _need(work: Work, account: Account, database: Database) -> None:
    rights = work.sql.rights
    wide = all(rights.on_server(account, permission) for permission in READS_ALL)
    if not wide and not rights.may(account, database, "OWN"):
        message = SqlError(916, account.name, database.name).message("en", 1)
        raise Failed(f"*** Unable to connect: {message.text}")


def _refuse(work: Work, contents: Contents, *, exports: bool) -> None:
    """What DacFx says of names it cannot resolve, and of texts it cannot read."""
    windows = {a.sid for a in work.sql.rights.accounts if a.windows} if exports else set()
    told = {m: f"[dbo].[{m.name}] has an unresolved reference to object" for m in contents.modules}
    unresolved = list(contents.unresolved()) if exports else []
    found = [
        *(f"Error SQL71501: Error validating element [dbo].[{m.name}]: {told[m]} {name}." for m, name in unresolved),
        *(
            f"Error SQL71627: The element User: [{u.name}] is not supported."
            for u in contents.users
            if u.sid in windows
        ),
        *(f"Error SQL71564: The object [dbo].[{n}] is encrypted, it cannot be scripted." for n in contents.encrypted()),
    ]
    if found:
        why = "One or more unsupported elements were found in the schema used as part of a data package."
        raise _trouble(work, "\r\n".join([why, *found]))


def _pack(package: zipfile.ZipFile, path: Path, table: str) -> int:
    count = 0
    with package.open(data_part(table), "w") as part:
        for line in rows_of(path, table):
            part.write(line)
            count += 1
    return count


def _import(work: Work, account: Account) -> None:
    """Import and Publish into a database that is not there yet. Import takes an empty one, too."""
    source, store = work.file("Source"), work.sql.store
    if not source.is_file():
        raise _trouble(work, f"The file '{work.words['SourceFile']}' could not be found.")
    if not {"dbcreator", "sysadmin"} & set(account.roles):
        raise _trouble(work, "CREATE DATABASE permission denied in database 'master'.")
    with zipfile.ZipFile(source) as package:
        contents = _own(work, package)
        _refuse_taken(work)
        database = store.find(work.database) or store.create(work.database, owner=account.name)
        work.say(f"Creating database '{database.name}' on server '{work.words['TargetServerName']}'.")
        make_tables(store.path(database), contents)
        rows = 0
        for number, table in enumerate(contents.tables):
            work.say(f"Processing Table '[dbo].[{table}]'.")
            with package.open(data_part(table)) as part:
                rows += load_rows(store.path(database), table, part)
            _half_way(work, number, len(contents.tables))
    work.sql.detach_all(database)
    work.say("Successfully imported database." if work.action == "Import" else "Successfully published database.")
    work.session.record(work.action.lower(), database=database.name, file=source.name, rows=rows)


def _own(work: Work, package: zipfile.ZipFile) -> Contents:
    wanted = b"<ContainsExportedData>true<" if work.action == "Import" else b"<ContainsExportedData>false<"
    if wanted not in package.read("Origin.xml"):
        raise _trouble(work, f"The package is not one that {work.action} takes.")
    try:
        return read_model(package.read("model.xml"))
    except ValueError as error:
        raise _trouble(work, str(error)) from error


def _refuse_taken(work: Work) -> None:
    found = work.sql.store.find(work.database)
    if found and contents_of(work.sql.store.path(found)).tables:
        why = "Data cannot be imported into target because it contains one or more user objects."
        raise _trouble(work, f"{why} Import should be performed against a new, empty database.")


def _half_way(work: Work, number: int, tables: int) -> None:
    """Where the faults strike: in the middle of the tables."""
    work.session.check()
    if number != tables // 2:
        return
    world = work.session.world
    if world.faults.take("sqlpackage", how="disk_full"):
        raise _trouble(work, "There is not enough space on the disk.")
    if world.faults.take("sqlpackage", how="killed"):
        world.processes.end(work.session.entry.pid, KILLED)
    work.session.point("during", NAME)


def _trouble(work: Work, why: str) -> Failed:
    return Failed(f"*** Error {_VERBS[work.action]}:{why}")


_ACTS: dict[str, Callable[[Work, Account], None]] = {
    "Export": _export,
    "Extract": _export,
    "Import": _import,
    "Publish": _import,
}
