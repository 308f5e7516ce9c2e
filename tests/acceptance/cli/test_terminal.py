"""At a terminal a person is asked, and tables are drawn to fit."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

SUBMIT = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+2h")
DEADLINE_S = 60.0
COLUMNS = 90
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """`yunwei …` on a pseudo-terminal of COLUMNS columns; `answers` are typed when their question appears.

    An answer that nobody knows before is a function.
    """

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        clean = {k: v for k, v in os.environ.items() if not k.startswith("YUNWEI_") and k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**clean, "TERM": "xterm", "YUNWEI_LANG": "en", **environment},
        )
        os.close(theirs)

    def talk(self, answers: Mapping[str, str | Callable[[], str]]) -> tuple[int, str]:
        """Exit code and everything that was shown."""
        shown, until, left = "", time.monotonic() + DEADLINE_S, dict(answers)
        while time.monotonic() < until and (more := self._read(until)) is not None:
            shown += more
            for question in [q for q in left if q in shown]:
                answer = left.pop(question)
                os.write(self._ours, f"{answer() if callable(answer) else answer}\n".encode())
        assert not left, f"never asked: {left}; shown: {shown}"
        return self.process.wait(DEADLINE_S), shown.replace("\r\n", "\n")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        os.close(self._ours)

    def _read(self, until: float) -> str | None:
        if not select.select([self._ours], [], [], max(0.0, until - time.monotonic()))[0]:
            return None
        try:
            return os.read(self._ours, 65536).decode("utf-8", "replace")
        except OSError:  # the other side has closed it
            return None


@pytest.fixture
def terminal(site: Any) -> Iterator[Any]:
    opened: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        opened.append(Terminal({**site.environment, "YUNWEI_USER": "alice"}, *words))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


@pytest.mark.req("IIS-1")
def test_a_person_is_asked_for_the_second_confirmation(site: Any, terminal: Any) -> None:
    code, shown = terminal(*SUBMIT).talk({"Go ahead?": "y"})
    assert code == 0
    assert "账套测试 / 正式环境" in shown
    assert "interrupts users" in shown
    assert "(Asia/Shanghai)" in shown
    assert "Request 1 is accepted" in shown


@pytest.mark.req("IIS-1")
def test_a_person_who_says_no_has_asked_for_nothing(site: Any, terminal: Any) -> None:
    code, shown = terminal(*SUBMIT).talk({"Go ahead?": "n"})
    assert code == 1
    assert "Interrupted" in shown
    assert site.run("request", "list").out == ""


def test_a_refusal_comes_before_the_question(site: Any, terminal: Any) -> None:
    code, shown = terminal("request", "submit", "iis-restart", "ledger-test/shared").talk({})
    assert code == 3
    assert "Go ahead?" not in shown


def test_a_table_has_heads_and_fits_the_terminal(site: Any, terminal: Any) -> None:
    assert site.run(*SUBMIT, "--yes").code == 0
    code, shown = terminal("request", "list").talk({})
    assert code == 0
    assert "planned" in shown
    plain = _STYLE.sub("", shown)
    assert max(len(line) for line in plain.splitlines()) <= COLUMNS
