"""Change requests: edit, cancel, accept, reject, resolve, rate. Each tells the request as it is afterwards."""

import json
from typing import Any, Final

import click

from commands.codes import HELP, ask_for, code_of, have_sent
from commands.exits import DONE
from commands.lazy import Leaf
from commands.moments import read_at
from commands.request_read import NUMBER, tell
from commands.session import Session, with_session


@click.command(cls=Leaf)
@NUMBER
@click.option("--at", metavar="TIME", help="The new time; see `request submit`.")
@click.option("--description", help="The new description.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A new value; others stay as they are.")
@click.option("--rev", type=int, help="Only if it is still at this revision; left out: the one it has now.")
@click.option("--send-code", is_flag=True, help="Have a one-time code sent to your phone; edits nothing.")
@click.option("--code", metavar="DIGITS", help=HELP)
@with_session
def edit(
    session: Session,
    /,
    number: int,
    at: str | None,
    description: str | None,
    params: tuple[str, ...],
    rev: int | None,
    send_code: bool,
    code: str | None,
) -> int:
    """Give a request another time, description or other parameters: a new version. Only before its cutoff."""
    from intake.change import edit as change

    item = _open(session, number)
    new = {"params": _merged(item.request.params, params)} if params else {}
    send = ask_for(session, {"request": number, **new})
    if send_code:
        return have_sent(session, send)
    body: dict[str, Any] = {**_given(description=description), **new}
    if at is not None:
        body["planned_at"] = read_at(at, session.zone(item.request.place), session.desk.store.clock)
    body |= _given(code=code_of(session, code, bool(body) and _needs_code(session, item), send))
    change(session.desk, session.actor, number, item.job.rev if rev is None else rev, body)
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--reason", help="Why; required.")
@with_session
def cancel(session: Session, /, number: int, reason: str | None) -> int:
    """Withdraw a request, cancel it before its cutoff, or (operators) stop it while it runs."""
    from intake.change import cancel as change

    _open(session, number)
    change(session.desk, session.actor, number, _given(reason=reason))
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--opinion", help="What the requester reads.")
@with_session
def accept(session: Session, /, number: int, opinion: str | None) -> int:
    """The provider's yes to a pending request."""
    from intake.approve import accept as change

    _open(session, number)
    change(session.desk, session.actor, number, _given(opinion=opinion))
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--opinion", help="Why not; required.")
@with_session
def reject(session: Session, /, number: int, opinion: str | None) -> int:
    """The provider's no to a pending request."""
    from intake.approve import reject as change

    _open(session, number)
    change(session.desk, session.actor, number, _given(opinion=opinion))
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.argument("word", metavar="done|run-again|failed")
@click.option("--opinion", help="What was found on the target; required.")
@with_session
def resolve(session: Session, /, number: int, word: str, opinion: str | None) -> int:
    """Say what became of a step that nobody else can tell."""
    from intake.approve import resolve as change

    _open(session, number)
    change(session.desk, session.actor, number, _given(word=word, opinion=opinion))
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.argument("level", type=int, metavar="1|2|3|4|5")
@click.option("--text", help="What was good or bad.")
@with_session
def rate(session: Session, /, number: int, level: int, text: str | None) -> int:
    """Rate work that has ended, once: the request is completed."""
    from intake.change import rate as change

    _open(session, number)
    change(session.desk, session.actor, number, _given(level=level, text=text))
    tell(session, number)
    return DONE


COMMANDS: Final = (edit, cancel, accept, reject, resolve, rate)


def _open(session: Session, number: int) -> Any:
    """The request as it is; errors about it are told in its tenant's zone."""
    from intake.read import show

    item = show(session.desk, session.actor, number)
    session.zone(item.request.place)
    return item


def _merged(params: dict[str, Any], given: tuple[str, ...]) -> dict[str, Any]:
    """The parameters with the new values; true, false and numbers are read as such."""
    new = dict(params)
    for each in given:
        name, mark, value = each.partition("=")
        if not mark:
            raise click.BadParameter(f"{each!r} is not NAME=VALUE", param_hint="--param")
        try:
            new[name] = json.loads(value) if value in ("true", "false") or value.lstrip("-").isdigit() else value
        except ValueError:
            new[name] = value
    return new


def _needs_code(session: Session, item: Any) -> bool:
    return any(o.name == item.request.operation and o.traits.code for o in session.desk.catalog)


def _given(**words: Any) -> dict[str, Any]:
    return {name: word for name, word in words.items() if word is not None}
