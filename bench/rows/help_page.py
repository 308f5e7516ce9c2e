"""How long `yunwei --help` takes, as a person at a terminal feels it; beside it `huey_consumer --help`."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.rows import Run
from bench.site import ROOT

LONGEST_S = 30.0


def measure(run: Run) -> Iterator[Figure]:
    programs = Path(sys.executable).parent
    for peer, command in (("ours", programs / "yunwei"), ("huey", programs / "huey_consumer")):
        taken = [_milliseconds(command) for _ in range(run.scale.helps)]
        detail = {"runs": len(taken), "min": min(taken), "max": max(taken)}
        yield Figure(row="help", peer=peer, store="any", value=median(taken), detail=detail)


def _milliseconds(command: Path) -> float:
    started = time.perf_counter()
    subprocess.run([command, "--help"], cwd=ROOT, check=True, timeout=LONGEST_S, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - started)
