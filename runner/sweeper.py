"""What nobody else does: lost workers, late starts, waits without a reason, output and letters past their time.

Any number of sweepers may run: each row is moved by a guarded UPDATE, and losing it to another is no news.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.catalog import Catalog
from domain.errors import Conflict, Mistake, Overtaken, StoreDown
from domain.event import Event, Kind
from domain.job import State
from domain.text import Text
from runner import letters
from runner.admission import miss
from runner.leavings import is_proven, leavings, outline
from runner.moves import kept_ending, move, outcome, taken_back, wind_up
from runner.shelves import shelve
from runner.store.rows import to_job
from runner.store.store import Store
from runner.store.tx import Row, Tx, Update

log = logging.getLogger("yunwei.sweeper")
BATCH: Final = 200
SHELVES: Final = 2  # in one round: it is never urgent
BLANKED: Final = 5000  # lines in one transaction: others want to write too
MAX_TRIES: Final = 20


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long things are kept that need not be kept for ever."""

    output: timedelta = timedelta(days=90)
    answers: timedelta = timedelta(days=7)
    workers: timedelta = timedelta(days=7)
    codes: timedelta = timedelta(days=2)  # more than the day in which they are counted


class Sweeper:
    """`sweep` looks for what was left lying; `forget` applies the retention."""

    def __init__(self, store: Store, catalog: Catalog, retention: Retention) -> None:
        self._store = store
        self._catalog = catalog
        self._retention = retention
        self._blanked_to = 0  # what lies before was blanked: times grow with the numbers, nearly

    def sweep(self) -> None:
        """One round."""
        self._each("expired_leases", self._lost)
        self._each("late_waiting", self._late)
        self._each("late_pending", self._unanswered)
        self._store.write(self._unblock)
        letters.sweep(self._store)

    def shelve(self) -> int:
        """Put some requests on record for the free-text search; answers how many shelves."""
        return shelve(self._store, SHELVES)

    def forget(self) -> int:
        """Blank output and delete remembered answers that have outlived their use; answers how many lines."""
        now, keep = self._store.clock.now(), self._retention
        self._store.write(lambda tx: tx.moved("forget_answers", before=now - keep.answers))
        self._store.write(lambda tx: tx.moved("forget_workers", before=now - keep.workers))
        self._store.write(lambda tx: tx.moved("forget_codes", before=now - keep.codes))
        lines, more = 0, True
        while more:
            blanked = self._store.write(lambda tx: self._blank(tx, now - keep.output))
            lines, more = lines + len(blanked), len(blanked) == BLANKED
            self._blanked_to = max([self._blanked_to, *blanked])
        return lines

    def _blank(self, tx: Tx, before: datetime) -> list[int]:
        """The numbers of some lines that were blanked, going on where the last ones were."""
        rows = tx.rows("blank_output", before=before, after=self._blanked_to, most=BLANKED)
        return [row["seq"] for row in rows]

    def _each(self, statement: str, handle: Callable[[Tx, Row], None]) -> None:
        for row in self._store.rows(statement, now=self._store.clock.now(), most=BATCH):
            try:
                self._store.write(lambda tx, row=row: self._if_still(tx, row, handle))  # type: ignore[misc]
            except (Overtaken, Conflict):
                log.debug("job %s was handled by somebody else", row["number"])
            except StoreDown:
                raise
            except Exception:  # one job that cannot be handled must not hide the others
                log.exception("the sweeper cannot handle job %s", row["number"])

    def _if_still(self, tx: Tx, seen: Row, handle: Callable[[Tx, Row], None]) -> None:
        """Read again under the lock: between the look and now the job may have gone on."""
        row = tx.row("job_for_update", number=seen["number"])
        same = row is not None and all(
            row[k] == seen[k] for k in ("state", "epoch", "lease_until", "due_at", "version")
        )
        if row is not None and same:
            handle(tx, row)

    def _lost(self, tx: Tx, row: Row) -> None:
        """A lease ran out. Begun = doubtful; not begun = provably harmless, the next worker goes on."""
        job, plan = to_job(row), outline(row["plan"])
        facts = {"worker": job.worker, "epoch": job.epoch, "step": job.step}
        if job.tries >= MAX_TRIES:
            text = Text(f"已尝试 {job.tries} 次仍未完成", f"given up after {job.tries} attempts")
            facts |= kept_ending(job)
            move(tx, job, Kind.UNDECIDED, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})
        elif job.state is State.IN_DOUBT:  # whoever was looking is gone: the next one looks
            tx.update_jobs(
                [
                    Update(
                        number=job.number,
                        guard={"epoch": job.epoch, "state": job.state.value},
                        changes={"worker": None, "lease_until": None},
                    )
                ]
            )
        elif job.begun or (job.state is State.STOPPING and any(leavings(plan, job.step, again=True))):
            move(tx, job, Kind.LOST, facts=facts)  # whoever takes it looks, or ends what was to be stopped
        elif job.state is State.STOPPING and not is_proven(plan, job.step):  # else the stop came too late
            text = Text("已按要求停止", "stopped as asked")
            move(tx, job, Kind.CANCELLED, changes=outcome(text, **facts), facts={"text": text.as_dict(), **facts})
        else:
            back = taken_back(job, plan, job.step)
            move(tx, job, Kind.RELEASED, changes=back, facts={**facts, "why": "lease"})

    def _late(self, tx: Tx, row: Row) -> None:
        job = to_job(row)
        request = tx.row("request", number=job.number, version=job.version)
        params = json.loads(request["params"]) if request else {}
        try:
            operation = self._catalog.build(job.operation, params)
        except Mistake as mistake:  # this version does not know it any more
            wind_up(tx, job, row["plan"], Kind.REFUSED, mistake.text)
            return
        miss(tx, job, row["plan"], operation)

    def _unanswered(self, tx: Tx, row: Row) -> None:
        """The provider said nothing before the planned time."""
        text = Text("计划时间前未被受理", "nobody accepted it before its planned time")
        move(tx, to_job(row), Kind.MISSED, changes=outcome(text), facts={"text": text.as_dict()})

    def _unblock(self, tx: Tx) -> None:
        for row in tx.rows("unblock_orphans", now=tx.now()):
            tx.append(Event(kind=Kind.UNBLOCKED, at=tx.now(), job=row["number"], tenant=row["tenant"]))
