"""The emulated SQL Server behind its wire, and both of our drivers: in clear, with a sealed login, all sealed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymssql
import pytds
import pytest

from executors.mssql_batch import Counted, Limits, Ran, Said, Shown, run_batch
from executors.mssql_socket import WatchedSocket
from lab.certificates import Authority
from lab.sqlserver import SqlServer
from lab.tds import Certificate, TdsServer

PASSWORD = "Correct:horse 8 密码"
BAK = "D:\\Exchange\\Run 1.bak"
DEADLINE_S = 20.0
# How a client signs in, and what the server offers: (server's mode, options of the driver).
PYMSSQL = {
    "pymssql-clear": ("none", {"encryption": "off"}),
    "pymssql-login-only": ("optional", {"encryption": "request"}),
    "pymssql-full": ("required", {"encryption": "require"}),
}
PYTDS = {"pytds-clear": "none", "pytds-full": "required"}
TABLES = """
CREATE TABLE dbo.T_SAL_ORDER (FID int IDENTITY(1,1) PRIMARY KEY, FBILLNO nvarchar(30) NOT NULL UNIQUE,
    FAMOUNT decimal(18,2) NOT NULL DEFAULT 0, FNOTE nvarchar(50) NULL);
INSERT dbo.T_SAL_ORDER (FBILLNO, FAMOUNT, FNOTE)
VALUES (N'XSDD1', 10.50, N'分批交货'), (N'XSDD2', 20, NULL), (N'XSDD3', 30, N'加急');
"""


@dataclass(kw_only=True)
class Lab:
    """One emulated instance and every wire in front of it; Shop has rows, Other has none."""

    engine: SqlServer
    exchange: Path
    ca: Path
    certificate: Certificate
    stack: ExitStack
    wires: dict[str, TdsServer] = field(default_factory=dict)

    def port(self, mode: Any) -> int:
        if mode not in self.wires:
            wire = TdsServer(self.engine, encryption=mode, certificate=self.certificate)
            wire.start()
            self.stack.callback(wire.stop)
            self.wires[mode] = wire
        return self.wires[mode].port

    def pymssql(
        self, way: str = "pymssql-full", user: str = "ops", database: str = "Shop", autocommit: bool = True, **more: Any
    ) -> Any:
        mode, options = PYMSSQL[way]
        where = {"server": "127.0.0.1", "port": self.port(mode), "user": user, "password": PASSWORD}
        how = {"database": database, "login_timeout": 20, "appname": "yunwei job 7", **options, **more}
        return self.stack.enter_context(closing(pymssql.connect(autocommit=autocommit, **{**where, **how})))

    def pytds(self, way: str = "pytds-full", user: str = "ops", database: str = "Shop", **more: Any) -> "Client":
        mode = PYTDS[way]
        watched = WatchedSocket(socket.create_connection(("127.0.0.1", self.port(mode)), DEADLINE_S))
        trust = {"cafile": str(self.ca), "validate_host": False} if mode == "required" else {}
        how = {"port": self.port(mode), "sock": watched, "autocommit": True, "appname": "yunwei job 7", **trust, **more}
        connection = pytds.connect("127.0.0.1", database, user, PASSWORD, **how)
        self.stack.callback(connection.close)
        return Client(connection=connection, watched=watched)


@dataclass(kw_only=True)
class Client:
    """A session of python-tds that runs batches as the product does."""

    connection: Any
    watched: WatchedSocket
    heard: list[Said] = field(default_factory=list)

    @property
    def session(self) -> Any:
        return self.connection._tds_socket.main_session

    def run(self, text: str) -> Ran:
        return run_batch(self.session, text, Limits(), self.heard.append)

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        ran = self.run(text)
        assert errors(ran) == []
        return [row for event in ran.events if isinstance(event, Shown) for row in event.rows]


def errors(ran: Ran) -> list[int]:
    return [e.number for e in ran.events if isinstance(e, Said) and e.red]


def said(ran: Ran) -> list[tuple[int, str]]:
    return [(e.number, e.text) for e in ran.events if isinstance(e, Said)]


def counts(ran: Ran) -> list[int]:
    return [e.rows for e in ran.events if isinstance(e, Counted)]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Certificate]:
    folder = tmp_path_factory.mktemp("authority")
    authority = Authority.make()
    authority.write(folder / "ca.pem")
    authority.issue("SQL1", folder / "cert.pem", folder / "key.pem")
    return folder / "ca.pem", Certificate(cert_file=folder / "cert.pem", key_file=folder / "key.pem")


@pytest.fixture
def lab(tmp_path: Path, authority: tuple[Path, Certificate]) -> Iterator[Lab]:
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    engine = SqlServer(tmp_path / "sql", name="SQL1", sa_password=PASSWORD, shares={"D:\\Exchange": exchange})
    engine.create_login("ops", PASSWORD, roles=("dbcreator",))
    ops = engine.rights.find("ops")
    assert ops is not None
    ops.permissions = ["VIEW SERVER STATE", "ALTER ANY CONNECTION"]
    for name in ("Shop", "Other"):
        engine.create_database(name, owner="ops", recovery="FULL")
    engine.create_login("script", PASSWORD, databases={"Shop": ("db_datareader", "db_datawriter", "db_ddladmin")})
    with ExitStack() as stack:
        made = Lab(engine=engine, exchange=exchange, ca=authority[0], certificate=authority[1], stack=stack)
        assert errors(made.pytds().run(TABLES)) == []
        yield made
    assert engine.sessions_now() == []


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], bool]:
    """Waits until something is true, for a limited time."""

    def wait(happened: Callable[[], object]) -> bool:
        pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
        while not happened() and time.monotonic() < deadline:
            pause.wait(0.01)
        return bool(happened())

    return wait


@pytest.fixture
def beside() -> Iterator[Callable[[Callable[[], Any]], "Beside"]]:
    """Runs something in a thread of its own, and waits for it at the end."""
    running: list[Beside] = []

    def start(work: Callable[[], Any]) -> Beside:
        running.append(Beside(work))
        return running[-1]

    yield start
    for one in running:
        one.thread.join(DEADLINE_S)
        assert not one.thread.is_alive()


class Beside:
    """Work in a thread: its result or its exception."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.result: Any = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except Exception as error:
            self.error = error

    def wait(self) -> "Beside":
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()
        return self
