"""`yunwei token …`: tokens of the HTTP API. A token is printed once, when it is issued."""

from datetime import timedelta
from typing import Any

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.session import Session, with_session
from domain.text import Text

command = Group("token", help="Tokens of the HTTP API.")
MOST_DAYS = 3660


@command.command(cls=Leaf)
@click.argument("account")
@click.option(
    "--scope", "scopes", multiple=True, default=("read", "submit"), show_default=True, help="May be repeated."
)
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=90, show_default=True, help="How long it opens.")
@with_session
def issue(session: Session, /, account: str, scopes: tuple[str, ...], days: int) -> int:
    """A new token for an account, alone on standard output. Scopes: read, submit, operate, admin."""
    from intake.people import issue_token

    token = issue_token(session.desk, session.by, account, list(scopes), timedelta(days=days))
    # The one place where a secret leaves: whoever asked for it must have it.
    session.screen.data({"token": token.open(), "account": account, "scopes": list(scopes), "days": days})
    session.screen.line(token.open())
    return DONE


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """All tokens, without what they open. In a pipe: id, account, scopes, created, expires, revoked."""
    from intake.people import tokens

    found = [dict(t) for t in tokens(session.desk)]
    session.screen.data({"items": [_shape(t) for t in found]})
    heads = ("id", Text("账号", "account"), Text("范围", "scopes"), Text("创建", "created"), Text("到期", "expires"))
    session.screen.table((*heads, Text("撤销", "revoked")), [_row(t) for t in found])
    return DONE


@command.command(cls=Leaf)
@click.argument("token_id", metavar="ID")
@with_session
def revoke(session: Session, /, token_id: str) -> int:
    """From now on this token opens nothing."""
    from intake.people import revoke_token

    revoke_token(session.desk, session.by, token_id)
    session.screen.data({"id": token_id, "revoked": True})
    session.screen.say(f"令牌 {token_id} 已撤销", f"The token {token_id} is revoked")
    return DONE


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "account", "scopes", "created_at", "expires_at", "revoked_at")}


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    moments = (row[name] and shown(row[name], None) for name in ("created_at", "expires_at", "revoked_at"))
    return (row["id"], row["account"], " ".join(row["scopes"]), *moments)
