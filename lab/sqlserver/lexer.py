"""T-SQL's words: tokens with their place and line."""

import re
from dataclasses import dataclass

from lab.sqlserver.errors import SqlError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[Nn]?'(?:[^']|'')*')
  | (?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
  | (?P<variable>@@?[\w#$@]+)
  | (?P<number>0[xX][0-9a-fA-F]*|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)
  | (?P<word>[#\w\u4e00-\u9fff][\w#$@]*)
  | (?P<punct><>|<=|>=|!=|!<|!>|\+=|-=|\*=|/=|::|[-+*/%=<>(),.;&|^~:{}!])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word. `value` is without quotes; `upper` is for comparing key words (empty for quoted names and strings)."""

    kind: str
    raw: str
    value: str
    line: int
    start: int
    end: int
    upper: str = ""


def tokens_of(text: str) -> list[Token]:
    """All tokens but white space and comments. Raises SqlError 105 and 102."""
    found: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at, line)
        end = _comment_end(text, at) if match.lastgroup == "comment" else match.end()
        if match.lastgroup not in ("space", "comment"):
            found.append(_token(match.lastgroup or "", match.group(), line, at))
        line += text.count("\n", at, end)
        at = end
    return found


def _token(kind: str, raw: str, line: int, start: int) -> Token:
    upper = raw.upper() if kind in ("word", "punct") else ""
    return Token(kind=kind, raw=raw, value=_value(kind, raw), line=line, start=start, end=start + len(raw), upper=upper)


def _value(kind: str, raw: str) -> str:
    if kind == "string":
        return raw[raw.index("'") + 1 : -1].replace("''", "'")
    if kind == "quoted":
        return raw[1:-1].replace(raw[-1] * 2, raw[-1])
    return raw


def _comment_end(text: str, at: int) -> int:
    """Comments nest in T-SQL."""
    depth = 0
    for match in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if match.group() == "/*" else -1
        if not depth:
            return at + match.end()
    return len(text)


def _unreadable(text: str, at: int, line: int) -> SqlError:
    rest = text[at:]
    error = SqlError(105, rest.lstrip("Nn'")[:128]) if re.match(r"[Nn]?'", rest) else SqlError(102, rest[0])
    error.line = line
    return error
