"""Our plain names at the root are ours alone: no stranger's package and no standard module hides behind one."""

import importlib.util
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]


def our_names() -> set[str]:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return {p.split(".")[0] for p in tool["packages"]} | set(tool["py-modules"])


def test_each_of_our_names_belongs_to_our_distribution_alone() -> None:
    owners = packages_distributions()
    strangers = {name: owners[name] for name in our_names() if set(owners.get(name, [])) - {"yunwei"}}
    assert strangers == {}


def test_none_of_our_names_is_one_of_the_standard_library() -> None:
    assert our_names() & set(sys.stdlib_module_names) == set()


def test_each_of_our_names_is_found_under_this_repository() -> None:
    for name in our_names():
        spec = importlib.util.find_spec(name)
        assert spec is not None, name
        assert spec.origin is not None, name
        assert Path(spec.origin).is_relative_to(ROOT), f"{name} comes from {spec.origin}"


def test_every_folder_with_code_is_in_the_package_list_and_nothing_else_is() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    listed = set(tool["packages"])
    folders = {
        f.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for name in {p.split(".")[0] for p in listed}
        for f in (ROOT / name).rglob("__init__.py")
    }
    assert folders == listed
    assert "tests" not in listed
