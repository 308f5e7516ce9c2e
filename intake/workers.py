"""Look at the workers, and pause or resume them: a paused worker ends what it has and claims nothing new."""

import socket
from collections.abc import Mapping
from typing import Any

from domain.errors import NotFound
from domain.event import Event, Kind
from domain.text import Text
from intake.desk import Desk
from runner.store.rows import moment
from runner.store.tx import Tx


def workers(desk: Desk) -> list[Mapping[str, Any]]:
    """Those that have not said goodbye, with their last beat."""
    rows = desk.store.rows("workers")
    return [{**r, "paused": bool(r["paused"]), **{m: moment(r[m]) for m in ("started_at", "beat_at")}} for r in rows]


def pause(desk: Desk, by: str, worker_id: str, *, paused: bool) -> int:
    """Pause or resume one worker, or `all`. Takes effect at its next beat. Raises NotFound if there is none."""

    def write(tx: Tx) -> int:
        count = tx.moved("pause_workers", id=worker_id, paused=int(paused))
        if not count:
            zh, en = f"没有运行中的执行者 {worker_id!r}", f"There is no running worker {worker_id!r}"
            raise NotFound(Text(zh, en), worker=worker_id, host=socket.gethostname())
        facts = {"worker": worker_id, "paused": paused, "count": count}
        tx.append(Event(kind=Kind.WORKER_PAUSED, at=tx.now(), actor=by, facts=facts))
        return count

    return desk.store.write(write)
