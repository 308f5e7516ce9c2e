"""What a command answers: sentences and tables for people, JSON for programs. Never both on one stream."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TextIO

from domain.text import Language, Text

Label = Text | str
LONGEST_CELL: Final = 2000


class Screen:
    """Standard output in one language. With `json` each answer is one line of JSON, and nothing else is written."""

    def __init__(self, language: Language, *, json: bool, out: TextIO | None = None) -> None:
        self.language: Language = language
        self.json = json
        self._out = out or sys.stdout

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches: tables are drawn, a progress bar moves, questions may be asked."""
        return not self.json and self._out.isatty() and sys.stdin.isatty()

    def of(self, label: Label | dict[str, str]) -> str:
        """The text in this screen's language."""
        if isinstance(label, dict):
            return clean(label.get(self.language, ""))
        return label.to(self.language) if isinstance(label, Text) else label

    def say(self, zh: str, en: str) -> None:
        """A sentence for people."""
        if not self.json:
            self.line(zh if self.language == "zh" else en)

    def line(self, text: str) -> None:
        """A line for people, as it is."""
        if not self.json:
            self._out.write(clean(text) + "\n")
            self._out.flush()

    def data(self, answer: Any) -> None:
        """The answer for programs."""
        if self.json:
            self._out.write(json.dumps(answer, ensure_ascii=False, default=_plain) + "\n")
            self._out.flush()

    def table(self, heads: Sequence[Label], rows: Iterable[Sequence[object]]) -> None:
        """Drawn to fit a terminal; tab-separated without heads into a pipe."""
        if self.json:
            return
        cells = [[_cell(c) for c in row] for row in rows]
        if self.is_terminal:
            self._draw([self.of(h) for h in heads], cells)
            return
        for row in cells:
            self._out.write("\t".join(row) + "\n")
        self._out.flush()

    def _draw(self, heads: list[str], rows: list[list[str]]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text as Styled

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for head in heads:
            table.add_column(Styled(head), overflow="fold")
        for row in rows:
            table.add_row(*(Styled(cell) for cell in row))
        Console(file=self._out, highlight=False).print(table)


def clean(text: str) -> str:
    """Text that cannot steer a terminal: control characters become visible. Hosts and users write into our output."""
    return "".join(c if c == "\n" or c.isprintable() else "\ufffd" for c in text.replace("\t", " "))


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return clean(text).replace("\n", " ")[:LONGEST_CELL]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
