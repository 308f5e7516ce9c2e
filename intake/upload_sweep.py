"""What is left behind: uploads that nobody finishes have failed, scripts that no request names go, and bytes that
nobody may have are dropped.
"""

import logging
import threading
from datetime import timedelta
from typing import Final

from domain.artifact import Upload
from domain.errors import Conflict, NotFound, StoreDown, Trouble
from domain.keeping import OPEN, Keeping, Record
from intake.artifacts import delete_by, drop_bytes, to_record
from intake.desk import Desk
from intake.retention import ACTOR
from intake.upload_end import KEPT, complete, fail_left
from runner.store.tx import Tx

log = logging.getLogger("yunwei.uploads")
MOST_AT_ONCE: Final = 50


def sweep(desk: Desk, stopping: threading.Event) -> int:
    """End what is due to be looked after. Any number of workers may do it at once. Answers how many."""
    due = desk.store.rows("artifacts_to_sweep", now=desk.store.clock.now(), most=MOST_AT_ONCE)
    done = 0
    for row in due:
        if stopping.is_set():
            break
        done += _tried(desk, to_record(row))
    return done


def drop_stale(desk: Desk, stopping: threading.Event, older_than: timedelta = KEPT) -> int:
    """Drop what lies in the artifact store and belongs to no upload on record: dead puts, uploads never recorded."""
    done = 0
    for upload in desk.artifacts.stale(older_than):
        if stopping.is_set():
            break
        if not _is_on_record(desk, upload):
            desk.artifacts.abandon(upload)
            done += 1
    return done


def _tried(desk: Desk, record: Record) -> int:
    """One that makes trouble must not keep the others from their end."""
    try:
        return int(_look_after(desk, record))
    except StoreDown:
        raise
    except Trouble as trouble:
        log.warning("artifact %s: %s", record.id, trouble.text.en)
        return 0


def _look_after(desk: Desk, record: Record) -> bool:
    if record.state in OPEN:
        if _is_whole(desk, record):
            return complete(desk, record).state is Keeping.READY
        if not fail_left(desk, record):
            return False
    if record.state is Keeping.READY and not _forgotten(desk, record):
        return False
    return drop_bytes(desk, record)


def _forgotten(desk: Desk, record: Record) -> bool:
    """A script whose time is over. What a request has named by then, stays without a time."""

    def forget(tx: Tx) -> bool:
        if tx.row("script_due", id=record.id, now=tx.now()) is None:
            return False  # handed in again meanwhile, or another was first
        delete_by(tx, ACTOR, record)
        return True

    try:
        return desk.store.write(forget)
    except Conflict:
        desk.store.write(lambda tx: tx.moved("keep_script", id=record.id))
        return False


def _is_whole(desk: Desk, record: Record) -> bool:
    """Whether only its end was missed."""
    try:
        return desk.artifacts.offset(desk.artifacts.upload(record.upload or "")) == record.size
    except NotFound:
        pass
    try:
        return desk.artifacts.head(record.key).size == record.size
    except NotFound:
        return False


def _is_on_record(desk: Desk, upload: Upload) -> bool:
    return desk.store.row("upload_on_record", upload=upload.id, tenant=upload.key.tenant) is not None
