"""Old backups make room (DC-2), but only those that are provably superseded.

Kept are the newest ones of each data center, everything younger than a while, and whatever an unfinished request uses.
An older one goes only when a newer backup of the same data center is really there: the artifact store is asked, and has
it with the size and hash on record.
"""

import logging
import threading
from typing import Final

from domain.errors import Conflict, StoreDown, Trouble
from domain.keeping import Record
from intake.artifacts import delete_by, drop_bytes, to_record
from intake.desk import Desk

log = logging.getLogger("yunwei.retention")
MOST_AT_ONCE: Final = 50
ACTOR: Final = "yunwei"


def retire(desk: Desk, stopping: threading.Event) -> int:
    """Delete superseded backups, the oldest first. Any number of workers may do it at once. Answers how many."""
    rules, now = desk.decider.rules.backups, desk.store.clock.now()
    due = desk.store.rows("old_backups", keep=rules.keep, before=now - rules.at_least, most=MOST_AT_ONCE)
    done = 0
    for row in due:
        if stopping.is_set():
            break
        done += _retired(desk, to_record(row))
    return done


def _retired(desk: Desk, record: Record) -> int:
    """One that makes trouble must not keep the others."""
    try:
        if not _is_superseded(desk, record):
            return 0
        desk.store.write(lambda tx: delete_by(tx, ACTOR, record))
    except Conflict:  # in use, or gone by now
        return 0
    except StoreDown:
        raise
    except Trouble as trouble:
        log.warning("backup %s stays: %s", record.id, trouble.text.en)
        return 0
    drop_bytes(desk, record)
    return 1


def _is_superseded(desk: Desk, record: Record) -> bool:
    """Whether the newest backup of its data center is there, whole. Raises NotFound, Unreachable, Broke."""
    row = desk.store.row("newest_artifact", tenant=record.tenant, kind=record.kind, place=record.place)
    if row is None or row["id"] == record.id:
        return False
    newest = to_record(row)
    stored = desk.artifacts.head(newest.key)
    return (stored.size, stored.sha256) == (newest.size, newest.sha256)
