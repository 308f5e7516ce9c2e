"""A lab in this process, so that a test can see and break its hosts, and real workers that a test can kill."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import pytest

from domain.event import Event, Kind
from domain.request import Actor
from intake.people import actor_named, put_account
from intake.read import events_of, show, verify_audit
from intake.submit import submit
from lab.estate import LabEstate, LabSpec
from lab.host import Host
from tests.chaos.lab_process import POLICIES
from tests.chaos.leash import Leash
from tests.chaos.processes import Running, wait_until
from wiring import Product, open_product, settings_from

DEADLINE_S: Final = 60.0
LEASE_S: Final = 1.0
PLACE: Final = "ledger-test/prod"


class Stage:
    """One environment of two servers, app1 and app2, a store, and as many workers as the test starts."""

    def __init__(self, folder: Path, leash: Leash, ends: ExitStack, settings: dict[str, Any]) -> None:
        spec = LabSpec(shared=False, environments=settings.pop("environments", 1), restart_s=0.05, wires=("ntlm",))
        self.lab = LabEstate.start(folder / "lab", spec)
        ends.callback(self.lab.stop)
        estate = folder / "lab" / "chaos.yml"
        estate.write_text(self.lab.estate_file.read_text(encoding="utf-8") + POLICIES, encoding="utf-8")
        self.folder = folder
        self.settings = {"home": str(folder / "home"), "estate": str(estate), "lease_s": LEASE_S, **settings}
        self.product: Product = open_product(settings_from({}, **self.settings))
        ends.callback(self.product.close)
        put_account(self.product.desk, "test", "chaos", None, ["operator"])
        self.actor: Actor = actor_named(self.product.desk, "chaos")
        self._leash = leash
        self._ends = ends
        self._workers: list[Running] = []

    def host(self, name: str = "app1") -> Host:
        """A server of the lab."""
        return self.lab.hosts[name]

    def workers(self, count: int = 2) -> list[Running]:
        """Start so many `yunwei worker run`; they are up when this returns."""
        env = {f"YUNWEI_{key.upper()}": str(value) for key, value in self.settings.items()}
        command = [sys.executable, "-m", "cli", "--json", "worker", "run"]
        logs = [self.folder / f"worker{number}.log" for number in range(count)]
        started = [Running(self._leash, log.stem, command, log, env=env) for log in logs]
        for running in started:
            self._ends.callback(running.kill)
        for running in started:
            running.ready(DEADLINE_S)
        self._workers += started
        return started

    def holder(self, number: int) -> Running:
        """The worker that has claimed the job: its id holds its process's number."""
        told = str(self.await_kind(number, Kind.CLAIMED).facts["worker"])
        return next(w for w in self._workers if f"-{w.pid}-" in told)

    def others(self, worker: Running) -> list[Running]:
        """The workers but this one."""
        return [w for w in self._workers if w is not worker]

    def freeze(self, worker: Running) -> None:
        """Freeze it outside of a transaction: one process frozen in SQLite's only write lock holds up all others."""

        def outside() -> bool:
            worker.freeze()
            if self._is_writable():
                return True
            worker.thaw()
            return False

        self.wait(outside, f"{worker.name} is frozen outside of a transaction")

    def ask(self, place: str = PLACE, order: str = "one-by-one") -> int:
        """Submit a restart, to begin at once."""
        return self.submit("iis-restart", place, order=order)

    def submit(self, operation: str, place: str, **params: Any) -> int:
        """Submit anything, to begin at once."""
        body = {"operation": operation, "place": place, "params": params, "confirm": True}
        return submit(self.product.desk, self.actor, body).number

    def state(self, number: int) -> str:
        return show(self.product.desk, self.actor, number).job.state.value

    def events(self, number: int) -> list[Event]:
        return events_of(self.product.desk, self.actor, number)

    def kinds(self, number: int) -> list[Kind]:
        return [e.kind for e in self.events(number)]

    def await_kind(self, number: int, kind: Kind, **facts: Any) -> Event:
        """Wait for an event of that kind with these facts."""

        def found() -> list[Event]:
            return [e for e in self.events(number) if e.kind is kind and facts.items() <= dict(e.facts).items()]

        self.wait(found, f"job {number}: {kind} {facts}")
        return found()[0]

    def await_state(self, number: int, state: str) -> None:
        """Wait until the job has that state."""
        try:
            self.wait(lambda: self.state(number) == state, "")
        except TimeoutError:
            pytest.fail(f"job {number} is {self.state(number)}, not {state}: {self.events(number)[-3:]}")

    def restarts(self, number: int, kind: str = "iisreset") -> list[str]:
        """The servers that this job restarted, in order, one entry for each time: the oracle."""
        return [e.host.lower() for e in self.lab.ledger.after() if e.job == number and e.kind == kind]

    def tokens(self, number: int) -> list[str]:
        """Under which tokens they were restarted."""
        return [str(e.token) for e in self.lab.ledger.after() if e.job == number and e.kind == "iisreset"]

    def audit_holds(self) -> bool:
        return verify_audit(self.product.desk).broken_at is None

    def _is_writable(self) -> bool:
        file = str(Path(str(self.settings["home"])) / "yunwei.db")
        with closing(sqlite3.connect(file, timeout=0.5, isolation_level=None)) as probe:
            try:
                probe.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def wait(self, true: Callable[[], Any], what: str) -> None:
        wait_until(true, DEADLINE_S, what, every_s=0.02)


@pytest.fixture(scope="session")
def leash() -> Iterator[Leash]:
    held = Leash()
    yield held
    held.close()


@pytest.fixture
def new_stage(tmp_path: Path, leash: Leash) -> Iterator[Callable[..., Stage]]:
    """Makes a stage; settings of the product may be named."""
    with ExitStack() as ends:
        yield lambda **settings: Stage(tmp_path, leash, ends, settings)


@pytest.fixture
def stage(new_stage: Callable[..., Stage]) -> Stage:
    return new_stage()
