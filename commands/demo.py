"""`yunwei demo`: a lab, a portal, a worker; a restart and a script, from their submit to their proof."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import FrameType
from typing import Final

import click

from commands.exits import DONE, FAILED
from commands.lazy import Leaf
from commands.moments import span
from commands.session import Session, with_session

_OWN: Final = ("estate", "store", "bell")


@click.command("demo", cls=Leaf)
@click.option("--once", is_flag=True, help="Leave after the proof; exit code 0 only if all of it held.")
@click.option("--in", "ahead", default="5s", show_default=True, metavar="SPAN", help="Plan so far ahead (real time).")
@with_session
def command(session: Session, /, once: bool, ahead: str) -> int:
    """See it all work: a pretend estate, portal and worker; a restart of IIS, a script and the way back; their proof.

    Everything lies in a fresh folder below --home (default var/demo). Without --once it stays up until Ctrl-C.
    """
    ahead_s = _ahead(session, ahead)
    from commands.demo_play import play
    from commands.demo_script import play_script
    from commands.demo_set_up import set_up
    from commands.demo_telling import tell_how_to_go_on, tell_proof

    with _interruptible(), ExitStack() as stack:
        stage = set_up(session, stack)
        item, checks = play(session, stage, ahead_s)
        script, more = play_script(session, stage, ahead_s)
        held = tell_proof(session, stage, [item, script], [*checks, *more])
        if not once:
            tell_how_to_go_on(session, stage)
            _stay(session)
    return DONE if held else FAILED


def _ahead(session: Session, word: str) -> float:
    ahead = span(word)
    if ahead is None or not timedelta(0) < ahead <= timedelta(hours=1):
        raise click.BadParameter(f"{word!r} is no span from 1s to 1h, such as 5s", param_hint="--in")
    given = [f"--{name}" for name in _OWN if session.given.options.get(name)]
    if given:
        raise click.UsageError(f"the demo makes its own estate and store: {', '.join(given)} cannot be given")
    return ahead.total_seconds()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does, with everything that it has started."""

    def told(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stay(session: Session) -> None:
    session.screen.say("按 Ctrl-C 结束演示", "Ctrl-C ends the demo")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        session.screen.say("正在停止…", "Stopping …")
