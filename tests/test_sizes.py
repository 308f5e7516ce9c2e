"""Small, and measured: functions stop at 50 lines, product files at 300; names that say nothing are out."""

import ast
from pathlib import Path

from tests.test_imports import ROOT, product_files

MOST_LINES = 300
MOST_LINES_OF_FUNCTION = 50
BANNED = {"utils", "util", "helpers", "helper", "manager", "common", "core", "models", "misc"}


def long_functions(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(n.name, (n.end_lineno or n.lineno) - n.lineno + 1) for n in functions]
    return [f"{file.name}: {name} has {length} lines" for name, length in lengths if length > MOST_LINES_OF_FUNCTION]


def test_no_function_is_longer_than_fifty_lines() -> None:
    files = [*product_files(), *sorted((ROOT / "tests").rglob("*.py"))]
    assert [line for file in files for line in long_functions(file)] == []


def test_no_product_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {f.relative_to(ROOT).as_posix(): len(f.read_text(encoding="utf-8").splitlines()) for f in product_files()}
    assert {f: n for f, n in lengths.items() if n > MOST_LINES} == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    named = {part for f in product_files() for part in (*f.relative_to(ROOT).parent.parts, f.stem)}
    assert named & BANNED == set()


def test_every_product_module_says_what_it_is() -> None:
    silent = [
        f.relative_to(ROOT).as_posix()
        for f in product_files()
        if f.stat().st_size and not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_a_long_function_would_be_noticed(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text("def f():\n" + "    x = 1\n" * 50, encoding="utf-8")
    assert long_functions(file) == ["long.py: f has 51 lines"]
