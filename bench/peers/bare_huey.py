"""huey alone, as its guide has it: a task, and consumers with the guide's defaults."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from huey import PostgresHuey, SqliteHuey

from bench.peers import Work
from bench.site import Site
from bench.stamps import stamp


class BareHuey:
    """On the SQLite or PostgreSQL storage, fsync as it comes."""

    def __init__(self, site: Site) -> None:
        if site.database:
            self.huey: Any = PostgresHuey("bench", dsn=site.database)
        else:
            self.huey = SqliteHuey("bench", filename=f"{site.home}/huey.db")
        self.noop = self.huey.task(name="noop")(stamp)

    def __enter__(self) -> "BareHuey":
        return self

    def __exit__(self, *error: object) -> None:
        self.huey.storage.close()

    def submit(self, mark: int, at: datetime | None = None) -> None:
        if at is None:
            self.noop(mark)
        else:
            self.noop.schedule((mark,), eta=at)

    def submit_all(self, jobs: Sequence[tuple[int, datetime | None]]) -> None:
        for mark, at in jobs:
            self.submit(mark, at)

    def settled(self, number: int, since: float, last_stamp: float, timeout_s: float) -> float:
        return last_stamp

    def worker(self, slots: int) -> Work:
        logging.getLogger("huey").setLevel(logging.WARNING)
        return _Consumer(self.huey, slots)


class _Consumer:
    def __init__(self, huey: Any, slots: int) -> None:
        self._consumer = huey.create_consumer(workers=slots, periodic=False)

    def start(self) -> None:
        self._consumer.start()

    def stop(self) -> None:
        self._consumer.stop(graceful=True)
