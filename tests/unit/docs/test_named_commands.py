"""What the documents tell people to type exists: commands, options, addresses of the API, figures."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from fastapi import FastAPI

from cli import yunwei
from portal.app import _api

ROOT: Final = Path(__file__).parents[3]
DOCS: Final = ROOT / "docs"
PAGES: Final = [p for p in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))) if "decisions" not in p.parts]
_LINE: Final = re.compile(r"^(?:export .*\n)?(yunwei(?: .*)?)$", re.MULTILINE)


def _commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
        spans = re.findall(r"`(yunwei [^`\n]*)`", text)
        yield from ((page.name, line) for block in blocks for line in _LINE.findall(block))
        yield from ((page.name, span) for span in spans)


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_a_command_that_is_named_exists_with_its_options(page: str, line: str) -> None:
    assert _wrong(shlex.split(line, comments=True)[1:]) is None, f"{page}: {line}"


def _wrong(words: list[str]) -> str | None:
    """The first word that the command line would not understand."""
    command: click.Command = yunwei
    context = click.Context(yunwei, info_name="yunwei")
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word.startswith("-"):
            option = _option(command, context, word)
            if option is None:
                return word
            del waiting[: 0 if option.is_flag else 1]
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            if found is None:
                return word
            command, context = found, click.Context(found, parent=context, info_name=word)
    return None


def _option(command: click.Command, context: click.Context, word: str) -> click.Option | None:
    if word in ("-h", "--help"):
        return click.Option(["--help"], is_flag=True)
    if word == "--folder" and command.name == "up":  # the lab's own option, which `yunwei lab up` hands on
        return click.Option(["--folder"])
    params = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    return next((p for p in params if word in (*p.opts, *p.secondary_opts)), None)


@pytest.mark.parametrize(
    "line",
    ["yunwei request sbumit iis-restart a/b", "yunwei request list --sate pending", "yunwei lab down"],
)
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    assert _wrong(shlex.split(line)[1:]) is not None


def test_every_address_that_is_named_is_served() -> None:
    app = FastAPI()
    app.include_router(_api())
    served = [_pattern(template) for template in app.openapi()["paths"]]
    text = (DOCS / "portal-developer.md").read_text(encoding="utf-8")
    named = {f"/api/v1{path}" for path in re.findall(r"\$API(/[a-z0-9/]+)", text)}
    named |= set(re.findall(r"(/api/v1/[a-z0-9/.]+[a-z0-9])", text)) - {"/api/v1/openapi.json"}
    assert len(named) > 10
    assert [path for path in named if not any(p.fullmatch(path) for p in served)] == []


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template)))


def test_every_figure_that_is_named_is_measured() -> None:
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "portal").glob("*.py"))
    named = set(re.findall(r"`(yunwei_[a-z_]+)", (DOCS / "operating.md").read_text(encoding="utf-8")))
    assert named
    assert [n for n in named if f'"{n.removesuffix("_total")}"' not in sources] == []
