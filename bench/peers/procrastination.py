"""procrastinate on PostgreSQL, as its guide has it: a task, workers with the same number of slots."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import procrastinate

from bench.peers import Work
from bench.site import Site
from bench.stamps import stamp

CHUNK = 1000


class Procrastination:
    """PostgreSQL only; its schema is applied when it is opened for the first time."""

    def __init__(self, site: Site) -> None:
        if not site.database:
            raise ValueError("procrastinate needs PostgreSQL")
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        self._url = site.database
        self.app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=site.database))
        self._noop = self.app.task(name="noop")(_noop)

    def __enter__(self) -> "Procrastination":
        self.app.open()
        found = self.app.connector.get_sync_connector().execute_query_one(
            "SELECT to_regclass('procrastinate_jobs')::text AS found"
        )
        if found["found"] is None:
            self.app.schema_manager.apply_schema()
        return self

    def __exit__(self, *error: object) -> None:
        self.app.close()

    def submit(self, mark: int, at: datetime | None = None) -> None:
        self._noop.configure(schedule_at=at).defer(mark=mark)

    def submit_all(self, jobs: Sequence[tuple[int, datetime | None]]) -> None:
        for at, marks in _by_time(jobs).items():
            for first in range(0, len(marks), CHUNK):
                batch: list[dict[str, Any]] = [{"mark": mark} for mark in marks[first : first + CHUNK]]
                self._noop.configure(schedule_at=at).batch_defer(*batch)

    def settled(self, number: int, since: float, last_stamp: float, timeout_s: float) -> float:
        return last_stamp

    def worker(self, slots: int) -> Work:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._url))
        app.task(name="noop")(_noop)
        return _Worker(app, slots)


def _by_time(jobs: Sequence[tuple[int, datetime | None]]) -> dict[datetime | None, list[int]]:
    marks: dict[datetime | None, list[int]] = {}
    for mark, at in jobs:
        marks.setdefault(at, []).append(mark)
    return marks


def _noop(mark: int) -> None:
    stamp(mark)


class _Worker:
    """Its worker lives in an event loop; ours to start and stop from a thread."""

    def __init__(self, app: procrastinate.App, slots: int) -> None:
        self._app = app
        self._slots = slots
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._work())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            return

    async def _work(self) -> None:
        async with self._app.open_async():
            await self._app.run_worker_async(concurrency=self._slots, install_signal_handlers=False)
