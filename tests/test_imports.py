"""Imports point inward, and a library is imported only where it belongs. A failure names the file and the arrow."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.decision import Moment
from policies import ASKED
from policies.cutoffs import before_cutoff
from policies.quotas import within_quota
from policies.windows import outside_windows

ROOT = Path(__file__).parents[1]
INWARD = {
    "domain",
    "tsql",
    "media",
    "inventory",
    "policies",
    "playbooks",
    "executors",
    "runner",
    "messages",
    "intake",
    "portal",
}
MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "tsql": {"domain"},
    "media": {"domain"},
    "policies": {"domain"},
    "playbooks": {"domain"},
    "inventory": {"domain"},
    # The database server's executor splits scripts; the exchange folder's judges packages where they lie.
    "executors": {"domain", "tsql", "media"},
    "runner": {"domain", "policies"},
    "messages": {"domain", "runner"},
    "intake": {"domain", "tsql", "media", "inventory", "policies", "playbooks", "runner", "messages"},
    "portal": {"domain", "intake", "runner"},
    # The command line draws itself from the operations, opens the product through wiring and speaks to the intake;
    # `demo` and `lab` start the lab.
    "commands": {"domain", "inventory", "playbooks", "intake", "runner", "portal", "wiring", "lab"},
    "cli": {"commands", "domain", "wiring"},
    "wiring": INWARD,
    "lab": set(),
}
LAB_STARTERS = ("commands/demo", "commands/lab")
HOME_OF: dict[str, tuple[str, ...]] = {
    "winrm": ("executors",),
    "requests": ("executors", "commands", "lab"),
    "pymssql": ("executors",),
    "pytds": ("executors",),
    "boto3": ("executors",),
    "botocore": ("executors",),
    "sqlglot": ("lab",),
    "smtplib": ("messages/mail.py",),
    "huey": ("runner/bell.py",),
    "redis": ("runner/bell.py",),
    "sqlalchemy": ("runner/store", "intake/read.py"),
    "alembic": ("runner/store/migrations", "runner/store/migrate.py"),
    "psycopg": ("runner/server_clock.py", "runner/store", "runner/bell.py"),
    "fastapi": ("portal", "wiring.py"),
    "starlette": ("portal",),
    "prometheus_client": ("portal",),
    "uvicorn": ("commands", "portal"),
    "click": ("cli.py", "commands"),
    "rich": ("commands",),
    "yaml": ("inventory", "lab"),
    "spnego": ("lab",),
    "cryptography": ("executors/mssql_tls.py", "lab"),
    "OpenSSL": ("executors/mssql_tls.py",),
    "certifi": ("executors",),
}


def product_files() -> list[Path]:
    return [f for name in MAY_IMPORT for f in files_of(ROOT, name)]


def files_of(root: Path, name: str) -> list[Path]:
    return sorted((root / name).rglob("*.py")) if (root / name).is_dir() else [root / f"{name}.py"]


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def wrong_arrows(root: Path) -> list[str]:
    found = []
    for name, allowed in MAY_IMPORT.items():
        for file in files_of(root, name):
            found += _wrong_in(file.relative_to(root).as_posix(), name, allowed, set(imported(file)))
    return found


def _wrong_in(path: str, name: str, allowed: set[str], modules: set[str]) -> list[str]:
    ours = {m.split(".")[0] for m in modules} & MAY_IMPORT.keys() - {name}
    if not path.startswith(LAB_STARTERS):
        allowed = allowed - {"lab"}
    wrong = sorted(ours - allowed)
    found = [f"{path} imports {wrong}; it may import {sorted(allowed)}"] if wrong else []
    relative = sorted(m for m in modules if m.startswith("."))
    return found + [f"{path} imports {m}; imports are absolute" for m in relative]


def test_every_import_points_inward() -> None:
    assert wrong_arrows(ROOT) == []


def test_an_arrow_that_points_outward_is_named_with_its_file(tmp_path: Path) -> None:
    for name in MAY_IMPORT:
        (tmp_path / name).mkdir()
    (tmp_path / "policies" / "windows.py").write_text("def f():\n    from executors.winrm import x\n", encoding="utf-8")
    (tmp_path / "runner" / "engine.py").write_text("import lab.host\nfrom . import store\n", encoding="utf-8")
    (tmp_path / "intake" / "fine.py").write_text("from runner.moves import move\nimport json\n", encoding="utf-8")
    found = wrong_arrows(tmp_path)
    assert "policies/windows.py imports ['executors']; it may import ['domain']" in found
    assert "runner/engine.py imports ['lab']; it may import ['domain', 'policies']" in found
    assert len(found) == 3


@pytest.mark.req("CARD-2")
def test_a_library_is_imported_only_where_it_belongs() -> None:
    assert [line for file in product_files() for line in strays(file)] == []


def strays(file: Path) -> list[str]:
    path = file.relative_to(ROOT).as_posix()
    libraries = sorted({m.split(".")[0] for m in imported(file)} & HOME_OF.keys())
    wrong = [name for name in libraries if not path.startswith(HOME_OF[name])]
    return [f"{path} imports {name}, which belongs in {HOME_OF[name]}" for name in wrong]


def test_the_pure_folders_import_the_standard_library_and_our_own_only() -> None:
    pure = {"domain", "tsql", "media", "policies", "playbooks"}
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for name in pure
        for file in files_of(ROOT, name)
        for module in imported(file)
        if module.split(".")[0] not in sys.stdlib_module_names | pure
    ]
    assert wrong == []


@pytest.mark.req("CARD-2")
def test_the_libraries_of_the_card_that_are_used_are_dependencies_and_do_their_work_in_their_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {d.split(">")[0].split("[")[0] for d in project["dependencies"]}
    for distribution, module, place in (
        ("pywinrm", "winrm", "executors"),
        ("huey", "huey", "runner"),
        ("click", "click", "commands"),
    ):
        assert distribution in declared
        users = [f for f in files_of(ROOT, place) if module in {m.split(".")[0] for m in imported(f)}]
        assert users, f"nothing in {place} imports {module}"


@pytest.mark.req("CARD-1")
def test_the_top_level_is_the_cards() -> None:
    for name in ("playbooks", "runner", "executors", "inventory", "policies", "tests"):
        assert (ROOT / name).is_dir(), name
    for name in ("cli.py", "pyproject.toml"):
        assert (ROOT / name).is_file(), name


@pytest.mark.req("CARD-4")
def test_windows_quotas_and_cutoffs_are_policy_modules_that_are_asked() -> None:
    assert {outside_windows, within_quota} <= set(ASKED[Moment.SUBMIT])
    assert before_cutoff in ASKED[Moment.CANCEL]
    assert outside_windows in ASKED[Moment.START]
