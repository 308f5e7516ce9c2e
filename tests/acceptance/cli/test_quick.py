"""`yunwei --help` is quick because it imports nothing that it does not need; and every command explains itself."""

import subprocess
import sys

import pytest

import cli

HEAVY = (
    "sqlalchemy",
    "alembic",
    "fastapi",
    "starlette",
    "uvicorn",
    "huey",
    "rich",
    "winrm",
    "requests",
    "yaml",
    "psycopg",
)
_WATCH = """
import sys
import cli
code = cli.main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.write(" ".join(sys.modules))
sys.exit(code)
"""


def _modules(*words: str) -> set[str]:
    run = subprocess.run([sys.executable, "-c", _WATCH, *words], capture_output=True, text=True, check=True, timeout=60)
    return set(run.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("request", "--help"), ("worker", "--help")])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    _check_nothing_heavy(_modules(*words))


def test_a_command_that_needs_the_store_would_be_found() -> None:
    with pytest.raises(AssertionError, match="sqlalchemy"):
        _check_nothing_heavy({"cli", "sqlalchemy.engine", "click"})


def test_the_list_of_commands_imports_no_command() -> None:
    assert {m for m in _modules("--help") if m.startswith("commands.")} == {"commands.lazy"}


def _check_nothing_heavy(modules: set[str]) -> None:
    found = {m for m in modules if m.split(".")[0] in HEAVY}
    assert not found, f"imported for --help: {sorted(found)[:5]}"


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help_that_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: yunwei ")
    assert len(text.splitlines()) > 4


def test_no_command_at_all_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "request" in capsys.readouterr().err


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reqest"]) == 2
    assert "request" in capsys.readouterr().err
