"""The words of one batch, with their lines: what the review reads. Comments and white space are left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s++|--[^\r\n]*+)
    | (?P<comment>/\*)
    | (?P<string>[nN]?'(?:[^']++|'')*+'?)
    | (?P<bracketed>\[(?:[^\]]++|\]\])*+\]?)
    | (?P<quoted>"(?:[^"]++|"")*+"?)
    | (?P<number>[0-9][\w.]*+)
    | (?P<word>[^\W\d][\w@#$]*+|[@#][\w@#$]*+)
    | (?P<symbol>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_NESTING: Final = re.compile(r"/\*|\*/")


class Sort(Enum):
    """What a word is. A NAME is quoted and never a keyword; a WORD may be either."""

    WORD = auto()
    NAME = auto()
    STRING = auto()
    NUMBER = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Word:
    """`text` without its quotes, in lower case if it is a WORD; `line` counts from 1 within the batch."""

    sort: Sort
    text: str
    line: int

    def of(self, *texts: str) -> bool:
        """It is one of these keywords or symbols, and not a quoted name or a string that reads like one."""
        return self.sort in (Sort.WORD, Sort.SYMBOL) and self.text in texts

    @property
    def names(self) -> bool:
        """It can be a part of a name."""
        return self.sort in (Sort.WORD, Sort.NAME)


def words(batch: str) -> Iterator[Word]:
    """The batch's words in order. Never raises: what does not end, ends with the batch."""
    at, line, counted = 0, 1, 0
    while token := _TOKEN.match(batch, at):
        kind = token.lastgroup or ""
        at = _comment_end(batch, token.end()) if kind == "comment" else token.end()
        if kind in ("space", "comment"):
            continue
        line += _newlines(batch, counted, token.start())
        counted = token.start()
        yield Word(*_read(kind, token[0]), line)


def _comment_end(batch: str, at: int) -> int:
    depth = 1
    while depth and (mark := _NESTING.search(batch, at)):
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return len(batch) if depth else at


def _read(kind: str, text: str) -> tuple[Sort, str]:
    match kind:
        case "string":
            return Sort.STRING, text[text.index("'") + 1 :].removesuffix("'").replace("''", "'")
        case "bracketed":
            return Sort.NAME, text[1:].removesuffix("]").replace("]]", "]")
        case "quoted":
            return Sort.NAME, text[1:].removesuffix('"').replace('""', '"')
        case "number":
            return Sort.NUMBER, text
        case "word":
            return Sort.WORD, text.lower()
    return Sort.SYMBOL, text


def _newlines(text: str, start: int, end: int) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[start:end]))
