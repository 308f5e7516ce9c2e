"""The lab as a process of its own: its estate, its fault switches, its ledger."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import requests

from tests.chaos.leash import Leash
from tests.chaos.processes import Running

ASK_S: Final = 20.0
SQL_STEP_S: Final = 0.002  # a backup or restore takes a hundred of them
POLICIES: Final = """
policies:  # open round the clock, so that the run does not depend on the time of day
  closed_windows: []
  default_cutoff: PT1S
  quotas:
    sql-update: [{period: day, limit: 100000}]
    rename: [{period: day, limit: 100000}]
    password: [{period: day, limit: 100000}]
"""


class LabProcess:
    """`python -m lab up` with `tenants` × `environments` × `hosts`; `estate` is what the product reads."""

    def __init__(
        self, leash: Leash, folder: Path, *, tenants: int, environments: int, hosts: int, restart_s: float
    ) -> None:
        sizes = {
            "tenants": tenants,
            "environments": environments,
            "hosts": hosts,
            "restart-s": restart_s,
            "sql-step-s": SQL_STEP_S,
        }
        words = [word for key, value in sizes.items() for word in (f"--{key}", str(value))]
        command = [sys.executable, "-m", "lab", "up", "--folder", str(folder), *words]
        folder.mkdir(parents=True)
        self._running = Running(leash, "lab", command, folder / "lab.log", stdin=subprocess.DEVNULL)
        said = self._running.ready()
        self._session = requests.Session()
        self._session.trust_env = False
        self._url = f"http://127.0.0.1:{said['control_port']}"
        self.hosts: list[str] = sorted(said["hosts"])
        self.estate = folder / "chaos.yml"
        self.estate.write_text(Path(said["estate"]).read_text(encoding="utf-8") + POLICIES, encoding="utf-8")

    def fault(self, host: str, name: str, **values: Any) -> None:
        """Let a fault strike on a host."""
        self._ask("POST", f"/hosts/{host}/faults", {"fault": name, **values})

    def heal(self) -> None:
        """Forget every fault on every host."""
        for host in self.hosts:
            self._ask("DELETE", f"/hosts/{host}/faults")
        self._ask("DELETE", "/sql/db1/faults")

    def sql_fault(self, name: str, **values: Any) -> None:
        """Let a fault strike on the SQL Server."""
        self._ask("POST", "/sql/db1/faults", {"fault": name, **values})

    def restart_sql(self) -> None:
        """All sessions of the SQL Server end, running statements are cut off."""
        self._ask("POST", "/sql/db1/restart")

    def sql_port(self) -> int:
        """Where the SQL Server listens."""
        return int(self._ask("GET", "/sql/db1")["port"])

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """What really happened, in order."""
        return list(self._ask("GET", f"/ledger?after={after}")["effects"])

    def stop(self) -> None:
        """End it."""
        self._running.stop()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=ASK_S)
        answer.raise_for_status()
        return answer.json()
