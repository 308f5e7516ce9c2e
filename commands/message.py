"""`yunwei message …`: what was sent to whom, what was not and why, and once more."""

from typing import Any

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.session import Session, with_session
from domain.text import Text

command = Group("message", help="What was sent to whom; send it once more.")
_HEADS = (
    "id",
    Text("运维单", "request"),
    Text("通道", "channel"),
    Text("收件人", "to"),
    Text("主题", "subject"),
    Text("状态", "state"),
    Text("次数", "attempts"),
    Text("提出", "put"),
    Text("错误", "error"),
)


@command.command("list", cls=Leaf)
@click.option("--state", type=click.Choice(["waiting", "sent", "failed", "off"]), help="Only those of this state.")
@click.option("--number", type=click.IntRange(1), help="Only those about this request.")
@click.option("--below", type=click.IntRange(1), help="Only those with a smaller id: the next page.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@with_session
def list_(session: Session, /, state: str | None, number: int | None, below: int | None, limit: int) -> int:
    """The newest first. In a pipe: id, request, channel, to, subject, state, attempts, put, error."""
    from intake.messages import NEWEST, messages
    from intake.view import of_message

    found = messages(
        session.desk, session.actor, state=state or "", job=number or 0, below=below or NEWEST, limit=limit
    )
    session.screen.data({"items": [of_message(m) for m in found]})
    session.screen.table(_HEADS, [_row(session, m) for m in found])
    return DONE


@command.command(cls=Leaf)
@click.argument("message_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
@with_session
def retry(session: Session, /, message_id: int) -> int:
    """Have a message sent that failed, or that was put while its channel was off."""
    from intake.messages import retry as again
    from intake.view import of_message

    message = again(session.desk, session.actor, message_id)
    session.screen.data(of_message(message))
    session.screen.say(f"消息 {message_id} 将再次发送", f"Message {message_id} will be sent again")
    return DONE


def _row(session: Session, message: Any) -> tuple[object, ...]:
    subject, error = session.screen.of(message.subject), session.screen.of(message.error) if message.error else None
    put = shown(message.created_at, None)
    about = (message.id, message.job, message.channel, message.recipient, subject)
    return (*about, message.state, message.attempts, put, error)
