"""Every operation is whole: described, planned as its cases say, and in the CLI, the API and the manual at once."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from domain.catalog import Catalog
from domain.command import Together
from domain.operation import Operation, Step
from domain.parameters import schema
from playbooks import OPERATIONS
from tests.plan_cases import cases, steps_of

ROOT = Path(__file__).parents[1]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)


@every_operation
def test_an_operation_says_what_it_is_and_what_each_parameter_means(operation: type[Operation]) -> None:
    assert (operation.__doc__ or "").strip()
    assert operation.title.zh
    assert operation.title.en
    assert set(operation.notes) == {f.name for f in fields(operation)}
    assert all(note.zh and note.en for note in operation.notes.values())
    assert set(schema(operation)["properties"]) == set(operation.notes)


@every_operation
@pytest.mark.req("CORE-7")
def test_an_operation_plans_what_its_cases_say(operation: type[Operation]) -> None:
    files = cases(operation.name)
    assert files, f"there is no plan case in tests/plans/{operation.name}"
    for file in files:
        case = json.loads(file.read_text(encoding="utf-8"))
        assert case["steps"], f"{file.name} expects no step"
        assert steps_of(case, operation.name) == case["steps"], f"{file.name}; see python -m tests.plan_cases"


@every_operation
@pytest.mark.req("CORE-1")
def test_every_destructive_step_can_be_looked_at_and_every_key_is_its_own(operation: type[Operation]) -> None:
    for file in cases(operation.name):
        steps = [Step.from_data(s) for s in json.loads(file.read_text(encoding="utf-8"))["steps"]]
        assert len({s.key for s in steps}) == len(steps)
        for step in (s for s in steps if s.destructive):
            assert step.look is not None, step.key
            sent = step.do.commands if isinstance(step.do, Together) else (step.do,)
            assert all(getattr(c, "fence", "") for c in sent), f"{step.key} carries no token for its target"


@every_operation
@pytest.mark.req("CORE-6")
def test_what_only_tidies_up_comes_last_and_changes_nothing_that_counts(operation: type[Operation]) -> None:
    for file in cases(operation.name):
        steps = [Step.from_data(s) for s in json.loads(file.read_text(encoding="utf-8"))["steps"]]
        tidying = [s.tidies for s in steps]
        assert tidying == sorted(tidying), file.name
        assert not tidying[0], file.name
        for step in (s for s in steps if s.tidies):
            assert (step.destructive, step.interruptible, step.undo) == (False, False, None), step.key


@pytest.mark.req("IIS-2")
def test_servers_are_restarted_in_their_order_each_proven_before_the_next() -> None:
    case = {"place": "ledger-test/prod", "params": {}}
    keys = [s["key"] for s in steps_of(case, "iis-restart")]
    acts = [k for k in keys if k.split(":")[0] in ("restart", "prove", "answer")]
    wanted = [f"{act}:{host}" for host in ("app1", "app2") for act in ("restart", "prove", "answer")]
    assert [k for k in acts if k in wanted] == wanted


def test_two_operations_of_one_name_stop_the_start() -> None:
    with pytest.raises(ValueError, match="two operations are called"):
        Catalog((OPERATIONS[0], OPERATIONS[0]))


NEW_OPERATION = '''"""Empty the caches of an environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from domain.command import Pause
from domain.operation import Operation, Step, Target, Traits
from domain.places import Place
from domain.text import Text


@dataclass(frozen=True, kw_only=True)
class ClearCache(Operation):
    """Empty an environment's application cache, one server after another."""

    name: ClassVar[str] = "clear-cache"
    title: ClassVar[Text] = Text("清理缓存", "Clear cache")
    traits: ClassVar[Traits] = Traits(target=Target.ENVIRONMENT, takes=timedelta(minutes=1), interrupts_users=False)
    notes: ClassVar[dict[str, Text]] = {"depth": Text("清理深度", "How deep to clean")}

    depth: int = 1

    def plan(self, place: Place) -> Iterator[Step]:
        for host in place.environment.app_hosts:
            title = Text(f"清理 {host.name}", f"Clear the cache of {host.name}")
            yield Step(key=f"clear:{host.name}", title=title, do=Pause(seconds=float(self.depth)), timeout_s=30.0)
'''
COPIED = (
    *(
        "domain",
        "media",
        "tsql",
        "policies",
        "playbooks",
        "inventory",
        "executors",
        "runner",
        "messages",
        "intake",
        "portal",
        "commands",
        "lab",
    ),
    *("docs", "tests/plans"),
)
COPIED_FILES = ("cli.py", "wiring.py", "tests/plan_cases.py", "tests/test_catalog.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product in a folder of its own, with one operation more: one file, one name in the tuple, one plan case."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "playbooks/clear_cache.py").write_text(NEW_OPERATION, encoding="utf-8")
    names = tmp_path / "playbooks/__init__.py"
    text = names.read_text(encoding="utf-8").replace("    RestartIIS,\n", "    RestartIIS,\n    ClearCache,\n")
    text = text.replace(
        "from playbooks.iis_restart", "from playbooks.clear_cache import ClearCache\nfrom playbooks.iis_restart"
    )
    names.write_text(text, encoding="utf-8")
    (tmp_path / "tests/plans/clear-cache").mkdir()
    case = {"place": "ledger-test/prod", "params": {"depth": 2}, "steps": []}
    (tmp_path / "tests/plans/clear-cache/two_hosts.json").write_text(json.dumps(case), encoding="utf-8")
    return tmp_path


def run(copy: Path, *words: str) -> Any:
    """Run our Python in the copy; the copy's own modules are found first."""
    environment = {"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(copy)}
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_operation_takes_one_file_one_name_and_one_case_and_all_the_rest_follows(copy: Path) -> None:
    run(copy, "-m", "tests.plan_cases")
    keys = [s["key"] for s in json.loads((copy / "tests/plans/clear-cache/two_hosts.json").read_text())["steps"]]
    assert keys == ["clear:app1", "clear:app2"]
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-o", "markers=req", *_OF_NEW)
    listed = json.loads(run(copy, "cli.py", "operation", "list", "--json"))["items"]
    assert {"clear-cache", *(o.name for o in OPERATIONS)} == {o["name"] for o in listed}
    (new,) = [o for o in listed if o["name"] == "clear-cache"]
    assert new["params"]["properties"]["depth"]["type"] == "integer"
    assert "--depth" in run(copy, "cli.py", "request", "check", "clear-cache", "--help")
    run(copy, "-m", "docs.draw")
    manual = (copy / "docs/operations/clear-cache.md").read_text(encoding="utf-8")
    assert "Empty an environment's application cache" in manual
    assert "depth" in manual


_OF_NEW = ("tests/test_catalog.py", "-k", "clear-cache")


def test_an_operation_without_its_plan_case_or_its_notes_is_found(copy: Path) -> None:
    file = copy / "playbooks/clear_cache.py"
    file.write_text(NEW_OPERATION.replace('{"depth": Text("清理深度", "How deep to clean")}', "{}"), encoding="utf-8")
    shutil.rmtree(copy / "tests/plans/clear-cache")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "markers=req", *_OF_NEW],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no plan case in tests/plans/clear-cache" in done.stdout
    assert "test_an_operation_says_what_it_is" in done.stdout
