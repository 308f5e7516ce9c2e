"""However a run ends, nothing that it started outlives it."""

import json
import subprocess
import sys

import psutil
import pytest

from tests.chaos.processes import ROOT, wait_until

RUN = """
import json, sys, threading
from pathlib import Path
from tests.chaos.leash import Leash
from tests.chaos.processes import Running

sleeper = Running(Leash(), "sleeper", ["sleep", "600"], Path(sys.argv[1]))
if sys.argv[2] == "frozen":
    sleeper.freeze()
print(json.dumps(sleeper.pid), flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("how", ["running", "frozen"])
def test_what_a_run_started_is_gone_when_the_run_was_killed(tmp_path: object, how: str) -> None:
    command = [sys.executable, "-c", RUN, f"{tmp_path}/log", how]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout
        sleeper = psutil.Process(json.loads(run.stdout.readline()))
        run.kill()
    wait_until(lambda: not _lives(sleeper), 20.0, "the sleeper is gone")


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
