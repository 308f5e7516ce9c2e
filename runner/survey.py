"""The survey: from time to time one worker asks each database server how its data centers are, for people who look."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.command import Executor, Sql
from domain.errors import Trouble
from domain.places import DatabaseHost, Estate
from domain.text import Text
from runner.store.reading import Reading
from runner.store.rows import dumps, moment
from runner.store.store import Store

log = logging.getLogger("yunwei.survey")
EVERY: Final = timedelta(minutes=5)
ANSWER_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a place, and when. `facts` is empty when its server was asked and did not answer (`trouble`)."""

    at: datetime
    facts: Mapping[str, Any]
    trouble: Text | None = None


class Survey:
    """`round` asks every server whose last word is older than EVERY; of several workers one asks."""

    def __init__(self, store: Store, estate: Callable[[], Estate], executor: Executor) -> None:
        self._store, self._estate, self._executor = store, estate, executor

    def round(self, stopping: threading.Event) -> None:
        """Never raises for a server that does not answer: that is what there is to see."""
        for host in self._estate().database_hosts.values():
            if stopping.is_set():
                return
            if host.sql is not None and self._is_ours(host):
                self._look(host)

    def _is_ours(self, host: DatabaseHost) -> bool:
        """Whether it is this worker's turn: the guarded write decides."""
        now = self._store.clock.now()
        before = now - EVERY
        return self._store.write(lambda tx: tx.moved("begin_survey", place=host.path, now=now, before=before)) == 1

    def _look(self, host: DatabaseHost) -> None:
        places = {p.path: p.data_center.database for p in self._estate().places.values()
                  if p.data_center and p.environment.database_host == host}  # fmt: skip
        seen = self._ask(host, sorted(set(places.values())))
        rows = [
            {"place": path, "at": self._store.clock.now(), "facts": dumps(_of(seen, name))}
            for path, name in places.items()
        ]
        self._store.write(lambda tx: tx.many("put_seen", rows))

    def _ask(self, host: DatabaseHost, names: list[str]) -> dict[str, Any]:
        command = Sql(host=host.path, verb="survey", args={"databases": names}, fence="")
        try:
            return dict(self._executor.run(command, _Quiet()).facts)
        except Trouble as trouble:
            log.warning("%s could not be surveyed: %s", host.path, trouble)
            return {"trouble": trouble.text.as_dict()}


def seen_of(reading: Reading, place: str) -> Seen | None:
    """The last word on a place. None: nobody has looked yet."""
    row = reading.row("seen", place=place)
    if row is None:
        return None
    facts = json.loads(row["facts"])
    trouble = facts.pop("trouble", None)
    return Seen(at=moment(row["seen_at"]), facts=facts, trouble=Text(**trouble) if trouble else None)


def _of(seen: Mapping[str, Any], database: str) -> dict[str, Any]:
    """One database's share of what a server said."""
    if "trouble" in seen:
        return {"trouble": seen["trouble"]}
    found = seen["databases"].get(database)
    if found is None:
        text = Text(f"服务器上没有数据库 {database}", f"There is no database {database} on the server")
        return {"trouble": text.as_dict()}
    return {"version": seen["version"], "edition": seen["edition"], **found}


class _Quiet:
    """A call that nobody watches."""

    timeout_s = ANSWER_S
    max_bytes = 1_000_000

    def say(self, stream: str, line: str) -> None: ...

    def progress(self, percent: float, **facts: Any) -> None: ...

    def part(self, number: int, facts: Mapping[str, Any]) -> None: ...

    def stop_asked(self) -> bool:
        return False

    def on_stop(self, wake: Callable[[], None]) -> None: ...
