"""tedious (npm) against the wire. Skipped where node cannot find it: set NODE_PATH to a node_modules that holds it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.tds.answers import Message

RUNNER = Path(__file__).with_name("tedious.js")
NODE = shutil.which("node")
DEADLINE_S = 30
ALL_WELL = {
    "batch": [[1]],
    "echo": [[7, "名称😀", [1, 2]]],
    "prepared": [[4], [5]],
    "transaction": "committed",
    "errors": [3201, 3013],
    "cancelled": "ECANCEL",
    "after": [[8]],
}


def has_tedious() -> bool:
    if NODE is None:
        return False
    return subprocess.run([NODE, "-e", "require('tedious')"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_tedious(), reason="npm install tedious, and NODE_PATH to its node_modules")


def drive(server: Any, login: tuple[str, str], *, version: str = "7_4", encrypt: bool = False) -> dict[str, Any]:
    assert NODE is not None
    options = {"port": server.port, "user": login[0], "password": login[1], "version": version, "encrypt": encrypt}
    command = [NODE, "--no-deprecation", str(RUNNER), json.dumps(options)]
    said = subprocess.run(command, capture_output=True, check=True, timeout=DEADLINE_S).stdout
    seen: dict[str, Any] = json.loads(said)
    return seen


@pytest.mark.parametrize(
    ("version", "mode", "encrypt"),
    [
        ("7_4", "optional", False),
        ("7_4", "optional", True),
        ("7_4", "required", True),
        ("7_4", "none", False),
        ("7_4", "none", True),  # it goes on in clear, and says nothing
        ("7_3_B", "none", False),
        ("7_2", "optional", True),
        ("7_1", "none", False),
    ],
)
def test_tedious_queries_prepares_commits_and_cancels(
    version: str, mode: str, encrypt: bool, serve: Any, sql: Any, gate: Any, failing_backup: Any, login: tuple[str, str]
) -> None:
    slow = gate(Message(number=0, severity=0, state=1, text="running"))
    sql.script.update(slow=slow, failing=failing_backup)
    assert drive(serve(encryption=mode), login, version=version, encrypt=encrypt) == ALL_WELL
    assert slow.saw_stop
    by_manager = version != "7_1"  # which knows no descriptors: tedious sends statements instead
    assert ("commit" in sql.sessions[0].asked) == by_manager


def test_tedious_refuses_a_server_that_forces_what_it_was_told_not_to_do(
    serve: Any, sql: Any, login: tuple[str, str]
) -> None:
    assert drive(serve(encryption="required"), login, encrypt=False) == {"failed": "EENCRYPT"}
    assert sql.sessions == []
