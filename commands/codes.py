"""One-time codes on the command line: have one sent, and give it: as an option, from standard input, or when asked."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from commands.exits import DONE
from commands.moments import shown
from commands.session import Session
from domain.code import DIGITS
from domain.errors import Conflict
from domain.text import Text

if TYPE_CHECKING:
    from intake.codes import Sent

HELP: Final = "The one-time code, where one is asked for; - reads it from standard input."
STDIN: Final = "-"
_MOST: Final = 100  # what is read of standard input: a code is six digits


def have_sent(session: Session, send: "Callable[[], Sent]") -> int:
    """Have a code sent, and tell where it went."""
    from intake.code_view import of_sent

    sent = send()
    session.screen.data(of_sent(sent))
    until = shown(sent.expires_at, session.given.zone)
    session.screen.say(f"验证码已发送到 {sent.to}，{until} 前有效", f"A code is sent to {sent.to}, good until {until}")
    return DONE


def ask_for(session: Session, body: Mapping[str, Any]) -> "Callable[[], Sent]":
    """What sends a code for this submit or edit."""
    from intake.codes import ask

    return lambda: ask(session.desk, session.actor, body)


def code_of(session: Session, given: str | None, needed: bool, send: "Callable[[], Sent]") -> str | None:
    """The code that was given; at a terminal one is sent and asked for; elsewhere none."""
    if given == STDIN:
        return sys.stdin.readline(_MOST).strip()
    if given or not needed or not session.screen.is_terminal:
        return given or None
    try:
        have_sent(session, send)
    except Conflict as soon:
        if "resend_at" not in soon.facts:
            raise
        zh, en = "验证码刚刚发送过，请输入收到的那一个", "A code was sent just now: type the one that came"
        session.screen.say(zh, en)
    label = Text(f"验证码（{DIGITS} 位数字）", f"Code ({DIGITS} digits)")
    return str(click.prompt(session.screen.of(label), type=str)).strip()
