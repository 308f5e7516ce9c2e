"""The count of proofs tells the truth: no test, a failing one, or an unknown id is said aloud."""

import json
from pathlib import Path

from tests.spec.__main__ import Requirement, recorded, report, requirements

WANTED = [
    Requirement(id="A-1", title="must", required=True),
    Requirement(id="A-2", title="may", required=False),
]


def row(outcome: str, *ids: str) -> dict[str, object]:
    return {"test": "t", "outcome": outcome, "req": list(ids)}


def test_a_required_one_without_a_passing_test_is_not_proven() -> None:
    for rows in ([], [row("passed", "A-2")], [row("skipped", "A-1")]):
        lines, good = report(WANTED, rows)
        assert not good
        assert lines[0].startswith("FAIL A-1")


def test_one_passing_test_proves_and_one_failing_one_undoes_it() -> None:
    assert report(WANTED, [row("passed", "A-1")])[1]
    assert not report(WANTED, [row("passed", "A-1"), row("failed", "A-1")])[1]
    assert not report(WANTED, [row("passed", "A-1"), row("failed", "A-2")])[1]


def test_a_mark_with_an_unknown_id_is_a_mistake() -> None:
    lines, good = report(WANTED, [row("passed", "A-1", "A-9")])
    assert not good
    assert "A-9" in lines[-1]


def test_the_records_of_several_processes_are_one(tmp_path: Path) -> None:
    for name in ("gw0", "gw1"):
        (tmp_path / f"{name}.json").write_text(json.dumps([row("passed", "A-1")]), encoding="utf-8")
    assert len(recorded(tmp_path)) == 2


def test_the_list_has_every_requirement_once_and_those_of_this_version_marked() -> None:
    listed = requirements()
    assert len({r.id for r in listed}) == len(listed) > 80
    assert sum(r.required for r in listed) == 53
