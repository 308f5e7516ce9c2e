"""RESTORE DATABASE: the checks, the files laid down in a hundred steps, and the state in between."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lab.sqlserver.backup import hundredths, pages_told, progress, take_turn
from lab.sqlserver.backup_words import Words, words_of
from lab.sqlserver.errors import Killed, SqlError
from lab.sqlserver.kinds import now_text
from lab.sqlserver.media import Found, data_of, sets_in
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import PAGE, SYSTEM, Database, DataFile
from lab.sqlserver.texts import NO_PATH
from lab.tds.answers import Answer, Done

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

COMMAND = "RESTORE DATABASE"


def restore(session: "LabSession", scope: Scope, statement: Plain) -> Iterator[Answer]:
    """Raises the errors of 3.9 of the research, each followed by 3013."""
    words = words_of(statement, scope, COMMAND)
    try:
        if session.transaction_count:
            raise SqlError(3021)
        existing = session.server.store.find(words.database)
        if not session.server.rights.may_restore(session.account, existing):
            raise SqlError(3110, words.database)
        if words.disk:
            yield from _from_disk(session, existing, words)
        else:
            yield from _recover(session, existing, words)
    except SqlError as error:
        raise error.within(COMMAND) from error


def _recover(session: "LabSession", database: Database | None, words: Words) -> Iterator[Answer]:
    """RESTORE DATABASE x WITH RECOVERY: only what was laid down whole can come up."""
    if database is None:
        raise SqlError(911, words.database)
    if database.state != "RESTORING" or not database.laid_down or database.busy:
        raise SqlError(4333, database.name)
    database.state = "ONLINE"
    session.server.detach_all(database)
    session.server.store.save()
    session.record("recover", database.name)
    yield Done()


def chosen(session: "LabSession", words: Words) -> tuple[Path, Found]:
    """The file and the set in it. Raises SqlError 3201, 3241, 3270."""
    path = session.server.disk.path(words.disk)
    position = int(words.values.get("FILE") or 1)
    for found in sets_in(path, words.disk):
        if found.position == position:
            return path, found
    raise SqlError(3270, position)


def _from_disk(session: "LabSession", existing: Database | None, words: Words) -> Iterator[Answer]:
    if existing is not None and session.database.lower() == existing.name.lower():
        raise SqlError(3102, existing.name)
    path, found = chosen(session, words)
    _check_set(session, found, words)
    if existing is not None:
        _check_target(session, existing, found, words)
    files = _files(session, existing, found, words)
    target = existing or session.server.store.register(words.database, owner=session.account.name, files=files)
    take_turn(session, target)
    try:
        yield from _lay_down(session, target, files, path, found, words)
    except BaseException as error:
        why = error.number if isinstance(error, SqlError) else type(error).__name__
        session.record("restore aborted", target.name, file=words.disk, why=str(why))
        raise
    finally:
        target.busy = False


def _check_set(session: "LabSession", found: Found, words: Words) -> None:
    if found.said.database_version > session.server.database_version:
        theirs = ".".join(f"{n:02d}" for n in found.said.version)
        raise SqlError(3169, theirs, ".".join(f"{n:02d}" for n in session.server.version))
    if "CHECKSUM" in words.flags and not found.said.checksums:
        raise SqlError(3187)


def _check_target(session: "LabSession", existing: Database, found: Found, words: Words) -> None:
    """In the server's order: in use, another database's, tail of the log."""
    if session.server.inside(existing):
        raise SqlError(3101)
    if existing.name in SYSTEM:
        raise SqlError(50000, f"restoring the system database {existing.name} is not emulated")
    if "REPLACE" in words.flags or existing.state == "RESTORING":
        return
    if existing.family != found.said.family:
        raise SqlError(3154, existing.name)
    if existing.recovery != "SIMPLE":
        raise SqlError(3159, existing.name)


def _files(session: "LabSession", existing: Database | None, found: Found, words: Words) -> list[DataFile]:
    """Where each file goes. Raises SqlError 3234, 1834, 5133, 3156."""
    store = session.server.store
    known = {f["logical"].lower() for f in found.said.files}
    for logical in words.moves:
        if logical not in known:
            raise SqlError(3234, logical, words.database)
    files = []
    for file in found.said.files:
        physical = words.moves.get(file["logical"].lower(), file["physical"])
        own = {f.physical.lower() for f in existing.files} if existing else set()
        try:
            store.refuse_taken(physical, but=existing)
            place = store.disk.path(physical)
            if not place.parent.is_dir():
                raise SqlError(5133, physical, NO_PATH)
            if place.exists() and physical.lower() not in own and "REPLACE" not in words.flags:
                raise SqlError(3156, file["logical"], physical)
        except SqlError as error:
            if error.number != 3156:
                error.also.append(SqlError(3156, file["logical"], physical))
            raise
        files.append(DataFile(logical=file["logical"], physical=physical, type=file["type"]))
    return files


def _lay_down(
    session: "LabSession", target: Database, files: list[DataFile], path: Path, found: Found, words: Words
) -> Iterator[Answer]:
    """From here on the old content is gone and the state is RESTORING until the end is reached."""
    store, begun = session.server.store, time.monotonic()
    session.command, session.percent = COMMAND, 0.0
    _begin(session, target, files)
    fault = session.server.faults.take("leave_restoring", database=target.name)
    data = data_of(path, words.disk, found)
    store.log_path(target).write_bytes(b"\0" * PAGE)
    with store.path(target).open("wb") as file:
        for percent, piece in hundredths(data):
            if fault and percent >= fault.number("percent"):
                raise Killed(abrupt=True)
            file.write(piece)
            yield from progress(session, percent, words.step())
    _finish(session, target, found, words)
    yield from pages_told(session, COMMAND, target.name, found.said, found.position, time.monotonic() - begun)
    yield Done()


def _begin(session: "LabSession", target: Database, files: list[DataFile]) -> None:
    store = session.server.store
    target.state, target.laid_down = "RESTORING", False
    session.server.detach_all(target)
    for file in target.files:
        store.disk.path(file.physical).unlink(missing_ok=True)
    target.files = files
    for file in files:
        store.disk.path(file.physical).unlink(missing_ok=True)
    store.save()


def _finish(session: "LabSession", target: Database, found: Found, words: Words) -> None:
    said = found.said
    target.laid_down = True
    target.state = "RESTORING" if "NORECOVERY" in words.flags else "ONLINE"
    target.access = "RESTRICTED_USER" if "RESTRICTED_USER" in words.flags else said.access
    target.single = 0
    target.recovery, target.collation, target.compatibility = said.recovery, said.collation, said.compatibility
    target.family, target.trustworthy = said.family, False
    session.server.detach_all(target)
    session.server.store.save()
    _remember(session, target, found, words)
    session.record("restore", target.name, file=words.disk, position=found.position, source=said.database)


def _remember(session: "LabSession", target: Database, found: Found, words: Words) -> None:
    with session.server.store.opened(session.server.store.get("msdb")) as connection:
        row = connection.execute(
            "SELECT backup_set_id FROM backupset WHERE backup_set_uuid = ?", (found.said.uuid,)
        ).fetchone()
        connection.execute(
            "INSERT INTO restorehistory (restore_date, destination_database_name, user_name, backup_set_id, "
            "restore_type, [replace], recovery, restart) VALUES (?, ?, ?, ?, 'D', ?, ?, 0)",
            (
                now_text(),
                target.name,
                session.account.name,
                row[0] if row else None,
                "REPLACE" in words.flags,
                "NORECOVERY" not in words.flags,
            ),
        )
