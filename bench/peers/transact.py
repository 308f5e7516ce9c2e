"""DBOS Transact, as its guide has it: a workflow on a queue, and processes that listen to it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dbos import DBOS, DBOSConfig, SetEnqueueOptions

from bench.peers import Work
from bench.site import Site
from bench.stamps import stamp

QUEUE: Final = "bench"


class Transact:
    """Its own tables in the database; a process that only hands in listens to no queue."""

    def __init__(self, site: Site) -> None:
        logging.getLogger("dbos").setLevel(logging.ERROR)
        url = site.database or f"sqlite:///{site.home}/dbos.db"
        self._config: DBOSConfig = {
            "name": "bench",
            "system_database_url": url,
            "application_version": "1",
            "console_log_level": "ERROR",
        }
        self._is_open = False

    def __enter__(self) -> "Transact":
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_open:
            DBOS.destroy()

    def open(self, queues: list[str]) -> None:
        """Launch in this process, once, listening to these queues."""
        if self._is_open:
            return
        DBOS(config=self._config)
        self._noop: Any = DBOS.workflow(name="noop")(_noop)
        DBOS.listen_queues(queues)
        DBOS.launch()
        DBOS.register_queue(QUEUE)
        self._is_open = True

    def submit(self, mark: int, at: datetime | None = None) -> None:
        self.open([])
        delay_s = (at - datetime.now(UTC)).total_seconds() if at else None
        with SetEnqueueOptions(delay_seconds=delay_s):
            DBOS.enqueue_workflow(QUEUE, self._noop, mark)

    def submit_all(self, jobs: Sequence[tuple[int, datetime | None]]) -> None:
        for mark, at in jobs:
            self.submit(mark, at)

    def settled(self, number: int, since: float, last_stamp: float, timeout_s: float) -> float:
        return last_stamp

    def worker(self, slots: int) -> Work:
        """Its own default concurrency: with a limit it takes no more than that at each poll, once a second."""
        return _Listener(self)


def _noop(mark: int) -> None:
    stamp(mark)


class _Listener:
    def __init__(self, peer: Transact) -> None:
        self._peer = peer

    def start(self) -> None:
        self._peer.open([QUEUE])

    def stop(self) -> None:
        """It ends with its process."""
