"""One configuration of a run, up and running: the lab, the store, the bell, workers, portals."""

import contextlib
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from domain.request import Actor
from intake.people import actor_named, issue_token, put_account, set_contact
from intake.scripts import hand_in
from intake.submit import submit
from tests.chaos.data_centers import MAKE, Server, script_of
from tests.chaos.doors import DeskDoor, Door, HttpDoor
from tests.chaos.keeper import Keeper
from tests.chaos.lab_process import LabProcess
from tests.chaos.leash import Leash
from tests.chaos.mailbox import Mailbox
from tests.chaos.processes import Running, wait_until
from tests.chaos.servers import Postgres, Valkey, free_port
from tests.chaos.wishes import Ground, Wish
from wiring import Product, open_product, settings_from

LEASE_S: Final = 2.0
GRACE_S: Final = 5.0
SLOTS: Final = 8
RESTART_S: Final = 0.15
TENANTS: Final = 2
ENVIRONMENTS: Final = 10
HOSTS: Final = 2
PACKAGE_S: Final = 60.0
CUSTOMER: Final = "chaos"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A configuration: its store, how many of what, and its share of the jobs."""

    name: str
    store: str  # sqlite | postgresql
    workers: int
    portals: int
    share: float


PLANS: Final = (
    Plan(name="sqlite", store="sqlite", workers=2, portals=0, share=0.4),
    Plan(name="postgresql", store="postgresql", workers=4, portals=2, share=0.6),
)


class Scene:
    """`open`, then use its parts; `close` ends every process. `folder` keeps logs, ledger and store."""

    def __init__(self, plan: Plan, seed: int, folder: Path, leash: Leash) -> None:
        self.plan = plan
        self.seed = seed
        self.folder = folder
        self.keeper = Keeper()
        self._leash = leash
        self._ends = contextlib.ExitStack()
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.ports: list[int] = []
        self.packages: dict[str, str] = {}

    def open(self) -> None:
        """Start everything and wait until it is ready."""
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)  # the database server runs as a user of its own
        self.lab = LabProcess(
            self._leash,
            self.folder / "lab",
            tenants=TENANTS,
            environments=ENVIRONMENTS,
            hosts=HOSTS,
            restart_s=RESTART_S,
        )
        self._ends.callback(self.lab.stop)
        self.mail = Mailbox()
        self._ends.callback(self.mail.close)
        if self.plan.store == "postgresql":
            self._start_servers()
        self.product = self._product()
        self.operator = self._account()
        for database in self.databases().values():
            self.sql().rows(MAKE, database)
        self._ends.callback(self.keeper.close)
        self._start_workers()
        self._start_portals()
        self.keeper.begin()
        tenants = {place.split("/")[0] for place in self.databases()}
        self.packages = {tenant: self._package(tenant) for tenant in sorted(tenants)}

    def close(self) -> None:
        """End everything, workers and portals first."""
        self._ends.close()

    def door(self) -> Door:
        """Where the customers ask."""
        if not self.ports:
            return DeskDoor(desk=self.product.desk, actor=self.operator)
        token = issue_token(self.product.desk, CUSTOMER, CUSTOMER, ["read", "submit", "operate"], timedelta(hours=2))
        return HttpDoor(self.ports, token.open(), self.seed)

    def ground(self) -> Ground:
        """The environments whose servers may be restarted, and the data centers; every third may be restored."""
        places = self.product.inventory.estate.places.values()
        rooms = sorted(p.path for p in places if not p.data_center and "dedicated-vip" in p.environment.entitlements)
        centers = sorted(self.databases())
        return Ground(environments=rooms, data_centers=centers, restorable=centers[::3])

    def databases(self) -> dict[str, str]:
        """The database of each data center."""
        places = self.product.desk.estate.places.values()
        return {p.path: p.data_center.database for p in places if p.data_center and p.environment.database_host}

    def sql(self) -> Server:
        """The SQL Server, past the product."""
        return Server(self.folder / "lab", self.lab.sql_port())

    def hand_in(self, wish: Wish) -> Wish:
        """The wish with its script handed in, or with a package of its tenant."""
        if wish.operation == "bacpac-import":
            return replace(wish, params={**wish.params, "artifact": self.packages[wish.place.split("/")[0]]})
        if not wish.batches:
            return wish
        text = script_of(wish.key, wish.batches)
        script = hand_in(self.product.desk, self.operator, wish.place, text.encode())
        return replace(wish, params={**wish.params, "script": script.id})

    def bell_file(self) -> Path:
        """The embedded bell's storage."""
        return self.folder / "home" / "bell.db"

    def _package(self, tenant: str) -> str:
        """Export one data center of a tenant, before anything is broken: what all its imports load."""
        key, place = f"package-{tenant}", min(p for p in self.databases() if p.startswith(f"{tenant}/"))
        wish = {"operation": "bacpac-export", "place": place, "params": {}, "description": key, "confirm": True}
        desk = self.product.desk
        number = submit(desk, self.operator, wish, key).number

        def made() -> list[Any]:
            return desk.store.rows("artifacts_of_job", job=number)

        wait_until(lambda: bool(made()), PACKAGE_S, f"the package of {tenant} is there")
        return str(made()[0]["id"])

    def _start_servers(self) -> None:
        self.postgres = Postgres(self._leash, self.folder / "postgres")
        self.valkey = Valkey(self._leash, self.folder)
        self.postgres.start()
        self._ends.callback(self.postgres.crash)
        self.valkey.start()
        self._ends.callback(self.valkey.kill)

    def _product(self) -> Product:
        """The store as this process sees it: for the operator, the customers of a run without portals, the oracle."""
        product = open_product(settings_from({}, **self._settings(0)))
        self._ends.callback(product.close)
        return product

    def _account(self) -> Actor:
        put_account(self.product.desk, CUSTOMER, CUSTOMER, None, ["operator", "scheduler"])
        set_contact(self.product.desk, CUSTOMER, CUSTOMER, {"email": "chaos@provider.example"})
        return actor_named(self.product.desk, CUSTOMER)

    def _start_workers(self) -> None:
        for number in range(self.plan.workers):
            self._keep(f"worker{number}", number, ["worker", "run"])

    def _start_portals(self) -> None:
        for number in range(self.plan.portals):
            port = free_port()
            self.ports.append(port)
            self._keep(f"portal{number}", number, ["portal", "--port", str(port)])

    def _keep(self, name: str, number: int, words: list[str]) -> None:
        command = [sys.executable, "-m", "cli", "--json", *words]
        env = {f"YUNWEI_{key.upper()}": str(value) for key, value in self._settings(number).items()}
        log = self.folder / f"{name}.log"
        self.keeper.keep(name, lambda: Running(self._leash, name, command, log, env=env))

    def _settings(self, number: int) -> dict[str, Any]:
        """Every second process hears a bell on PostgreSQL instead of Valkey."""
        sizes = {"lease_s": LEASE_S, "slots": SLOTS, "grace_s": GRACE_S}
        base = {"home": str(self.folder / "home"), "estate": str(self.lab.estate), "mail": self.mail.url, **sizes}
        if self.postgres is None or self.valkey is None:
            return base
        return {**base, "store": self.postgres.url, "bell": self.postgres.url if number % 2 else self.valkey.url}
