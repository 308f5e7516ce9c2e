"""The whole product before a SQL Server: portal, worker and command line, over TLS and under its own rights.

Every test runs against the lab. With YUNWEI_LIVE_ESTATE=estate.yml it runs against real servers as well
(docs/live-estate.md); without, that half is skipped, and says so.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import select

from domain.event import Event, Kind
from domain.job import FINAL, State
from domain.places import DatabaseHost
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk
from intake.people import actor_named, issue_token, put_account, set_contact
from intake.read import Item, events_of, show
from intake.submit import submit
from lab.erp import TABLE_NAMES, statements
from lab.estate import LabEstate, LabSpec
from lab.sqlserver.faults import FaultBook
from messages.courier import Parcel, Postponed
from messages.outbox import MAIL, SMS
from portal.serve import serve
from runner.store.schema import job, outbox
from runner.worker import Pace
from tests.codes import code_for
from wiring import Product, Settings, make_portal, make_worker, open_product

OPEN_HOURS: Final = "\npolicies:\n  closed_windows: []\n  quotas:\n    sql-update: [{period: day, limit: 1000}]\n"
PROD, OTHER = "ledger-test/prod/ledger1", "ledger-test/test/ledger1"
WAIT_S: Final = 120.0
ENDS: Final = FINAL | {State.NEEDS_ATTENTION}
PEOPLE: Final = {
    "alice": ("ledger-test", ["enterprise-admin"]),
    "dana": ("ledger-test", ["data-ops", "it-ops"]),
    "dora": ("ledger-test", ["data-ops"]),
    "olga": (None, ["operator"]),
}
LIVE_ESTATE, LIVE_SA = "YUNWEI_LIVE_ESTATE", "YUNWEI_LIVE_SA_PASSWORD"
OURS: Final = frozenset(TABLE_NAMES) | {"yunwei_batch"}
SCRIPT: Final = """PRINT N'第一批'
GO
UPDATE dbo.T_BD_MATERIAL SET FPRICE = FPRICE + 1 WHERE FMATERIALID < 1011
SELECT TOP (2) FNAME FROM dbo.T_BD_MATERIAL ORDER BY FMATERIALID
GO
/* 一批
   有错 */
INSERT INTO dbo.T_NOWHERE (A) VALUES (1)
GO
DELETE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID = 1020
GO
"""


class Sink:
    """A phone that is off: the tests read the codes in the outbox, before they are sent."""

    def deliver(self, parcel: Parcel) -> None:
        raise Postponed(Text("关机", "switched off"))


@dataclass
class Box:
    """A mail server that keeps what it is handed, or fails as often as it is told to."""

    parcels: list[Parcel] = field(default_factory=list)
    failures: int = 0

    def deliver(self, parcel: Parcel) -> None:
        if self.failures:
            self.failures -= 1
            raise Postponed(Text("忙", "busy"))
        self.parcels.append(parcel)


@dataclass
class Stage:
    """An opened product with a worker, its lab, and what a test asks of both."""

    lab: LabEstate | None  # None: these are real servers
    product: Product
    url: str
    mail: Box
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        return self.product.desk

    def actor(self, name: str) -> Actor:
        return actor_named(self.desk, name)

    def ask(self, operation: str, params: dict[str, Any], place: str = PROD, who: str = "dana", **more: Any) -> int:
        """Submit past the wire; the number."""
        body = {"operation": operation, "place": place, "params": params, "confirm": True, **more}
        return submit(self.desk, self.actor(who), self.coded(body, who)).number

    def coded(self, body: dict[str, Any], who: str = "dana") -> dict[str, Any]:
        """The body with a one-time code, if its operation asks for one. The wait of a minute is not waited for."""
        if not self.desk.catalog.get(str(body["operation"])).traits.code:
            return body
        self.forget_codes()
        return {**body, "code": code_for(self.desk, self.actor(who), body)}

    def mail_of(self, operation: str) -> list[str]:
        """To whom mail was put about requests of an operation."""
        query = select(outbox.c.recipient).join(job, job.c.number == outbox.c.job)
        found = self.product.store.select(query.where(job.c.operation == operation, outbox.c.channel == "mail"))
        return [row["recipient"] for row in found]

    def forget_codes(self) -> None:
        """So that a new one can be asked for at once."""
        self.desk.store.write(lambda tx: tx.moved("forget_codes", before=tx.ahead(3600)))

    def ended(self, number: int) -> Item:
        """Wait for the end of a job."""
        wait_until(lambda: self.item(number).job.state in ENDS, f"request {number} has ended")
        return self.item(number)

    def item(self, number: int) -> Item:
        return show(self.desk, self.actor("olga"), number)

    def done(self, operation: str, params: dict[str, Any], place: str = PROD, **more: Any) -> int:
        """Ask, wait, and be sure that it succeeded."""
        number = self.ask(operation, params, place, **more)
        item = self.ended(number)
        assert item.job.state == "succeeded", self.told(number)
        return number

    def events(self, number: int) -> list[Event]:
        return list(events_of(self.desk, self.actor("olga"), number, 0, 1000))

    def steps(self, number: int) -> list[str]:
        """The keys of the steps that were done."""
        return [str(e.facts["step"]) for e in self.events(number) if e.kind is Kind.STEP_DONE]

    def told(self, number: int) -> list[tuple[str, Any]]:
        return [(e.kind.value, e.facts.get("text", e.facts.get("step"))) for e in self.events(number)]

    def client(self, who: str = "dana") -> httpx2.Client:
        """The HTTP API with that person's token."""
        if who not in self.tokens:
            self.tokens[who] = issue_token(self.desk, "test", who, ["read", "submit", "operate"]).open()
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def database(self, place: str = PROD) -> str:
        center = self.desk.estate.place(place).data_center
        assert center is not None
        return center.database

    def rows(self, statement: str, place: str = PROD) -> list[tuple[Any, ...]]:
        """Asked of the server as sa, past the product."""
        import pymssql

        host = self.host(place)
        connection = pymssql.connect(
            host.address,
            "sa",
            self._sa_password(),
            self.database(place),
            port=str(host.port),
            autocommit=True,
            tds_version="7.4",
            encryption="require",
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def exchange(self) -> list[str]:
        """What lies in the exchange folder."""
        sql = self.host(PROD).sql
        assert sql is not None
        return sorted(p.name for p in Path(sql.exchange.here).iterdir())

    def databases(self) -> list[str]:
        """The names of all user databases on the server."""
        return sorted(name for (name,) in self.rows("SELECT name FROM sys.databases WHERE database_id > 4"))

    def host(self, place: str) -> DatabaseHost:
        host = self.desk.estate.place(place).environment.database_host
        assert host is not None
        return host

    def faults(self) -> FaultBook:
        """The fault switch of the lab. A real server has none."""
        if self.lab is None:
            pytest.skip("only the lab can be told to fail")
        assert self.lab.database is not None
        return self.lab.database.engine.faults

    def _sa_password(self) -> str:
        if self.lab is None:
            return os.environ[LIVE_SA]
        return (self.lab.folder / "secrets" / "db1-sa").read_text(encoding="utf-8").strip()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Ask until it holds, at most WAIT_S. Fails loudly."""
    until, pause = time.monotonic() + WAIT_S, threading.Event()
    while not holds():
        assert time.monotonic() < until, f"not within {WAIT_S:g} s: {what}"
        pause.wait(0.02)


@pytest.fixture(scope="module", params=["lab", "live"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("sql")
    box = Box()
    with ExitStack() as ends:
        lab, estate = _lab(folder, ends) if request.param == "lab" else (None, _live())
        product = open_product(Settings(home=folder / "home", estate=estate), couriers={SMS: Sink(), MAIL: box})
        ends.callback(product.close)
        for name, (tenant, roles) in PEOPLE.items():
            put_account(product.desk, "test", name, tenant, roles)
            contact = {"phone": "+8613800001234", "email": f"{name}@acme.example"}
            set_contact(product.desk, "test", name, contact)
        worker = make_worker(product, Pace(slots=4, lease_s=5.0))
        worker.start()
        ends.callback(worker.stop, 10.0)
        served = serve(make_portal(product), "127.0.0.1", 0, grace_s=2.0)
        ends.callback(served.stop)
        made = Stage(lab=lab, product=product, url=served.url, mail=box)
        if lab is None:
            _fill(made)
        yield made


def _lab(folder: Path, ends: ExitStack) -> tuple[LabEstate, Path]:
    """A lab of one app server and three data centers, open at all hours."""
    lab = LabEstate.start(folder / "lab", LabSpec(tenants=2, hosts=1, shared=False, sql_step_s=0.0005, restart_s=0.05))
    ends.callback(lab.stop)
    estate = folder / "lab" / "open.yml"
    estate.write_text(lab.estate_file.read_text(encoding="utf-8") + OPEN_HOURS, encoding="utf-8")
    return lab, estate


def _live() -> Path:
    """The estate file of real servers, or a skip with its reason."""
    named = os.environ.get(LIVE_ESTATE)
    if not named:
        pytest.skip(f"{LIVE_ESTATE} is not set: no real servers to test against (docs/live-estate.md)")
    if not os.environ.get(LIVE_SA):
        pytest.fail(f"{LIVE_ESTATE} is set, {LIVE_SA} (the password of sa there) is not: see docs/live-estate.md")
    return Path(named)


def _fill(stage: Stage) -> None:
    """The lab's tables and rows in databases that have none: those of an ERP must not be touched."""
    for place in (PROD, OTHER):
        named = {name for (name,) in stage.rows("SELECT name FROM sys.tables", place)}
        assert named <= OURS, (
            f"{place} holds other tables ({sorted(named - OURS)[:5]}): give the tests databases of their own"
        )
        if not named:
            for statement in statements(title=place, seed=len(place)):
                stage.rows(statement, place)


@pytest.fixture
def command(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """`yunwei …` within this process, as dana: its exit code and what it printed."""
    import cli

    for name in [n for n in os.environ if n.startswith("YUNWEI_") and n not in (LIVE_ESTATE, LIVE_SA)]:
        monkeypatch.delenv(name)
    settings = stage.product.settings
    given = {
        "SMS": "http://127.0.0.1:9/",
        "HOME": settings.home,
        "ESTATE": settings.estate,
        "USER": "dana",
        "LANG": "en",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"YUNWEI_{name}", str(value))

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.main(list(words))
        out, err = capsys.readouterr()
        return code, out or err

    yield run
    log = logging.getLogger("yunwei")
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)


def as_json(answer: tuple[int, str]) -> dict[str, Any]:
    code, out = answer
    assert code == 0, out
    found: dict[str, Any] = json.loads(out)
    return found
