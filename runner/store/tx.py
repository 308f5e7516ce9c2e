"""One write transaction: guarded statements, and the events that tell of them, chained right before the commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.event import Event, Kind
from domain.job import Job
from domain.secret import shown
from runner.clock import Clock
from runner.store import chain
from runner.store.rows import dumps, micros

Row = Mapping[str, Any]


class Tx:
    """What the body of `Store.write` works with. It is over when the body returns: nothing is committed before."""

    def __init__(self, connection: Connection, sql: Mapping[str, str], clock: Clock) -> None:
        self._connection = connection
        self._sql = sql
        self._clock = clock
        self._events: list[Event] = []

    @property
    def is_postgres(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    def now(self) -> datetime:
        """The server's time, read inside the transaction: the clock that counts."""
        return self._clock.now()

    def ahead(self, real_s: float) -> datetime:
        return self._clock.ahead(real_s)

    def rows(self, name: str, /, **params: Any) -> list[Row]:
        """All rows of a named statement. Moments are given as datetimes."""
        result = self._connection.exec_driver_sql(self._sql[name], _plain(params))
        return [dict(r) for r in result.mappings()]

    def row(self, name: str, /, **params: Any) -> Row | None:
        found = self.rows(name, **params)
        return found[0] if found else None

    def moved(self, name: str, /, **params: Any) -> int:
        """How many rows a named statement changed. The caller looks at it: no row moved is never a shrug."""
        return self._connection.exec_driver_sql(self._sql[name], _plain(params)).rowcount

    def update_job(self, number: int, guard: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
        """UPDATE job SET changes WHERE number and guard; keys are our own column names. Answers the rows moved."""
        sets = ", ".join(f"{k} = {self._mark('s_' + k)}" for k in changes)
        where = " AND ".join(f"{k} = {self._mark('g_' + k)}" for k in guard)
        sql = f"UPDATE job SET rev = rev + 1, {sets} WHERE number = {self._mark('number')} AND {where}"  # noqa: S608
        params = {**{"s_" + k: v for k, v in changes.items()}, **{"g_" + k: v for k, v in guard.items()}}
        return self._connection.exec_driver_sql(sql, _plain({**params, "number": number})).rowcount

    def _mark(self, name: str) -> str:
        return f"%({name})s" if self.is_postgres else f":{name}"

    def tell(self, job: Job, kind: Kind, actor: str = "yunwei", **facts: Any) -> None:
        """An event of a job, at this moment. Secrets in `facts` become dots."""
        self.append(Event(kind=kind, at=self.now(), job=job.number, tenant=job.tenant, actor=actor, facts=facts))

    def append(self, event: Event) -> None:
        self._events.append(event)

    def flush(self) -> list[Event]:
        """Number and chain the events of this transaction. Called once, last: the chain's row is locked briefly."""
        if not self._events:
            return []
        head = self.row("chain_head")
        if head is None:
            raise RuntimeError("the store has no chain: run the migrations")
        rows = _link(self._events, head["seq"], bytes(head["hash"]))
        self._connection.exec_driver_sql(self._sql["insert_event"], rows)
        self.moved("move_chain", seq=rows[-1]["seq"], hash=rows[-1]["hash"])
        return self._events


def _link(events: list[Event], seq: int, previous: bytes) -> list[dict[str, Any]]:
    rows = []
    for event in events:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": micros(event.at),
            "job": event.job,
            "tenant": event.tenant,
            "kind": event.kind.value,
            "actor": event.actor,
            "body": dumps(shown(event.facts)),
        }
        row["digest"] = chain.digest(row)
        previous = row["hash"] = chain.link(previous, row["digest"])
        rows.append(row)
    return rows


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: micros(v) if isinstance(v, datetime) else v for k, v in params.items()}
