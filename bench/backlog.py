"""A store with a past and a future: as many finished jobs as planned ones, each with its request and its event.

Loaded by SQL, not through the desk, which would take an hour; the rows are those that the desk and a worker leave, and
the events are chained, so that the audit verifies.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import text

from bench.peers.bare_huey import BareHuey
from bench.peers.yunwei import ACTOR, Yunwei
from bench.site import Site
from intake.read import verify_audit
from runner.shelves import shelve
from runner.store import chain
from runner.store.rows import dumps, micros
from runner.store.store import Store

_STATEMENTS: Final = (Path(__file__).parent / "backlog.sql").read_text(encoding="utf-8").split("\n--;\n")
_EVENT: Final = ("seq", "at", "job", "tenant", "kind", "actor", "body", "digest", "hash")
_PLAN: Final = (
    '[{"destructive":false,"do":{"host":"","kind":"Pause","seconds":0.0},"effect_on":"","interruptible":true,'
    '"key":"nothing","look":null,"poll_s":null,"timeout_s":5.0,"title":{"en":"No-op","zh":"空操作"}}]'
)
_OUTCOME: Final = '{"text":{"en":"succeeded","zh":"执行成功"},"things":[]}'
PAGE: Final = 20_000
SHELVES: Final = 100


def load(peer: Yunwei, site: Site, number: int) -> dict[str, float]:
    """Store `number` future and `number` finished jobs. Answers the seconds each part took."""
    before, store = time.monotonic(), peer.desk.store
    after = _highest(store)
    _insert_rows(store, site, number, after)
    rows_s = time.monotonic() - before
    _chain_events(store, site, after)
    events_s = time.monotonic() - before - rows_s
    shelved = time.monotonic()
    while shelve(store, SHELVES):
        pass
    shelves_s = time.monotonic() - shelved
    _settle(site)
    parts = {"rows_s": rows_s, "events_s": events_s, "shelves_s": shelves_s}
    return {**parts, "all_s": time.monotonic() - before}


def load_huey(peer: BareHuey, site: Site, number: int) -> dict[str, float]:
    """Put `number` tasks into huey's schedule, from tomorrow on. It keeps no finished ones."""
    before = time.monotonic()
    message = peer.huey.serialize_task(peer.noop.s(-1))
    first = time.time() + 86_400
    if site.database:
        sql = (
            "INSERT INTO huey_schedule (queue, data, timestamp) "
            "SELECT 'bench', %s, %s + i FROM generate_series(1, %s) i"
        )
        with psycopg.connect(site.database, autocommit=True) as connection:
            connection.execute(sql, (message, first, number))
        _settle(site)
    else:
        sql = "INSERT INTO schedule (queue, data, timestamp) VALUES ('bench', ?, ?)"
        with sqlite3.connect(f"{site.home}/huey.db") as lite:
            lite.executemany(sql, ((message, first + i) for i in range(number)))
        lite.close()
    return {"all_s": time.monotonic() - before}


def check(peer: Yunwei) -> int:
    """Verify the loaded audit. Answers how many events there are; raises if the chain is broken."""
    verdict = verify_audit(peer.desk)
    if verdict.broken_at is not None:
        raise RuntimeError(f"the loaded audit is broken at {verdict.broken_at}: {verdict.why}")
    return verdict.events


def _highest(store: Store) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(text("SELECT coalesce(max(number), 0) FROM job")).scalar_one())


def _insert_rows(store: Store, site: Site, number: int, after: int) -> None:
    given = {"count": number, "after": after, "now": micros(store.clock.now()), "line": "\n"}
    given |= {"plan": _PLAN, "outcome": _OUTCOME, "params": '{"mark":-1}'}
    for statement in _STATEMENTS:
        wanted = {k: v for k, v in given.items() if f":{k}" in statement}
        if site.database:
            with store.engine.begin() as connection:
                connection.execute(text(statement), wanted)
        else:
            with _lite(site) as lite:
                lite.execute(statement, wanted)


@contextmanager
def _lite(site: Site) -> Iterator[sqlite3.Connection]:
    """The SQLite file, opened for loading: a large cache, and no waiting for the disk."""
    connection = sqlite3.connect(f"{site.home}/yunwei.db", timeout=60)
    for pragma in ("synchronous=OFF", "cache_size=-2000000"):
        connection.execute(f"PRAGMA {pragma}")
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def _chain_events(store: Store, site: Site, after: int) -> None:
    end = store.row("chain_end")
    assert end is not None
    events = _events(store, after, int(end["seq"]), bytes(end["hash"]))
    last = _copy(site, events) if site.database else _insert(site, events)
    store.write(lambda tx: tx.moved("move_chain", end_seq=last["seq"], end_hash=last["hash"]))


def _events(store: Store, after: int, seq: int, previous: bytes) -> Iterator[dict[str, Any]]:
    """What was written when each loaded job was asked for."""
    for job in _jobs(store, after):
        seq += 1
        body = {"operation": "noop", "place": job["place"], "params": {"mark": -1}, "state": "waiting"}
        event = {"seq": seq, "at": job["asked_at"], "job": job["number"], "tenant": job["tenant"]}
        event |= {"kind": "asked", "actor": ACTOR, "body": dumps(body)}
        event["digest"] = chain.digest(event)
        previous = event["hash"] = chain.link(previous, event)
        yield event


def _jobs(store: Store, after: int) -> Iterator[Any]:
    query = text("SELECT number, tenant, place, asked_at FROM job WHERE number > :after ORDER BY number LIMIT :most")
    while True:
        with store.engine.connect() as connection:
            page = connection.execute(query, {"after": after, "most": PAGE}).mappings().all()
        if not page:
            return
        yield from page
        after = page[-1]["number"]


def _copy(site: Site, events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    names = ", ".join(_EVENT)
    sql = f"COPY event ({names}) FROM STDIN".encode()
    with psycopg.connect(site.database) as connection, connection.cursor() as cursor, cursor.copy(sql) as copy:
        for event in events:
            copy.write_row([event[c] for c in _EVENT])
    return event


def _insert(site: Site, events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    last: dict[str, Any] = {}

    def rows() -> Iterator[dict[str, Any]]:
        for event in events:
            last.update(event)
            yield event

    marks = ", ".join(f":{c}" for c in _EVENT)
    with _lite(site) as connection:
        connection.executemany(f"INSERT INTO event ({', '.join(_EVENT)}) VALUES ({marks})", rows())  # noqa: S608
    return last


def _settle(site: Site) -> None:
    """What autovacuum and the checkpointer would do in the next minutes anyway, so that it is not measured."""
    if not site.database:
        with closing(sqlite3.connect(f"{site.home}/yunwei.db")) as lite:
            lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with psycopg.connect(site.database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
