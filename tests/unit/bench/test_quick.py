"""The benchmark program runs, and its document has the shape that its readers rely on. The numbers are not judged."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.figures import at_share
from bench.table import table
from bench.targets import TARGETS

ROOT = Path(__file__).resolve().parents[3]
LONGEST_S = 240.0


@pytest.fixture(scope="module")
def document() -> Any:
    """What `python -m bench --quick` prints for a few rows, on SQLite."""
    command = [sys.executable, "-m", "bench", "--quick", "--store", "sqlite", "--only", "latency,rate,skew,help"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=LONGEST_S)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout)


def test_standard_output_is_one_document_that_says_what_ran_where(document: Any) -> None:
    assert document["format"] == 1
    assert document["quick"] is True
    assert document["failures"] == {}
    assert document["machine"]["cpus"] >= 1
    assert "synchronous=FULL" in document["stores"]["sqlite"]


def test_every_row_asked_for_has_our_number_beside_bare_hueys(document: Any) -> None:
    names = {row["name"] for row in document["rows"]}
    assert names == {
        *("latency.p50", "latency.p99", "rate", "skew.p50", "skew.p99", "burst.last", "early", "help"),
    }
    for row in document["rows"]:
        (store,) = row["ours"]
        assert row["ratios"]["to_huey"][store] == pytest.approx(row["ours"][store] / row["huey"][store], rel=0.01)


def test_a_row_says_whether_its_target_is_met(document: Any) -> None:
    for row in document["rows"]:
        target = TARGETS[row["name"]]
        for store, value in row["ours"].items():
            if target.limits:
                assert row["met_on"][store] is target.met(store, value)
        assert row["met"] is (all(row["met_on"].values()) if row["met_on"] else None)


def test_no_job_of_ours_ran_twice_and_none_too_early(document: Any) -> None:
    rows = {row["name"]: row for row in document["rows"]}
    assert rows["rate"]["detail"]["ours"]["sqlite"]["doubled"] == 0
    assert rows["early"]["ours"]["sqlite"] >= 0


def test_the_table_has_a_line_for_each_row(document: Any) -> None:
    lines = table(document).splitlines()
    for row in document["rows"]:
        assert any(line.startswith(f"| `{row['name']}` |") for line in lines)
    assert any("its numbers mean nothing" in line for line in lines)


def test_an_unknown_row_is_refused_with_the_names_there_are() -> None:
    command = [sys.executable, "-m", "bench", "--only", "speed"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"unknown: speed" in done.stderr
    assert b"latency" in done.stderr


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.95, 10), (0.99, 10), (0.1, 1), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert at_share([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected
