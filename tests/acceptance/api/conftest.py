"""The API on a loopback port over a SQLite file, visitors with tokens, and a worker on demand."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from executors.pause import PauseExecutor
from intake.desk import Desk
from intake.people import issue_token, put_account
from playbooks import OPERATIONS
from portal.serve import Served
from runner.claims import Claims
from runner.engine import Engine
from runner.patience import Patience
from runner.sweeper import Retention, Sweeper
from runner.worker import Pace, Worker, new_worker_id
from tests.acceptance.api.hall import ACCOUNTS, Favour, Nap, Promise, client_of, estate, served
from wiring import Product, Settings, open_product


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(estate(), allow_unicode=True), encoding="utf-8")
    settings = Settings(home=tmp_path / "var", estate=file, bell="memory:")
    opened = open_product(settings, (*OPERATIONS, Nap, Favour, Promise))
    yield opened
    opened.close()


@pytest.fixture
def desk(product: Product) -> Desk:
    return product.desk


@pytest.fixture
def token(desk: Desk) -> Callable[..., str]:
    """A token of one of the ACCOUNTS, with these scopes."""
    for name, (tenant, roles) in ACCOUNTS.items():
        put_account(desk, "test", name, tenant, roles)

    def issue(name: str, *scopes: str) -> str:
        return issue_token(desk, "test", name, list(scopes or ("read", "submit", "operate"))).open()

    return issue


@pytest.fixture
def server(desk: Desk) -> Iterator[Served]:
    with served(desk) as running:
        yield running


@pytest.fixture
def alice(server: Served, token: Callable[..., str]) -> Iterator[httpx2.Client]:
    """IT ops of the tenant acme."""
    with client_of(server, token("alice")) as client:
        yield client


@pytest.fixture
def bob(server: Served, token: Callable[..., str]) -> Iterator[httpx2.Client]:
    """IT ops of the tenant beta."""
    with client_of(server, token("bob")) as client:
        yield client


@pytest.fixture
def opal(server: Served, token: Callable[..., str]) -> Iterator[httpx2.Client]:
    """An operator of the provider."""
    with client_of(server, token("opal")) as client:
        yield client


@pytest.fixture
def worker(desk: Desk) -> Iterator[Worker]:
    """A worker that carries pauses, not yet started."""
    worker_id, pace = new_worker_id(), Pace(slots=4, lease_s=15.0)
    engine = Engine({"none": PauseExecutor()}, lambda event, s: event.wait(s), time.monotonic, Patience())
    claims = Claims(desk.store, desk.catalog, desk.decider, worker_id, pace.lease_s)
    sweeper = Sweeper(desk.store, desk.catalog, Retention())
    made = Worker(worker_id, desk.store, claims, engine, desk.bell, sweeper, pace)
    yield made
    made.stop(grace_s=5.0)
