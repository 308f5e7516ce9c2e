"""The end of an upload: all bytes are there and are judged by what they are, or it has failed.

It may be asked for again at any point, by another process too: a file that is finished stays finished, the guarded row
moves once, and bytes that nobody may have are dropped by whoever looks next.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from domain.artifact import Stored
from domain.errors import Conflict, Fault, Mistake, NotFound
from domain.event import Event, Kind
from domain.keeping import Keeping, Record
from domain.text import Text
from intake.artifacts import drop_bytes, to_record
from intake.desk import Desk
from intake.recognised import facts_of
from intake.restore_after import restore_after
from intake.stored_file import StoredFile
from media.recognition import Recognition, recognise
from runner.store.rows import dumps
from runner.store.tx import Tx

LEAST: Final = timedelta(minutes=2)
BYTES_PER_S: Final = 20_000_000  # slower than any disk that serves: who takes longer is taken for dead
_underway: Final[set[str]] = set()
_guard: Final = threading.Lock()


def complete(desk: Desk, record: Record) -> Record:
    """Finish and judge an upload whose bytes are all there. Answers the row as it is then.

    Raises NotFound if the store has neither the upload nor the artifact.
    """
    with _alone(record.id) as first:
        if not first or desk.store.write(lambda tx: _claim(tx, record)) != 1:
            return _now(desk, record)
        try:
            return _judged(desk, record, _finished(desk, record))
        except (NotFound, Conflict) as trouble:  # another process is at it, or was
            return _unless_open(_now(desk, record), trouble)


def fail(desk: Desk, record: Record, why: Text, code: str, by: str = "yunwei") -> bool:
    """It will not be whole any more. False if it has ended already; its bytes are the caller's to drop."""
    told = {"refusals": [{"code": code, **why.as_dict()}]}

    def write(tx: Tx) -> bool:
        return _end(tx, record, Keeping.FAILED, Kind.UPLOAD_FAILED, told, by)

    return desk.store.write(write)


@contextmanager
def _alone(id_: str) -> Iterator[bool]:
    """Whether nobody else of this process is ending this upload: a sender who asks often must not read it often."""
    with _guard:
        first = id_ not in _underway
        _underway.add(id_)
    try:
        yield first
    finally:
        if first:
            with _guard:
                _underway.discard(id_)


def _claim(tx: Tx, record: Record) -> int:
    """From now on it is being judged; a sweeper looks again after the longest time that this can take."""
    longest = LEAST + timedelta(seconds=(record.size or 0) / BYTES_PER_S)
    return tx.moved("check_upload", id=record.id, expires_at=tx.now() + longest)


def _finished(desk: Desk, record: Record) -> Stored | Mistake:
    """The artifact, or the mistake if it has other bytes than were announced."""
    try:
        upload = desk.artifacts.upload(record.upload or "")
    except NotFound:  # finished by somebody who died before the row was written
        return desk.artifacts.head(record.key)
    try:
        return desk.artifacts.finish(upload, record.facts.get("told_sha256"))
    except (NotFound, Conflict):
        raise
    except Mistake as mistake:
        return mistake


def _unless_open(record: Record, trouble: Mistake) -> Record:
    if isinstance(trouble, NotFound) and record.state in (Keeping.UPLOADING, Keeping.CHECKING):
        raise trouble
    return record


def _judged(desk: Desk, record: Record, stored: Stored | Mistake) -> Record:
    if isinstance(stored, Mistake):
        return _refuse(desk, record, (Fault("file", stored.text, "wrong-sha256"),), {})
    file = StoredFile(desk.artifacts, record.key, stored.size)
    found = recognise(file, name=record.name, size=stored.size)
    if not found.accepted:
        return _refuse(desk, record, found.refusals, facts_of(found))
    number = desk.store.write(lambda tx: _take(desk, tx, record, stored, found))
    if number is not None:
        desk.bell.ring(number)
    return _now(desk, record)


def _take(desk: Desk, tx: Tx, record: Record, stored: Stored, found: Recognition) -> int | None:
    """It is ready, and if that was asked for, a restore from it is submitted: answers that request's number."""
    known = facts_of(found)
    facts = dumps({**record.facts, **known})
    if tx.moved("take_upload", id=record.id, size=stored.size, sha256=stored.sha256, facts=facts) != 1:
        return None  # another was first
    told = {"id": record.id, "what": record.kind, "name": record.name, "size": stored.size, "sha256": stored.sha256}
    told |= {"place": record.place, "restore": record.facts.get("restore", False), "database": known.get("database")}
    tx.append(Event(kind=Kind.STORED, at=tx.now(), tenant=record.tenant, actor=record.added_by, facts=told))
    return restore_after(desk, tx, record) if record.facts.get("restore") else None


def _refuse(desk: Desk, record: Record, faults: tuple[Fault, ...], known: dict[str, Any]) -> Record:
    told = {**known, "refusals": [{"code": f.code, **f.text.as_dict()} for f in faults]}

    def write(tx: Tx) -> bool:
        return _end(tx, record, Keeping.REFUSED, Kind.UPLOAD_REFUSED, told, record.added_by)

    desk.store.write(write)
    drop_bytes(desk, record)
    return _now(desk, record)


def _end(tx: Tx, record: Record, state: Keeping, kind: Kind, told: dict[str, Any], by: str) -> bool:
    facts = dumps({**record.facts, **told})
    if tx.moved("end_artifact", id=record.id, state=state.value, facts=facts, now=tx.now()) != 1:
        return False
    said = {"id": record.id, "what": record.kind, "name": record.name, "place": record.place, **told}
    tx.append(Event(kind=kind, at=tx.now(), tenant=record.tenant, actor=by, facts=said))
    return True


def _now(desk: Desk, record: Record) -> Record:
    row = desk.store.row("artifact", id=record.id)
    if row is None:
        raise RuntimeError(f"artifact {record.id} has lost its row")
    return to_record(row)
