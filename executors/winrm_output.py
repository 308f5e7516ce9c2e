"""A process's output: bytes to lines, lines to text, within a budget; our own marked lines are taken out."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from executors.clixml import clean
from executors.winrm_script import MARK

PIECE_BYTES: Final = 16 * 1024  # an ordinary line longer than this is shown in pieces
WHOLE_BYTES: Final = 1024 * 1024  # lines that only make sense as a whole may be this long
_WHOLE: Final = (MARK.encode(), b"<Objs ")


def decode(line: bytes) -> str:
    """One line as text: UTF-8 as asked for, else GBK (native tools of a zh-CN host), else with marks for the losses."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "replace")


class Lines:
    """Bytes in, whole lines out. A line feed is never part of a character in UTF-8 or GBK, so lines cut safely."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        self._rest += data
        *whole, rest = bytes(self._rest).split(b"\n") if b"\n" in data else [bytes(self._rest)]
        lines = [decode(line.removesuffix(b"\r")) for line in whole]
        limit = WHOLE_BYTES if rest.startswith(_WHOLE) else PIECE_BYTES
        while len(rest) > limit:
            cut = _character_start(rest, PIECE_BYTES)
            lines.append(decode(rest[:cut]))
            rest = rest[cut:]
        self._rest = bytearray(rest)
        return lines

    def end(self) -> list[str]:
        """What is left when the stream ends."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [decode(rest.removesuffix(b"\r"))] if rest else []


def _character_start(data: bytes, at: int) -> int:
    """The last place at or before `at` where a UTF-8 character may begin."""
    for back in range(4):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at


class Clip:
    """The head and the tail of a text, at most `max_bytes` together."""

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes // 2
        self._max_tail = max_bytes - max_bytes // 2
        self._head: list[str] = []
        self._tail: deque[tuple[str, int]] = deque()
        self._tail_bytes = 0
        self.dropped_bytes = 0

    def add(self, line: str) -> None:
        size = len(line.encode("utf-8", "replace")) + 1
        if not self._tail and size <= self._room:
            self._head.append(line)
            self._room -= size
            return
        self._tail.append((line, size))
        self._tail_bytes += size
        while self._tail_bytes > self._max_tail and self._tail:
            _, gone = self._tail.popleft()
            self._tail_bytes -= gone
            self.dropped_bytes += gone

    def text(self) -> str:
        gap = [f"… {self.dropped_bytes} bytes left out …"] if self.dropped_bytes else []
        return "\n".join([*self._head, *gap, *(line for line, _ in self._tail)])


class Transcript:
    """All that a command printed: said line by line as it comes, kept in part, its marks understood."""

    def __init__(self, say: Callable[[str, str], None], max_bytes: int) -> None:
        self._say = say
        self._unsaid_bytes = max_bytes
        self._lines = {"stdout": Lines(), "stderr": Lines()}
        self._clips = {"stdout": Clip(max_bytes), "stderr": Clip(max_bytes)}
        self.process: dict[str, Any] | None = None
        self.facts: object = None
        self.has_facts = False

    def take(self, stream: str, data: bytes) -> None:
        for line in self._lines[stream].feed(data):
            self._line(stream, line)

    def end(self) -> None:
        for stream, lines in self._lines.items():
            for line in lines.end():
                self._line(stream, line)

    def text(self, stream: str) -> str:
        return self._clips[stream].text()

    @property
    def truncated(self) -> bool:
        return any(clip.dropped_bytes for clip in self._clips.values())

    def _line(self, stream: str, line: str) -> None:
        if stream == "stdout" and line.startswith(MARK) and self._mark(line.removeprefix(MARK)):
            return
        for shown in clean(line) if stream == "stderr" else [line]:
            self._clips[stream].add(shown)
            self._tell(stream, shown)

    def _mark(self, line: str) -> bool:
        """True if this was one of our own lines. The first pid counts, and the last facts."""
        name, _, text = line.partition(" ")
        try:
            value = json.loads(text) if text.strip() else None
        except ValueError:
            return False
        if name == "facts":
            self.facts, self.has_facts = value, True
        elif name == "pid" and isinstance(value, dict):
            self.process = self.process or value
        return name in ("facts", "pid")

    def _tell(self, stream: str, line: str) -> None:
        """Say a line, until the budget is spent; then say so, once."""
        if self._unsaid_bytes < 0:
            return
        self._unsaid_bytes -= len(line.encode("utf-8", "replace")) + 1
        if self._unsaid_bytes < 0:
            self._say("note", "输出过长，其余不再逐行显示 · the output is too long: the rest is not shown line by line")
        else:
            self._say(stream, line)
