"""BACKUP DATABASE … TO DISK: a real file, written in a hundred steps, and the history once it is whole."""

import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lab.sqlserver.backup_words import Words, words_of
from lab.sqlserver.errors import Killed, SqlError
from lab.sqlserver.kinds import now_text
from lab.sqlserver.media import MAGIC_COMPRESSED, SetOf, head_of_file, packed, set_of, sets_in
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import PAGE, Database
from lab.sqlserver.texts import DENIED, DISK_FULL, NO_PATH, say
from lab.tds.answers import Answer, Done, Message

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

COMMAND = "BACKUP DATABASE"
STEPS = 100


def backup(session: "LabSession", scope: Scope, statement: Plain) -> Iterator[Answer]:
    """Raises SqlError 911, 262, 3021, 3023, 3201, 3202, each followed by 3013."""
    words = words_of(statement, scope, COMMAND)
    try:
        if session.transaction_count:
            raise SqlError(3021)
        database = session.server.store.usable(words.database)
        if not session.server.rights.may(session.account, database, "BACKUP"):
            raise SqlError(262, COMMAND, database.name)
        take_turn(session, database)
        try:
            yield from _write(session, database, words)
        except BaseException as error:
            why = error.number if isinstance(error, SqlError) else type(error).__name__
            session.record("backup aborted", database.name, file=words.disk, why=str(why))
            raise
        finally:
            database.busy = False
    except SqlError as error:
        raise error.within(COMMAND) from error


def take_turn(session: "LabSession", database: Database) -> None:
    """One backup or restore of a database at a time. Raises SqlError 3023."""
    with session.server.store.lock:
        if database.busy:
            raise SqlError(3023)
        database.busy = True


def _write(session: "LabSession", database: Database, words: Words) -> Iterator[Answer]:
    session.command, session.percent = COMMAND, 0.0
    started, begun = now_text(), time.monotonic()
    data = _snapshot(session.server.store.path(database))
    compressed = "COMPRESSION" in words.flags
    path = session.server.disk.path(words.disk)
    position = _prepare(path, words, compressed=compressed)
    stored, sha256 = packed(data, compressed=compressed)
    said = _said(session, database, words, started, len(data), sha256)
    whole = set_of(said, stored, position)
    yield from _append(session, database, path, whole, words)
    _remember(session, words, said, position, len(whole))
    session.record(
        "backup", database.name, file=words.disk, name=said.name, position=position, copy_only=said.copy_only
    )
    yield from pages_told(session, COMMAND, database.name, said, position, time.monotonic() - begun)
    yield Done()


def _snapshot(path: Path) -> bytes:
    """The committed state of the database at this moment."""
    with closing(sqlite3.connect(path, timeout=10)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()


def _prepare(path: Path, words: Words, *, compressed: bool) -> int:
    """The file with its head; the position of the set that comes. Raises SqlError 3201, 3241."""
    if not path.parent.is_dir():
        raise SqlError(3201, words.disk, NO_PATH)
    if path.is_dir():
        raise SqlError(3201, words.disk, DENIED)
    if path.exists() and not words.flags & {"INIT", "FORMAT"}:
        position = len(sets_in(path, words.disk)) + 1
        with path.open("rb") as file:
            if (file.read(8) == MAGIC_COMPRESSED) != compressed:
                raise SqlError(50000, f"the media {words.disk} holds sets of the other compression; use FORMAT")
        return position
    if path.exists() and "FORMAT" not in words.flags:
        sets_in(path, words.disk)
    try:
        path.write_bytes(head_of_file(compressed=compressed))
    except OSError as error:
        raise SqlError(3201, words.disk, DENIED) from error
    return 1


def _said(session: "LabSession", database: Database, words: Words, started: str, size: int, sha256: str) -> SetOf:
    return SetOf(
        database=database.name,
        name=str(words.values.get("NAME") or ""),
        description=str(words.values.get("DESCRIPTION") or ""),
        server=session.server.name,
        user=session.account.name,
        started=started,
        finished=now_text(),
        created=database.created,
        version=list(session.server.version),
        database_version=session.server.database_version,
        compatibility=database.compatibility,
        collation=database.collation,
        recovery=database.recovery,
        access=database.access,
        family=database.family,
        uuid=str(uuid.uuid4()).upper(),
        media=str(uuid.uuid4()).upper(),
        copy_only="COPY_ONLY" in words.flags,
        checksums="CHECKSUM" in words.flags,
        compressed="COMPRESSION" in words.flags,
        size=size,
        sha256=sha256,
        files=[asdict(f) for f in database.files],
    )


def _append(session: "LabSession", database: Database, path: Path, whole: bytes, words: Words) -> Iterator[Answer]:
    """Write in steps, telling the progress. Raises SqlError 3202 when the disk is full."""
    faults, free = session.server.faults, session.server.disk.free(words.disk)
    full = faults.take("disk_full", database=database.name)
    dropped = faults.take("drop_in_backup", database=database.name)
    with path.open("ab") as file:
        for percent, piece in hundredths(whole):
            if (full and percent >= full.number("percent")) or file.tell() + len(piece) > free:
                raise SqlError(3202, words.disk, DISK_FULL)
            if dropped and percent >= dropped.number("percent"):
                raise Killed(abrupt=True)
            file.write(piece)
            file.flush()
            yield from progress(session, percent, words.step())


def hundredths(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The pieces of a hundred steps, with the percentage after each."""
    for step in range(STEPS):
        start, end = len(data) * step // STEPS, len(data) * (step + 1) // STEPS
        yield step + 1, data[start:end]


def progress(session: "LabSession", percent: int, step: int) -> Iterator[Answer]:
    """After each hundredth: the pause, the look-out for the end, and the message when it is due."""
    session.percent = float(percent)
    session.pause(session.server.step_s)
    if percent % step == 0:
        text = say(session.language, 3211, percent)
        yield Message(number=3211, severity=0, state=1, text=text)


def pages_told(
    session: "LabSession", command: str, database: str, said: SetOf, position: int, seconds: float
) -> Iterator[Answer]:
    """4035 for each file, then 3014."""
    pages = -(-said.size // PAGE)
    for file in said.files:
        count = pages if file["type"] == "ROWS" else 1
        text = say(session.language, 4035, count, database, file["logical"], position)
        yield Message(number=4035, severity=0, state=1, text=text)
    took = max(seconds, 0.001)
    speed = f"{(pages + 1) * PAGE / 2**20 / took:.3f}"
    text = say(session.language, 3014, command, pages + 1, f"{took:.3f}", speed)
    yield Message(number=3014, severity=0, state=1, text=text)


def _remember(session: "LabSession", words: Words, said: SetOf, position: int, stored: int) -> None:
    """msdb's rows: only for a set that is whole."""
    with session.server.store.opened(session.server.store.get("msdb")) as connection:
        media = connection.execute(
            "INSERT INTO backupmediaset (media_uuid, is_compressed) VALUES (?, ?)", (said.media, said.compressed)
        ).lastrowid
        connection.execute(
            "INSERT INTO backupmediafamily VALUES (?, 1, ?, ?, 2)", (media, str(uuid.uuid4()).upper(), words.disk)
        )
        row = {
            "backup_set_uuid": said.uuid, "media_set_id": media, "name": said.name or None,
            "description": said.description or None, "position": position, "user_name": said.user, "type": "D",
            "database_name": said.database, "server_name": said.server, "backup_start_date": said.started,
            "backup_finish_date": now_text(), "database_creation_date": said.created, "backup_size": said.size,
            "compressed_backup_size": stored, "database_version": said.database_version,
            "compatibility_level": said.compatibility, "collation_name": said.collation,
            "recovery_model": said.recovery, "is_copy_only": said.copy_only, "has_backup_checksums": said.checksums,
            "is_damaged": 0, "is_password_protected": 0, "family_guid": said.family,
        }  # fmt: skip
        marks = ", ".join(f":{k}" for k in row)
        connection.execute(f"INSERT INTO backupset ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608
