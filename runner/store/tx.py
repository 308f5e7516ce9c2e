"""One write transaction: guarded statements, and the events that tell of them, chained right before the commit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Update:
    """Changes of one job's columns, made only if the row still is as the guard says."""

    number: int
    guard: Mapping[str, Any]
    changes: Mapping[str, Any]

    def params(self) -> dict[str, Any]:
        changes, guard = {f"s_{k}": v for k, v in self.changes.items()}, {f"g_{k}": v for k, v in self.guard.items()}
        return {"number": self.number, **changes, **guard}


class Tx:
    """What the body of `Store.write` works with. It is over when the body returns: nothing is committed before."""

    def __init__(
        self, connection: Connection, sql: Mapping[str, str], clock: Clock, witness: "Witness | None" = None
    ) -> None:
        self.is_postgres = connection.dialect.name == "postgresql"
        self._raw: Any = connection.connection.dbapi_connection
        self._error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self._sql = sql
        self._clock = clock
        self._witness = witness
        self._events: list[Event] = []
        self._later: dict[str, list[dict[str, Any]]] = {}
        self._gathered: dict[Callable[[Tx, list[Any]], None], list[Any]] = {}

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

    def many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """A named statement once for each row. Raises RuntimeError unless each of them changes just one."""
        if rows and self._execute_many(self._sql[name], [_plain(r) for r in rows]) != len(rows):
            raise RuntimeError(f"not every row was there for {name!r}")

    def gather(self, work: Callable[["Tx", list[Any]], None], value: Any) -> None:
        """At the end `work(tx, values)` runs once, with all values that were gathered for it."""
        self._gathered.setdefault(work, []).append(value)

    def later(self, name: str, /, **params: Any) -> None:
        """A statement whose answer nobody needs: run at the end, together with the others of its name."""
        self._later.setdefault(name, []).append(_plain(params))

    def update_jobs(self, updates: Sequence[Update]) -> int:
        """UPDATE job SET changes WHERE number and guard, for each; all with the same columns, which are our own names.

        Answers the rows moved.
        """
        first = updates[0]
        if any(u.changes.keys() != first.changes.keys() or u.guard.keys() != first.guard.keys() for u in updates):
            raise ValueError("jobs that are moved together change and guard the same columns")
        sets = ", ".join(f"{k} = {self._mark('s_' + k)}" for k in first.changes)
        where = " AND ".join(f"{k} = {self._mark('g_' + k)}" for k in first.guard)
        sql = f"UPDATE job SET rev = rev + 1, {sets} WHERE number = {self._mark('number')} AND {where}"  # noqa: S608
        rows = [_plain(u.params()) for u in updates]
        return int(self._execute(sql, rows[0]).rowcount) if len(rows) == 1 else self._execute_many(sql, rows)

    def _mark(self, name: str) -> str:
        return f"%({name})s" if self.is_postgres else f":{name}"

    def tell(self, job: Job, kind: Kind, actor: str = "yunwei", **facts: Any) -> None:
        """An event of a job, at this moment. Secrets in `facts` become dots."""
        self.append(Event(kind=kind, at=self.now(), job=job.number, tenant=job.tenant, actor=actor, facts=facts))

    def append(self, event: Event) -> None:
        self._events.append(event)

    def flush(self) -> list[Event]:
        """Number and chain the events of this transaction. Called once, last: the chain's row is locked briefly."""
        for work, values in self._gathered.items():
            work(self, values)
        self._run_later()
        if not self._events:
            return []
        if self._witness:
            self._witness(self, tuple(self._events))
            self._run_later()
        rows = [_row(event) for event in self._events]  # before the chain is locked: others wait for it
        head = self.row("chain_head")
        if head is None:
            raise RuntimeError("the store has no chain: run the migrations")
        _link(rows, head["seq"], bytes(head["hash"]))
        self._append(rows)
        return self._events

    def _run_later(self) -> None:
        taken, self._later = self._later, {}
        for name, rows in taken.items():
            self._execute_many(self._sql[name], rows)

    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        """On the driver's own cursor: SQLAlchemy's result layer costs as much as the statement."""
        cursor = self._raw.cursor()
        with self._as_sqlalchemy(sql):
            cursor.execute(sql, params)
        return cursor

    def _append(self, rows: list[dict[str, Any]]) -> None:
        """PostgreSQL takes all rows as one statement's arrays: a third of the time of one statement a row."""
        end = {"end_seq": rows[-1]["seq"], "end_hash": rows[-1]["hash"]}
        if self.is_postgres:
            self._execute(self._sql["insert_events_pg"], {**{k: [row[k] for row in rows] for k in rows[0]}, **end})
            return
        self._execute_many(self._sql["insert_event"], rows)
        self.moved("move_chain", **end)

    def _execute_many(self, sql: str, rows: list[dict[str, Any]]) -> int:
        """Answers the rows changed by all of them together. On PostgreSQL they travel as one message."""
        cursor = self._raw.cursor()
        with self._as_sqlalchemy(sql):
            cursor.executemany(sql, rows)
        return int(cursor.rowcount)

    @contextmanager
    def _as_sqlalchemy(self, sql: str) -> Iterator[None]:
        """The driver's errors as SQLAlchemy's, which the store's one table translates. Parameters are not shown."""
        try:
            yield
        except self._error as error:
            raise DBAPIError.instance(sql, None, error, self._error, hide_parameters=True) from error


Witness = Callable[[Tx, Sequence[Event]], None]
"""Sees the events of a transaction before it commits; what it writes is committed with them. It must not raise."""


def _row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "at": micros(event.at),
        "job": event.job,
        "tenant": event.tenant,
        "kind": event.kind.value,
        "actor": event.actor,
        "body": recorded(event.facts),
    }
    return {**row, "digest": chain.digest(row)}


def _link(rows: list[dict[str, Any]], seq: int, previous: bytes) -> None:
    """Number the rows and chain them to the event before."""
    for row in rows:
        seq += 1
        row["seq"] = seq
        previous = row["hash"] = chain.link(previous, row)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: micros(v) if isinstance(v, datetime) else v for k, v in params.items()}
