"""The servers that tests share, and the record of which requirement each test proves."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:  # most tests need no server, and should not wait for its libraries
    from tests.services import Postgres, Valkey

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: our children would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How long a rule takes to draw or to hold says how busy the machine is, and no more.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres() -> Iterator["Postgres"]:
    """A PostgreSQL server. A machine on which it does not start fails the test: nothing is skipped."""
    try:
        from tests.services import Postgres

        server = Postgres()
    except Exception as error:
        pytest.fail(f"PostgreSQL could not be started: {type(error).__name__}: {error}")
    yield server
    server.close()


@pytest.fixture(scope="session")
def valkey() -> Iterator["Valkey"]:
    """A Valkey server. A machine on which it does not start fails the test: nothing is skipped."""
    try:
        from tests.services import Valkey

        server = Valkey()
    except Exception as error:
        pytest.fail(f"Valkey could not be started: {type(error).__name__}: {error}")
    yield server
    server.close()


class SpecRecord:
    """Writes down each test's outcome and requirements, one file a process; tests/spec merges them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._requirements: dict[str, list[str]] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            ids = [str(i) for mark in item.iter_markers("req") for i in mark.args]
            self._requirements[item.nodeid] = sorted(set(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":  # an error in set-up or tear-down counts too
            self._outcomes[report.nodeid] = "failed" if report.failed else report.outcome

    def pytest_sessionfinish(self) -> None:
        rows = [
            {"test": test, "outcome": outcome, "req": self._requirements.get(test, [])}
            for test, outcome in self._outcomes.items()
        ]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Only a run that `python -m tests.spec` started is recorded: it names the folder."""
    folder = os.environ.get("YUNWEI_SPEC_RECORD")
    if folder and (hasattr(config, "workerinput") or not config.getoption("numprocesses", None)):
        worker = getattr(config, "workerinput", {}).get("workerid", "alone")
        config.pluginmanager.register(SpecRecord(Path(folder) / f"{worker}.json"))
