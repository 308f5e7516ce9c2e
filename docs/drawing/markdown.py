"""Markdown as the drawn pages need it: tables, paragraphs, spans of time."""

import inspect
from collections.abc import Iterable, Sequence
from datetime import timedelta

from domain.text import Text


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table. Cells are escaped; None and empty text become a dash."""
    lines = [heads, ["---"] * len(heads), *[[_cell(c) for c in row] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def section(title: str, *parts: str) -> str:
    """A second-level heading and what stands below it."""
    return f"## {title}\n\n" + "".join(parts)


def paragraph(text: str) -> str:
    """Text on one line: Markdown renderers break it as they like."""
    return " ".join(text.split()) + "\n\n"


def prose(of: object) -> str:
    """The docstring of something, its paragraphs kept."""
    parts = (inspect.getdoc(of) or "").split("\n\n")
    return "".join(paragraph(part) for part in parts)


def code(value: object) -> str:
    return f"`{value}`"


def both(text: Text) -> str:
    """Both languages of a sentence."""
    return f"{text.zh} / {text.en}"


def span(length: timedelta) -> str:
    """A length as people say it: `30 min`, `7 days`."""
    seconds = length.total_seconds()
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def yes(value: bool) -> str:
    return "yes" if value else "no"


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ") or "–"
