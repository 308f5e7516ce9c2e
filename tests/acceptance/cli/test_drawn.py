"""What follows from an operation's fields: options, help, completion. And what --verbose adds."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal

import pytest

from commands.asking import submit_command
from domain.operation import Operation, Target, Traits
from domain.text import Text

_NOTE = Text("说明", "A sentence about it")


@dataclass(frozen=True, kw_only=True)
class Sample(Operation):
    """Do something with every kind of parameter."""

    name: ClassVar[str] = "sample"
    title: ClassVar[Text] = Text("样例", "Sample")
    traits: ClassVar[Traits] = Traits(target=Target.ENVIRONMENT, takes=timedelta(minutes=1))
    notes: ClassVar[dict[str, Text]] = dict.fromkeys(("how", "most_rows", "share", "dry", "label"), _NOTE)

    label: str
    how: Literal["fast", "slow"] = "slow"
    most_rows: int = field(default=10, metadata={"min": 1})
    share: float = 0.5
    dry: bool = False


def _parsed(*words: str) -> dict[str, Any]:
    context = submit_command("sample", Sample).make_context("sample", ["acme/prod", *words])
    return {k.removeprefix("param_"): v for k, v in context.params.items() if k.startswith("param_")}


@pytest.mark.req("CARD-6")
def test_each_field_is_an_option_with_its_type() -> None:
    given = _parsed("--label", "x", "--how", "fast", "--most-rows", "7", "--share", "0.25", "--dry")
    assert given == {"label": "x", "how": "fast", "most_rows": 7, "share": 0.25, "dry": True}


def test_what_is_not_given_is_left_to_the_operations_own_default() -> None:
    assert set(_parsed().values()) == {None}
    assert _parsed("--no-dry")["dry"] is False


def test_a_word_that_is_no_number_is_left_for_the_intake_to_name() -> None:
    wrong = {"most_rows": "many", "how": "sideways"}
    assert _parsed("--most-rows", "many", "--how", "sideways") == {**_parsed(), **wrong}


def test_the_help_says_each_parameter_with_its_default() -> None:
    text = submit_command("sample", Sample).get_help(submit_command("sample", Sample).make_context("sample", ["p"]))
    assert "Do something with every kind of parameter." in text
    assert "--how fast|slow" in text
    assert text.count("A sentence about it") == 5
    assert "[10]" in text


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("request submit iis-restart led", {"ledger-test/prod", "ledger-test/shared"}),
        ("request submit iis", {"iis-restart"}),
        ("request submit iis-restart ledger-test/prod --order one", {"one-by-one"}),
        ("wor", {"worker"}),
    ],
)
def test_the_shell_completes_commands_operations_places_and_words(site: Any, words: str, wanted: set[str]) -> None:
    environment = {
        **os.environ,
        **site.environment,
        "_YUNWEI_COMPLETE": "bash_complete",
        "COMP_WORDS": f"yunwei {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    command = [sys.executable, "-P", "-m", "cli"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert {line.split(",", 1)[1] for line in run.stdout.splitlines() if line} == wanted
    assert run.stderr == ""


def test_completion_without_an_estate_offers_nothing_and_says_nothing(site: Any) -> None:
    site.estate.unlink()
    test_the_shell_completes_commands_operations_places_and_words(site, "request submit iis-restart led", set())


def test_verbose_writes_events_as_json_lines_on_standard_error(site: Any) -> None:
    answer = site.run("user", "add", "new", "--role", "operator", "--verbose", "--json")
    assert answer.data["name"] == "new"
    lines = [json.loads(line) for line in answer.err.splitlines()]
    assert any(line["message"] == "user-changed" and line["facts"]["name"] == "new" for line in lines)


def test_the_options_of_yunwei_may_stand_before_and_after_the_command(site: Any) -> None:
    before = site.run("--json", "--as", "otto", "place", "list")
    after = site.run("place", "list", "--json", "--as", "otto")
    assert before.data == after.data
    assert [p["path"] for p in after.data["items"]] == ["other/prod"]


def test_the_language_follows_the_environment(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YUNWEI_LANG")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "没有运维单 9" in site.run("request", "show", "9").err
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "There is no request 9" in site.run("request", "show", "9").err
