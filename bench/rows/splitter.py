"""How fast a script is split into batches, and in how much memory: from a file's bytes, in a process of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import Figure
from bench.rows import Run
from bench.site import ROOT

LONGEST_S = 300.0
# What tenants send: batches of some forty statements, with names, strings, comments and Chinese.
BATCH = (
    "/* 账套 [x] 'y' */\r\nSET NOCOUNT ON;\r\n"
    + "UPDATE [dbo].[T_BD_ITEM] SET FNAME = N'甲''s', \"F2\" = 1 - 2 / 3 WHERE FID = 12345 -- 'why'\r\n" * 40
    + "GO\r\n"
)


def measure(run: Run) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"1": 1_000_000, "100": run.scale.script_bytes}
        samples = {name: _samples(Path(folder), size, run.scale.repeats) for name, size in sizes.items()}
    for name, taken in samples.items():
        detail = {"samples": taken}
        yield _figure(f"splitter.rate.{name}", median(s["mb_per_s"] for s in taken), detail)
    for name, taken in samples.items():
        yield _figure(f"splitter.memory.{name}", median(s["grown_mib"] for s in taken), {"samples": taken})


def _figure(row: str, value: float, detail: dict[str, Any]) -> Figure:
    return Figure(row=row, peer="ours", store="any", value=value, detail=detail)


def _samples(folder: Path, size: int, repeats: int) -> list[dict[str, float]]:
    script = folder / f"{size}.sql"
    script.write_bytes(BATCH.encode() * (size // len(BATCH.encode()) or 1))
    return [_split_alone(script) for _ in range(repeats)]


def _split_alone(script: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.splitting", str(script)]
    done = subprocess.run(command, cwd=ROOT, check=True, timeout=LONGEST_S, stdout=subprocess.PIPE)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
