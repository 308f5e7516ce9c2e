"""From the command line to restarted servers: lab, worker, and the exit codes of how it ended."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SUBMIT = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+2s", "--yes", "--wait")


class Lab:
    """`yunwei lab up`, seen through its control port."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._url = f"http://127.0.0.1:{ready['control_port']}"
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def restarts(self) -> list[str]:
        with self._http.open(self._url + "/ledger", timeout=30) as answer:
            return [e["host"].lower() for e in json.load(answer)["effects"] if e["kind"] == "iisreset"]

    def fault(self, host: str, **fault: Any) -> None:
        # With a body it is a POST.
        with self._http.open(f"{self._url}/hosts/{host}/faults", json.dumps(fault).encode(), timeout=30) as answer:
            assert answer.status == 201


@pytest.fixture
def lab(bare: Any, start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A fast lab whose estate is open at all hours, alice, and a worker."""
    folder = tmp_path / "lab"
    ready = start({}, "lab", "up", "--folder", str(folder), "--restart-s", "0.05", "--with-parent").json()
    estate = folder / "open.yml"
    estate.write_text(Path(ready["estate"]).read_text("utf-8") + "policies:\n  closed_windows: []\n", "utf-8")
    for name, value in {"YUNWEI_ESTATE": str(estate), "YUNWEI_USER": "alice"}.items():
        monkeypatch.setenv(name, value)
    assert bare.run("user", "add", "olga", "--role", "operator").code == 0
    assert bare.run("user", "add", "alice", "--tenant", "ledger-test", "--role", "it-ops", "--as", "olga").code == 0
    worker = start({"YUNWEI_HOME": str(bare.home), "YUNWEI_ESTATE": str(estate)}, "worker", "--json")
    assert worker.json()["worker"]
    return Lab(ready)


@pytest.mark.req("CARD-6", "IIS-1", "IIS-2", "IIS-3", "INT-4")
def test_a_restart_is_followed_to_its_end_and_rated(bare: Any, lab: Lab) -> None:
    answer = bare.run(*SUBMIT)
    assert answer.code == 0, answer
    assert "Restart IIS on app1" in answer.out
    assert "#1 restarted: succeeded" in answer.out
    assert answer.out.rstrip().endswith("app2: done")
    assert lab.restarts() == ["app1", "app2"]
    rated = bare.run("request", "rate", "1", "5", "--text", "很好", "--json").data
    assert rated["state"]["name"] == "completed"
    assert bare.run("request", "rate", "1", "4").code == 2, "once"
    assert bare.run("audit", "verify").code == 0


@pytest.mark.req("IIS-2")
def test_a_server_that_fails_ends_the_command_with_1_and_is_named(bare: Any, lab: Lab) -> None:
    lab.fault("app2", fault="access_denied", count=20)
    lines = bare.run(*SUBMIT, "--json")
    assert lines.code == 1
    last = lines.lines[-1]
    states = {t["name"]: t["state"] for t in last["execution"]["outcome"]["things"]}
    assert (last["execution"]["name"], states["app1"], states["app2"]) == ("failed", "done", "failed")
    assert lab.restarts() == ["app1"]
