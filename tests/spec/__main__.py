"""Which requirement has a passing test: runs the suite, then counts. `python -m tests.spec [--last] [-- pytest args]`.

Without `--last` the whole suite is run and its outcomes are recorded under .cache/spec; `--last` only reads what the
last run recorded, and says when that was. Exit 1: a required requirement has no passing test, one of its tests
failed, or nothing was recorded.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
RECORD: Final = ROOT / ".cache" / "spec"
LIST: Final = Path(__file__).with_name("requirements.txt")
TIMEOUT_S: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One line of requirements.txt."""

    id: str
    title: str
    required: bool


def main() -> int:
    """Run or read, count, print."""
    asked = _arguments()
    if not asked.last:
        _run(asked.pytest)
    rows = recorded(RECORD)
    lines, good = report(requirements(), rows)
    print("\n".join([*lines, "", _age(), _verdict(rows, good)]))  # noqa: T201  printing is its work
    return 0 if good and rows else 1


def requirements() -> list[Requirement]:
    """All requirements, in the order of the specification."""
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    parts = [(line[0], *line[2:].split(" ", 1)) for line in lines]
    return [Requirement(id=id_, title=title, required=mark == "*") for mark, id_, title in parts]


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The outcomes of all processes of one run."""
    return [row for file in sorted(folder.glob("*.json")) for row in json.loads(file.read_text(encoding="utf-8"))]


def report(wanted: list[Requirement], rows: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """A line for each requirement, and whether every required one is proven and none of its tests failed."""
    passed, failed = _count(rows)
    unknown = sorted((passed.keys() | failed.keys()) - {w.id for w in wanted})
    lines = [
        f"{_mark(w, passed[w.id], failed[w.id])} {w.id:8} {_figures(w.id, passed, failed)} {w.title}" for w in wanted
    ]
    lines += [f"FAIL {u:8} is no requirement of the specification" for u in unknown]
    return lines, not any(line.startswith("FAIL") for line in lines)


def _count(rows: list[dict[str, Any]]) -> tuple[defaultdict[str, int], defaultdict[str, int]]:
    passed: defaultdict[str, int] = defaultdict(int)
    failed: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        for requirement in row["req"]:
            passed[requirement] += row["outcome"] == "passed"
            failed[requirement] += row["outcome"] == "failed"
    return passed, failed


def _mark(wanted: Requirement, passed: int, failed: int) -> str:
    if failed or (wanted.required and not passed):
        return "FAIL"
    return " ok " if passed else "  - "


def _figures(id_: str, passed: dict[str, int], failed: dict[str, int]) -> str:
    return f"{passed[id_]:4} passed" + (f", {failed[id_]} failed" if failed[id_] else "")


def _run(more: list[str]) -> None:
    shutil.rmtree(RECORD, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *more]
    environment = {**os.environ, "YUNWEI_SPEC_RECORD": str(RECORD)}
    subprocess.run(command, cwd=ROOT, env=environment, timeout=TIMEOUT_S, check=False)


def _age() -> str:
    newest = max((f.stat().st_mtime for f in RECORD.glob("*.json")), default=None)
    if newest is None:
        return "No run was recorded; run python -m tests.spec"
    at = datetime.datetime.fromtimestamp(newest, datetime.UTC)
    return f"Recorded {at:%Y-%m-%d %H:%M:%S} UTC."


def _verdict(rows: list[dict[str, Any]], good: bool) -> str:
    outcomes = [r["outcome"] for r in rows]
    figures = ", ".join(f"{outcomes.count(o)} {o}" for o in sorted(set(outcomes)))
    word = "Every required requirement is proven." if good and rows else "NOT PROVEN: see the lines marked FAIL."
    return f"{len(rows)} tests: {figures}. {word}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--last", action="store_true", help="read the last recorded run instead of running the suite")
    parser.add_argument("pytest", nargs="*", help="what pytest is to run, after --")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
