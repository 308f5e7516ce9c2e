"""The database server of a lab estate: an emulated SQL Server behind TDS, and one database for each data center."""

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from threading import Event
from typing import Any, Final

from lab.certificates import Authority
from lab.erp import RESET, TABLES, fill
from lab.sqlserver import SqlServer
from lab.sqlserver.tables import quoted
from lab.tds import Certificate, TdsServer
from lab.tds.answers import Login, Message
from lab.tds.connection import Connection, Fate
from lab.tds.prelogin import Mode

NAME: Final = "db1"
OPS: Final = "yunwei_ops"
PACKAGES: Final = "LAB\\yunwei"  # the Windows account on its host
EXCHANGE: Final = "D:\\Exchange"
_FIRST_DATABASE: Final = datetime(2026, 1, 1)  # noqa: DTZ001 -- a name, not a moment


class DatabaseServer:
    """Listens on `port` from `start` on. Passwords are written to `secrets/` of the lab's folder."""

    def __init__(self, folder: Path, authority: Authority, *, encryption: Mode, language: str, step_s: float) -> None:
        self._folder, self._encryption = folder, encryption
        self._made = 0
        self._logins: set[str] = set()
        self.exchange = folder / "exchange"
        self.exchange.mkdir(exist_ok=True)
        (folder / "password_reset.sql").write_text(RESET, encoding="utf-8")
        self.engine = SqlServer(
            folder / "sql",
            name=NAME.upper(),
            language=language,
            step_s=step_s,
            shares={EXCHANGE: self.exchange},
        )
        self.wire = TdsServer(
            self.engine, encryption=encryption, certificate=self._certificate(authority), fault=self._fate
        )
        self.engine.rights.set_password("sa", write_secret(folder / "secrets" / f"{NAME}-sa"))
        self._run("sql_rights", {"OPS_PASSWORD": self._password_of(OPS, f"{NAME}-ops")})
        self._run("sql_rights_packages", {"PACKAGE_LOGIN": PACKAGES})

    @property
    def port(self) -> int:
        """The TCP port on loopback."""
        return self.wire.port

    def start(self) -> None:
        """Listen from now on."""
        self.wire.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self.wire.stop()

    def restart(self) -> None:
        """As a restart of the service: all sessions end, databases stay as they are, on the same port."""
        self.wire.stop()
        self.wire.start()

    def sql(self) -> dict[str, object]:
        """The `sql` of an estate file's database_host."""
        required = self._encryption == "required"
        return {
            "user": OPS,
            "password": f"file:secrets/{NAME}-ops",
            "encryption": "required" if required else "optional",
            **({"ca_file": "ca.pem"} if required else {}),
            "exchange": {"there": EXCHANGE, "here": "exchange"},
            "password_reset": "password_reset.sql",
        }

    def data_center(self, name: str, title: str) -> dict[str, object]:
        """A new data center with its rows and its script login, as the estate file says it."""
        number, self._made = self._made, self._made + 1
        database = f"AIS{_FIRST_DATABASE + timedelta(minutes=number):%Y%m%d%H%M%S}"
        short = name if name not in self._logins else f"{name}-{number}"
        self._logins.add(short)
        login, file = f"yunwei_{short}".replace("-", "_"), f"{short}-script"
        if self.engine.store.find(database) is None:  # a lab that is started again keeps what is in its folder
            self._make(database, title, number)
        password = self._password_of(login, file)
        words = {"DATABASE": database, "SCRIPT_LOGIN": login, "SCRIPT_PASSWORD": password}
        self._run("sql_rights_data_center", words)
        script_login = {"user": login, "password": f"file:secrets/{file}"}
        return {"name": name, "title": title, "database": database, "script_login": script_login}

    def as_json(self) -> dict[str, Any]:
        """For the control port."""
        keys = ("name", "id", "state", "access", "recovery", "owner")
        databases = [{key: getattr(d, key) for key in keys} for d in self.engine.store.databases]
        sessions = [
            {"session": s.number, "login": s.account.name, "program": s.login.program, "database": s.database}
            for s in self.engine.sessions_now()
        ]
        return {"name": NAME, "port": self.port, "databases": databases, "sessions": sessions}

    def tables(self, database: str) -> dict[str, Any]:
        """How many rows each table of a database has, and a digest of them, past TDS. Raises ValueError."""
        found = self.engine.store.find(database)
        if found is None:
            raise ValueError(f"no database {database!r}")
        with self.engine.store.opened(found) as connection:
            named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            return {n: _digest(connection, n) for (n,) in named if not n.startswith(("lab$", "sqlite_"))}

    def _password_of(self, login: str, file: str) -> str:
        """A new password for a login that the rights script makes, or has made when the lab ran before."""
        password = write_secret(self._folder / "secrets" / file)
        if self.engine.rights.find(login):
            self.engine.rights.set_password(login, password)
        return password

    def _certificate(self, authority: Authority) -> Certificate:
        keys = self._folder / "keys"
        made = Certificate(cert_file=keys / f"{NAME}-sql.pem", key_file=keys / f"{NAME}-sql.key")
        authority.issue(NAME, made.cert_file, made.key_file)
        return made

    def _make(self, database: str, title: str, seed: int) -> None:
        self._batch(self.engine.create_database(database, recovery="FULL").name, TABLES)
        store = self.engine.store
        with store.opened(store.get(database)) as connection:
            fill(connection, title=title, seed=seed)

    def _run(self, script: str, words: Mapping[str, str]) -> None:
        """One of the product's own scripts, as sqlcmd runs it: its $(…) replaced, batch by batch."""
        text = files("playbooks.scripts").joinpath(f"{script}.sql").read_text(encoding="utf-8")
        said = re.sub(r"\$\((\w+)\)", lambda m: words[m[1]], re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE))
        self._batch("master", *re.split(r"^GO$", said, flags=re.MULTILINE))

    def _batch(self, database: str, *texts: str) -> None:
        """Batches of the lab's own making. Raises RuntimeError at the first error."""
        account = self.engine.rights.find("sa")
        if account is None:
            raise RuntimeError("the emulated SQL Server has no sa")
        session = self.engine.login(
            Login(user="sa", password=account.password, database=database, program="lab", language="us_english")
        )
        with closing(session):
            for text in texts:
                told = [a for a in session.batch(text, Event()) if isinstance(a, Message) and a.severity > 10]
                if told:
                    raise RuntimeError(f"{database}: {told[0].number} {told[0].text}")

    def _fate(self, moment: str, connection: Connection) -> Fate:
        program = connection.login.program if connection.login else ""
        if self.engine.faults.take("cut", at=moment, program=program):
            return "drop"
        return "hang" if self.engine.faults.take("hang", at=moment, program=program) else "go"


def _digest(connection: sqlite3.Connection, table: str) -> dict[str, Any]:
    rows = sorted(map(repr, connection.execute(f"SELECT * FROM {quoted(table)}")))  # noqa: S608 -- our own name
    return {"rows": len(rows), "sha256": hashlib.sha256("\n".join(rows).encode()).hexdigest()}


def write_secret(path: Path) -> str:
    """A new password, in a file for its owner only."""
    password = secrets.token_urlsafe(18)
    with suppress(FileNotFoundError):
        path.unlink()
    path.touch(mode=0o600)
    path.write_text(password, encoding="utf-8")
    return password
