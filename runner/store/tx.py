"""One write transaction: guarded statements, and the events that tell of them, chained right before the commit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain.event import Event, Kind
from domain.job import Job
from runner.clock import Clock
from runner.store import chain
from runner.store.rows import micros, recorded

Row = Mapping[str, Any]


class Tx:
    """What the body of `Store.write` works with. It is over when the body returns: nothing is committed before."""

    def __init__(self, connection: Connection, sql: Mapping[str, str], clock: Clock) -> None:
        self.is_postgres = connection.dialect.name == "postgresql"
        self._raw: Any = connection.connection.dbapi_connection
        self._error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self._sql = sql
        self._clock = clock
        self._events: list[Event] = []
        self._later: dict[str, list[dict[str, Any]]] = {}

    def now(self) -> datetime:
        """The server's time, read inside the transaction: the clock that counts."""
        return self._clock.now()

    def ahead(self, real_s: float) -> datetime:
        return self._clock.ahead(real_s)

    def rows(self, name: str, /, **params: Any) -> list[Row]:
        """All rows of a named statement. Moments are given as datetimes."""
        cursor = self._execute(self._sql[name], _plain(params))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, name: str, /, **params: Any) -> Row | None:
        found = self.rows(name, **params)
        return found[0] if found else None

    def moved(self, name: str, /, **params: Any) -> int:
        """How many rows a named statement changed. The caller looks at it: no row moved is never a shrug."""
        return int(self._execute(self._sql[name], _plain(params)).rowcount)

    def later(self, name: str, /, **params: Any) -> None:
        """A statement whose answer nobody needs: run at the end, together with the others of its name."""
        self._later.setdefault(name, []).append(_plain(params))

    def update_job(self, number: int, guard: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
        """UPDATE job SET changes WHERE number and guard; keys are our own column names. Answers the rows moved."""
        sets = ", ".join(f"{k} = {self._mark('s_' + k)}" for k in changes)
        where = " AND ".join(f"{k} = {self._mark('g_' + k)}" for k in guard)
        sql = f"UPDATE job SET rev = rev + 1, {sets} WHERE number = {self._mark('number')} AND {where}"  # noqa: S608
        params = {**{"s_" + k: v for k, v in changes.items()}, **{"g_" + k: v for k, v in guard.items()}}
        return int(self._execute(sql, _plain({**params, "number": number})).rowcount)

    def _mark(self, name: str) -> str:
        return f"%({name})s" if self.is_postgres else f":{name}"

    def tell(self, job: Job, kind: Kind, actor: str = "yunwei", **facts: Any) -> None:
        """An event of a job, at this moment. Secrets in `facts` become dots."""
        self.append(Event(kind=kind, at=self.now(), job=job.number, tenant=job.tenant, actor=actor, facts=facts))

    def append(self, event: Event) -> None:
        self._events.append(event)

    def flush(self) -> list[Event]:
        """Number and chain the events of this transaction. Called once, last: the chain's row is locked briefly."""
        for name, rows in self._later.items():
            self._execute_many(self._sql[name], rows)
        if not self._events:
            return []
        head = self.row("chain_head")
        if head is None:
            raise RuntimeError("the store has no chain: run the migrations")
        rows = _link(self._events, head["seq"], bytes(head["hash"]))
        self._insert_events(rows)
        self.moved("move_chain", seq=rows[-1]["seq"], hash=rows[-1]["hash"])
        return self._events

    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        """On the driver's own cursor: SQLAlchemy's result layer costs as much as the statement."""
        cursor = self._raw.cursor()
        with self._as_sqlalchemy(sql):
            cursor.execute(sql, params)
        return cursor

    def _insert_events(self, rows: list[dict[str, Any]]) -> None:
        """PostgreSQL takes all rows as one statement's arrays: a third of the time of one statement a row."""
        if self.is_postgres:
            self._execute(self._sql["insert_events_pg"], {k: [row[k] for row in rows] for k in rows[0]})
        else:
            self._execute_many(self._sql["insert_event"], rows)

    def _execute_many(self, sql: str, rows: list[dict[str, Any]]) -> None:
        with self._as_sqlalchemy(sql):
            self._raw.cursor().executemany(sql, rows)

    @contextmanager
    def _as_sqlalchemy(self, sql: str) -> Iterator[None]:
        """The driver's errors as SQLAlchemy's, which the store's one table translates. Parameters are not shown."""
        try:
            yield
        except self._error as error:
            raise DBAPIError.instance(sql, None, error, self._error, hide_parameters=True) from error


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
            "body": recorded(event.facts),
        }
        row["digest"] = chain.digest(row)
        previous = row["hash"] = chain.link(previous, row)
        rows.append(row)
    return rows


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: micros(v) if isinstance(v, datetime) else v for k, v in params.items()}
