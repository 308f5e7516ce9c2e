"""Look at the outbox, and have a message sent once more. What a message says is not told: the request tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import Conflict, Denied, NotFound
from domain.event import Event, Kind
from domain.request import Actor
from domain.secret import DOTS
from domain.text import Text
from intake.desk import Desk
from messages.outbox import SMS, text_in
from runner.store.rows import moment
from runner.store.tx import Row, Tx

MOST: Final = 200
STATES: Final = ("waiting", "sent", "failed", "off")
NEWEST: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is known of a message. `off`: it was put while its channel was not set, and nobody sends it."""

    id: int
    message_id: str
    job: int | None
    tenant: str | None
    kind: str
    channel: str
    recipient: str
    subject: Text
    state: str
    attempts: int
    next_at: datetime | None
    error: Text | None
    created_at: datetime
    sent_at: datetime | None


def messages(
    desk: Desk, actor: Actor, *, state: str = "", job: int = 0, below: int = NEWEST, limit: int = 50
) -> list[Message]:
    """The newest first; of one state, or of one request, if asked. Raises Denied."""
    _operators_only(actor)
    return [_message(r) for r in desk.store.rows("messages", state=state, job=job, below=below, most=min(limit, MOST))]


def retry(desk: Desk, actor: Actor, message_id: int) -> Message:
    """Have one that failed, or was never to be sent, sent from now on. Raises Denied, NotFound, Conflict."""
    _operators_only(actor)

    def write(tx: Tx) -> Row:
        was = tx.row("message", id=message_id)
        if was is None:
            raise NotFound(Text(f"没有消息 {message_id}", f"There is no message {message_id}"), message=message_id)
        if tx.moved("retry_message", id=message_id, now=tx.now()) != 1:
            raise _not_again(was)
        facts = {"message": message_id, "channel": was["channel"]}
        event = Event(
            kind=Kind.MESSAGE_RETRIED, at=tx.now(), job=was["job"], tenant=was["tenant"], actor=actor.name, facts=facts
        )
        tx.append(event)
        found = tx.row("message", id=message_id)
        if found is None:
            raise RuntimeError(f"message {message_id} is gone under its lock")
        return found

    return _message(desk.store.write(write))


def _not_again(row: Row) -> Conflict:
    zh, en = (
        f"消息 {row['id']} 不能重发：状态为 {row['state']}，或其内容已删除",
        f"Message {row['id']} cannot be sent again: it is {row['state']}, or its text was deleted",
    )
    return Conflict(Text(zh, en), message=row["id"], state=row["state"])


def _message(row: Row) -> Message:
    plain = ("id", "message_id", "job", "tenant", "kind", "channel", "state", "attempts")
    waits = row["state"] == "waiting"
    return Message(
        **{k: row[k] for k in plain},
        recipient=DOTS + row["recipient"][-4:] if row["channel"] == SMS else row["recipient"],
        subject=text_in(row["subject"]),
        next_at=moment(row["next_at"]) if waits else None,
        error=text_in(row["error"]) if row["error"] else None,
        created_at=moment(row["created_at"]),
        sent_at=moment(row["sent_at"]),
    )


def _operators_only(actor: Actor) -> None:
    if not (actor.is_operator and actor.tenant is None):
        zh, en = "只有服务商运维人员可以这样做", "Only an operator of the provider may do this"
        raise Denied(Text(zh, en), role="operator")
