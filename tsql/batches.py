"""Split a T-SQL script into batches, as SSMS does: a lexer, streaming and linear (docs/tsql-batches.md has the rules).

GO is a word of the client, not of the language: it ends a batch only as the first word of a line, outside strings,
quoted names and comments. Whatever is in doubt is refused with its line before anything runs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from domain.text import Text

MOST_TIMES: Final = 2_147_483_647

# Possessive throughout: there is no way back, so time is linear. A comment that nests is not flat, and is counted out.
_FLAT: Final = r"/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"
# A stretch of text in which nothing can end a batch.
# Adjacent strings ('a''b') are as good as one with a doubled quote; only brackets need their doubling spelt out.
_QUIET: Final = re.compile(
    rf"""(?:
        [^'"\[\-/\r\n]++
      | (?:\r\n|\r|\n)(?![ \t]*+(?:[gG][oO]\b|:))
      | '[^']*+'
      | "[^"]*+"
      | \[[^\]]*+(?:\]\][^\]]*+)*+\]
      | --[^\r\n]*+
      | -(?!-)
      | /(?!\*)
      | {_FLAT}(?![ \t]*+[gG][oO]\b)
    )*+""",
    re.VERBOSE,
)
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
_GO: Final = re.compile(r"""[ \t]*+[gG][oO](?=[ \t\r\n$/\-'"(\[!;]|\Z)""")
_TAIL: Final = re.compile(r"[ \t]*+([0-9]*+)[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)")
_LINE: Final = re.compile(r"[^\r\n]*+")
_COMMAND: Final = re.compile(
    r"[ \t]*+(:!!|:(?:r|setvar|connect|out|error|perftrace|on[ \t]+error|list|listvar|reset|ed|exit|quit|xml|help"
    r"|serverlist)(?!\w))",
    re.IGNORECASE,
)
_COMMENTS: Final = re.compile(rf"(?:[ \t]++|{_FLAT})*+")
_NESTING: Final = re.compile(r"/\*|\*/")
_UNSENDABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CLOSING: Final = {
    "'": re.compile("[^']*+'"),
    '"': re.compile('[^"]*+"'),
    "[": re.compile(r"[^\]]*+(?:\]\][^\]]*+)*+\]"),
}


_CALLED: Final = {
    "'": Text("字符串", "string"),
    '"': Text("双引号名称或字符串", "double-quoted name or string"),
    "[": Text("方括号名称", "bracketed name"),
    "/*": Text("块注释", "block comment"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What is sent in one go: `text` unchanged, beginning on script line `line` (from 1), run `times` times."""

    text: str
    line: int
    times: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """Why a script cannot be split with certainty: the line (from 1), a stable code, and what to do."""

    line: int
    code: str
    text: Text


def split(chunks: Iterable[str]) -> Iterator[Batch | Flaw]:
    """The batches of a script in order, and every flaw. A script with any flaw must not be run at all.

    `chunks` are the script's text cut anywhere. Memory follows the longest batch, line or chunk, not the script.
    Batches of white space alone are left out; batches of comments alone are not, because SSMS sends them.
    """
    splitter = _Splitter()
    for piece in whole_lines(chunks):
        yield from splitter.feed(piece)
    yield from splitter.end()


def whole_lines(chunks: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that end with a line, so that no token but a string or a comment crosses a piece."""
    held: list[str] = []
    for chunk in chunks:
        cut = _after_last_line(chunk)
        if not cut:
            held.append(chunk)
            continue
        yield "".join([*held, chunk[:cut]])
        held = [chunk[cut:]]
    if rest := "".join(held):
        yield rest


def _after_last_line(chunk: str) -> int:
    """Where the last whole line ends. A carriage return at the very end may be half of a pair: it waits."""
    return max(chunk.rfind("\n") + 1, chunk.rfind("\r", 0, len(chunk) - 1) + 1)


class _Splitter:
    """One pass over the script. `_at` is where in the piece it stands, `_start` where the batch begins in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []  # the batch's text in earlier pieces
        self._began = 1  # the line on which the batch begins
        self._inside = ""  # what an earlier piece opened and did not close: ' " [ or /*
        self._opened = 0  # the line on which that was opened
        self._depth = 0  # how deep comments nest
        self._line, self._counted = 1, 0  # the line of position `_counted` in the piece
        self._piece, self._at, self._start = "", 0, 0
        self._line_start, self._looked = 0, 0  # the last newline before `_looked`, so that none is sought twice

    def feed(self, piece: str) -> Iterator[Batch | Flaw]:
        self._piece, self._at, self._start, self._counted, self._line_start, self._looked = piece, 0, 0, 0, 0, 0
        yield from self._unsendable()
        yield from self._close() if self._inside else self._line_words()
        while self._at < len(piece):
            quiet = _QUIET.match(piece, self._at)
            self._at = quiet.end() if quiet else self._at
            if self._at < len(piece):
                yield from self._loud()
        self._parts.append(piece[self._start :])
        self._line_of(len(piece))

    def end(self) -> Iterator[Batch | Flaw]:
        """What is left when the script ends."""
        if self._inside:
            yield _unclosed(self._opened, self._inside)
        self._piece, self._at, self._start = "", 0, 0
        yield from self._batch(1)

    def _unsendable(self) -> Iterator[Flaw]:
        plain = self._piece.isascii() and "\x00" not in self._piece
        if not plain and (found := _UNSENDABLE.search(self._piece)):
            yield _unsendable(self._line + _newlines(self._piece, 0, found.start()), found[0])

    def _loud(self) -> Iterator[Batch | Flaw]:
        """At a line that may hold a client's word, at a nested comment, or at what this piece does not close."""
        if newline := _NEWLINE.match(self._piece, self._at):
            self._at = newline.end()
            yield from self._line_words()
            return
        self._inside = "/*" if self._piece[self._at] == "/" else self._piece[self._at]
        self._opened, before = self._line_of(self._at), self._at
        self._at += len(self._inside)
        self._depth = 1
        yield from self._close(before)

    def _close(self, opened_at: int | None = None) -> Iterator[Flaw]:
        """Go behind the end of what is open, if this piece has it."""
        if self._inside == "/*":
            self._close_comment()
            if not self._inside and _GO.match(self._piece, self._at) and self._first_on_line(opened_at):
                yield _after_comment(self._line_of(self._at))
            return
        closing = _CLOSING[self._inside].match(self._piece, self._at)
        self._at = closing.end() if closing else len(self._piece)
        self._inside = "" if closing else self._inside

    def _close_comment(self) -> None:
        while mark := _NESTING.search(self._piece, self._at):
            self._at = mark.end()
            self._depth += 1 if mark[0] == "/*" else -1
            if not self._depth:
                self._inside = ""
                return
        self._at = len(self._piece)

    def _first_on_line(self, opened_at: int | None) -> bool:
        """Nothing but comments stands on this line before here: is the GO that follows the client's, or a name?"""
        if opened_at is None or _NEWLINE.search(self._piece, opened_at, self._at):
            return True
        last = max(self._piece.rfind(c, self._looked, opened_at) for c in "\r\n")
        self._line_start, self._looked = max(last + 1, self._line_start), opened_at
        return _COMMENTS.fullmatch(self._piece, self._line_start, opened_at) is not None

    def _line_words(self) -> Iterator[Batch | Flaw]:
        """At a line's start: GO lines as many as follow, or a command of sqlcmd."""
        while go := _GO.match(self._piece, self._at):
            yield from self._go(go)
        if command := _COMMAND.match(self._piece, self._at):
            yield _command(self._line_of(self._at), command[1])

    def _go(self, go: re.Match[str]) -> Iterator[Batch | Flaw]:
        line = self._line_of(self._at)
        tail = _TAIL.match(self._piece, go.end())
        times = 1 if tail is None or not tail[1] else _count(tail[1])
        if tail is None or not times:
            rest = _LINE.match(self._piece, go.end())
            yield _bad_go(line, rest[0] if rest else "")
        yield from self._batch(times or 1)
        end = tail or _LINE.match(self._piece, go.end())
        self._at = end.end() if end else go.end()
        newline = _NEWLINE.match(self._piece, self._at)
        self._at = newline.end() if newline else self._at
        self._start, self._began = self._at, self._line_of(self._at)

    def _batch(self, times: int) -> Iterator[Batch]:
        text = "".join([*self._parts, self._piece[self._start : self._at]])
        self._parts = []
        if text and not text.isspace():
            yield Batch(text=text, line=self._began, times=times)

    def _line_of(self, at: int) -> int:
        """The script's line at a position not before the last one asked for."""
        self._line += _newlines(self._piece, self._counted, at)
        self._counted = at
        return self._line


def _newlines(text: str, start: int, end: int) -> int:
    feeds, returns = text.count("\n", start, end), text.count("\r", start, end)
    return feeds + returns - text.count("\r\n", start, end) if returns else feeds


def _count(digits: str) -> int:
    """The count after GO, or 0 where it is none that can be run."""
    short = digits.lstrip("0")
    return int(short) if short and len(short) <= 10 and int(short) <= MOST_TIMES else 0


def _unclosed(line: int, opener: str) -> Flaw:
    zh, en = _CALLED[opener].zh, _CALLED[opener].en
    return Flaw(
        line=line,
        code="unclosed",
        text=Text(
            f"第 {line} 行开始的{zh}没有结束；请补上结束符", f"The {en} that begins on line {line} never ends: close it"
        ),
    )


def _unsendable(line: int, found: str) -> Flaw:
    what = f"U+{ord(found):04X}"
    return Flaw(
        line=line,
        code="unsendable",
        text=Text(
            f"第 {line} 行含有不能发送的字符 {what}；请删除它，或检查文件编码",
            f"Line {line} holds {what}, which cannot be sent: remove it, or check the file's encoding",
        ),
    )


def _after_comment(line: int) -> Flaw:
    return Flaw(
        line=line,
        code="go-after-comment",
        text=Text(
            f"第 {line} 行的 GO 前面有注释，不同工具的理解不同；请把 GO 单独写在一行",
            f"A comment stands before GO on line {line}, and tools disagree on it: write GO on a line of its own",
        ),
    )


def _bad_go(line: int, rest: str) -> Flaw:
    shown = rest.strip()[:40]
    return Flaw(
        line=line,
        code="bad-go",
        text=Text(
            f"第 {line} 行 GO 之后是“{shown}”；GO 后只能写 1 到 {MOST_TIMES} 的次数和 -- 注释，不要写分号",
            f"Line {line} has {shown!r} after GO: only a count from 1 to {MOST_TIMES} and a -- comment may follow, "
            "and no semicolon",
        ),
    )


def _command(line: int, word: str) -> Flaw:
    return Flaw(
        line=line,
        code="sqlcmd",
        text=Text(
            f"第 {line} 行是 sqlcmd 命令 {word}（SQLCMD 模式脚本），这里不执行；请展开脚本后再提交",
            f"Line {line} is the sqlcmd command {word} (an SQLCMD mode script), which is not run here: "
            "submit the expanded script",
        ),
    )
