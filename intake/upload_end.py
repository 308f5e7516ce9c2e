"""The end of an upload: all bytes are there and are judged by what they are, or it has failed.

It may be asked for again at any point, by another process too: a file that is finished stays finished, the guarded row
moves once, and bytes that nobody may have are dropped by whoever looks next.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from domain.artifact import Stored
from domain.errors import Conflict, Fault, Mistake, NotFound, Trouble
from domain.event import Event, Kind
from domain.keeping import OPEN, WITHOUT_BYTES, Keeping, Record
from domain.text import Text
from intake.artifacts import drop_bytes, to_record
from intake.desk import Desk
from intake.recognised import facts_of
from intake.restore_after import restore_after
from intake.stored_file import StoredFile
from media.recognition import Recognition, recognise
from runner.store.rows import dumps
from runner.store.tx import Tx

log = logging.getLogger("yunwei.uploads")
KEPT: Final = timedelta(hours=24)  # an upload that nobody touches for so long has failed
CLAIM_S: Final = 120.0  # who judges and does not say so again for so long is taken for dead
BEAT_S: Final = 30.0
_LEFT: Final = Text("上传中断后 24 小时内没有继续", "Nobody went on with it for 24 hours")
_KINDS: Final = {Keeping.REFUSED: Kind.UPLOAD_REFUSED, Keeping.FAILED: Kind.UPLOAD_FAILED}
_underway: Final[set[str]] = set()
_guard: Final = threading.Lock()


def complete(desk: Desk, record: Record) -> Record:
    """Finish and judge an upload whose bytes are all there. Answers the row as it is then.

    Raises NotFound if the store has neither the upload nor the artifact.
    """
    with _alone(record.id) as first, _claimed(desk, record, first) as ours:
        if not ours:
            return as_it_is(desk, record)
        try:
            _judge(desk, record, _finished(desk, record))
        except Trouble as trouble:
            return _unless_open(_settled(desk, record), trouble)
        return _settled(desk, record)


def fail(desk: Desk, record: Record, why: Text, code: str, by: str) -> bool:
    """It will not be whole any more. False if it has ended already; its bytes are the caller's to drop."""
    told = {"refusals": [{"code": code, **why.as_dict()}]}
    return desk.store.write(lambda tx: _end(tx, record, Keeping.FAILED, told, by))


def fail_left(desk: Desk, record: Record) -> bool:
    """Nobody has gone on with it for KEPT. False if somebody does, or it has ended.

    One that was being checked may lie where we do not see it: it is left to others for as long, after its claim.
    """
    told = {"refusals": [{"code": "left", **_LEFT.as_dict()}]}
    return desk.store.write(lambda tx: _end(tx, record, Keeping.FAILED, told, "yunwei", "end_left_upload"))


def as_it_is(desk: Desk, record: Record) -> Record:
    """Its row now."""
    row = desk.store.row("artifact", id=record.id)
    if row is None:
        raise RuntimeError(f"artifact {record.id} has lost its row")
    return to_record(row)


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


@contextmanager
def _claimed(desk: Desk, record: Record, first: bool) -> Iterator[bool]:
    """Whether it is ours to judge. Then sweepers leave it alone, however long its bytes are on their way."""
    if not first or desk.store.write(lambda tx: _claim(tx, record)) != 1:
        yield False
        return
    over = threading.Event()
    beat = threading.Thread(target=_claim_again, args=(desk, record, over), name="upload-claim", daemon=True)
    beat.start()
    try:
        yield True
    finally:
        over.set()
        beat.join()


def _claim_again(desk: Desk, record: Record, over: threading.Event) -> None:
    while not over.wait(BEAT_S):
        try:
            desk.store.write(lambda tx: _claim(tx, record))
        except Trouble as trouble:  # the next beat may get through
            log.warning("upload %s cannot be claimed again: %s", record.id, trouble.text.en)


def _claim(tx: Tx, record: Record) -> int:
    """From now on it is being judged; a sweeper looks again when nobody has said so for CLAIM_S."""
    return tx.moved("check_upload", id=record.id, expires_at=tx.ahead(CLAIM_S))


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


def _unless_open(record: Record, trouble: Trouble) -> Record:
    """It has ended, or another process is at it: that is the answer, and not what became of our try."""
    if record.state in OPEN and not isinstance(trouble, Conflict):
        raise trouble
    return record


def _settled(desk: Desk, record: Record) -> Record:
    """The row as it is now. Where it says that there are no bytes, those go that somebody was still finishing."""
    now = as_it_is(desk, record)
    if now.state not in WITHOUT_BYTES:
        return now
    drop_bytes(desk, record)
    return as_it_is(desk, record)


def _judge(desk: Desk, record: Record, stored: Stored | Mistake) -> None:
    if isinstance(stored, Mistake):
        _refuse(desk, record, (Fault("file", stored.text, "wrong-sha256"),), {})
        return
    file = StoredFile(desk.artifacts, record.key, stored.size)
    found = recognise(file, name=record.name, size=stored.size)
    if not found.accepted:
        _refuse(desk, record, found.refusals, facts_of(found))
        return
    number = desk.store.write(lambda tx: _take(desk, tx, record, stored, found))
    if number is not None:
        desk.bell.ring(number)


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


def _refuse(desk: Desk, record: Record, faults: tuple[Fault, ...], known: dict[str, Any]) -> None:
    told = {**known, "refusals": [{"code": f.code, **f.text.as_dict()} for f in faults]}
    desk.store.write(lambda tx: _end(tx, record, Keeping.REFUSED, told, record.added_by))


def _end(
    tx: Tx, record: Record, state: Keeping, told: dict[str, Any], by: str, statement: str = "end_artifact"
) -> bool:
    facts, now = dumps({**record.facts, **told}), tx.now()
    if tx.moved(statement, id=record.id, state=state.value, facts=facts, now=now, claimed_before=now - KEPT) != 1:
        return False
    said = {"id": record.id, "what": record.kind, "name": record.name, "place": record.place, **told}
    tx.append(Event(kind=_KINDS[state], at=now, tenant=record.tenant, actor=by, facts=said))
    return True
