"""The SQL executor before an emulated SQL Server: TLS is required, the rights are those that the product asks for."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from domain.command import Fence, Reading, Sql
from domain.places import DatabaseHost, Exchange, SqlLogin
from domain.places import SqlServer as SqlServerOf
from domain.secret import Secret, SecretRef
from executors.mssql import SqlExecutor
from lab.certificates import Authority
from lab.sqlserver import SqlServer
from lab.tds import Certificate, TdsServer

DATABASE = "AIS20260101000000"
OPS, OPS_PASSWORD = "yunwei_ops", "Ops-密码 8!"
SCRIPT, SCRIPT_PASSWORD = "yunwei_ledger1", "Script-密码 9!"
UTILITY = (
    "CREATE TABLE dbo.attempt (token nvarchar(200) NOT NULL PRIMARY KEY, job bigint NOT NULL, epoch int NOT NULL, "
    "phase varchar(10) NOT NULL, begun_at datetime2 NOT NULL, ended_at datetime2 NULL, facts nvarchar(max) NULL)"
)
TABLES = (
    "CREATE TABLE dbo.T_BD_MATERIAL (FID int NOT NULL PRIMARY KEY, FNAME nvarchar(80) NOT NULL, FQTY int NOT NULL)",
    "INSERT INTO dbo.T_BD_MATERIAL (FID, FNAME, FQTY) VALUES (1, N'螺栓', 10), (2, N'螺母', 20), (3, N'垫圈', 30)",
)


@dataclass
class Watcher:
    """A call that keeps all it is told."""

    timeout_s: float = 60.0
    max_bytes: int = 1_000_000
    lines: list[tuple[str, str]] = field(default_factory=list)
    percents: list[float] = field(default_factory=list)
    parts: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    heard: threading.Event = field(default_factory=threading.Event)

    def say(self, stream: str, line: str) -> None:
        self.lines.append((stream, line))
        self.heard.set()

    def progress(self, percent: float, **facts: Any) -> None:
        self.percents.append(percent)

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        self.parts[number] = facts

    def stop_asked(self) -> bool:
        return self.stop.is_set()

    def on_stop(self, wake: Callable[[], None]) -> None:
        """Nobody sleeps here."""


@dataclass
class Mailbox:
    """Where new passwords go."""

    passwords: list[Secret] = field(default_factory=list)

    def check(self, job: int) -> None:
        """It is always there."""

    def deliver(self, job: int, user: str, password: Secret) -> str:
        self.passwords.append(password)
        return "a••••@example.com"


@dataclass
class Estate:
    """The executor, the engine behind the wire, and what a test needs of both."""

    engine: SqlServer
    wire: TdsServer
    executor: SqlExecutor
    host: DatabaseHost
    scripts: dict[str, bytes] = field(default_factory=dict)

    def run(
        self, verb: str, call: Watcher | None = None, *, fence: Fence | None = None, step: str = "", **args: Any
    ) -> dict[str, Any]:
        command = Sql(host=self.host.path, verb=verb, args={"name": "{work}-own", **args}, fence=step or verb)
        given: Reading = self.executor.run(command.fenced(fence or self.fence()), call or Watcher())
        return given.facts

    def fence(self, job: int = 42, run: int = 1, epoch: int = 1, *, seal: bool = False) -> Fence:
        return Fence(job=job, asked=255, run=run, epoch=epoch, seal=seal)

    def script(self, text: str, call: Watcher | None = None, *, fence: Fence | None = None, **args: Any) -> Any:
        """Run a tenant's script."""
        return self.run("run-script", call, fence=fence, **self.of_script(text, **args))

    def of_script(self, text: str, **args: Any) -> dict[str, Any]:
        self.scripts["s1"] = text.encode()
        how: dict[str, Any] = {"database": DATABASE, "script": "s1", "whole": False, "on_error": "stop",
                               "data_center": "acme/prod/ledger1"}  # fmt: skip
        return {**how, **args}

    def rows(self, statement: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
        """Asked as sa, past the product."""
        import pymssql

        connection = pymssql.connect(
            "127.0.0.1", "sa", "Sa-8!", database, port=str(self.wire.port), autocommit=True, tds_version="7.4"
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Certificate]:
    folder = tmp_path_factory.mktemp("tls")
    made = Authority.make()
    made.write(folder / "ca.pem")
    made.issue("db1", folder / "cert.pem", folder / "key.pem")
    return folder / "ca.pem", Certificate(cert_file=folder / "cert.pem", key_file=folder / "key.pem")


@pytest.fixture
def estate(tmp_path: Path, authority: tuple[Path, Certificate]) -> Iterator[Estate]:
    engine = SqlServer(tmp_path / "sql", name="DB1", sa_password="Sa-8!")
    engine.create_database("yunwei", owner="sa")
    engine.create_database(DATABASE, recovery="FULL")
    exchange = Exchange(there="D:\\Exchange", here=str(engine.disk.make_folder("D:\\Exchange")))
    databases = {"yunwei": ("db_owner",), DATABASE: ("db_owner",)}
    engine.create_login(OPS, OPS_PASSWORD, roles=("sysadmin",), databases=databases)
    rights = ("db_datareader", "db_datawriter", "db_ddladmin")
    engine.create_login(SCRIPT, SCRIPT_PASSWORD, databases={DATABASE: rights})
    wire = TdsServer(engine, encryption="required", certificate=authority[1])
    wire.start()
    sql = SqlServerOf(user=OPS, password=SecretRef("env", "ops"), exchange=exchange, ca_file=str(authority[0]))
    host = DatabaseHost(name="db1", path="acme/prod/db1", address="127.0.0.1", port=wire.port, sql=sql)
    passwords = {"ops": Secret(OPS_PASSWORD), "script": Secret(SCRIPT_PASSWORD)}
    scripts: dict[str, bytes] = {}
    login = SqlLogin(user=SCRIPT, password=SecretRef("env", "script"))
    known = (lambda _: host, lambda _: login, lambda ref: passwords[ref.name])
    executor = SqlExecutor(*known, scripts.__getitem__, Mailbox())
    made = Estate(engine=engine, wire=wire, executor=executor, host=host, scripts=scripts)
    made.rows(UTILITY, "yunwei")
    for statement in TABLES:
        made.rows(statement)
    yield made
    executor.close()
    wire.stop()
