"""The outbox: what is to be told is written in the transaction of the move that it tells of, or not at all."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.event import Event, Kind
from domain.text import Text
from messages.words import TOLD, TOLD_OF_FILES, Words
from runner.store.rows import dumps, micros
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.messages")
MAIL: Final = "mail"
SMS: Final = "sms"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message to be put. `key` tells it from all others of this store; `expires_at`: no use to anybody after that."""

    key: str
    kind: str
    channel: str
    recipient: str
    subject: Text
    body: Text
    job: int | None = None
    tenant: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """`channels` are those that this installation sends by; a message for another one is put as `off`."""

    words: Words
    channels: frozenset[str]

    def witness(self, tx: Tx, events: Sequence[Event]) -> None:
        """Put a message to everybody who is to be told of these moves. Given to the store."""
        for event in events:
            if event.kind in TOLD_OF_FILES and event.job is None and event.facts.get("id"):
                self._tell_of_file(tx, event)
        moves = [e for e in events if e.kind in TOLD and e.job is not None]
        if not moves:
            return
        rows = tx.rows("to_be_told", numbers=dumps(sorted({m.job for m in moves if m.job})))
        jobs = {row["number"]: row for row in rows}
        for move in moves:
            self._tell(tx, move, jobs[move.job])

    def put(self, tx: Tx, letter: Letter) -> None:
        """Write it with the transaction, once for each `key`."""
        tx.later(
            "put_message",
            message_id=_message_id(_store_id(tx), letter),
            job=letter.job,
            tenant=letter.tenant,
            kind=letter.kind,
            channel=letter.channel,
            recipient=letter.recipient,
            subject=dumps(letter.subject.as_dict()),
            body=dumps(letter.body.as_dict()),
            state="waiting" if letter.channel in self.channels else "off",
            expires_at=letter.expires_at,
            at=tx.now(),
        )

    def _tell(self, tx: Tx, move: Event, job: Row) -> None:
        recipients = list(dict.fromkeys([*_recipients(job), *self._also(tx, move, job)]))
        if not recipients:
            return
        subject, body = self._worded(move, job)
        for recipient in recipients:
            key = f"{job['number']}|{move.kind}|{job['rev']}|{micros(move.at)}"
            letter = Letter(
                key=key,
                kind=move.kind.value,
                channel=MAIL,
                recipient=recipient,
                subject=subject,
                body=body,
                job=job["number"],
                tenant=job["tenant"],
            )
            self.put(tx, letter)

    def _also(self, tx: Tx, move: Event, job: Row) -> list[str]:
        """Those of the tenant's people whom the operation's success concerns, whoever asked for it."""
        roles = self.words.tells(job["operation"]) if move.kind is Kind.SUCCEEDED else frozenset()
        if not roles:
            return []
        rows = tx.rows("accounts_to_tell", tenant=job["tenant"])
        return [row["email"] for row in rows if roles & set(json.loads(row["roles"]))]

    def _tell_of_file(self, tx: Tx, event: Event) -> None:
        """Whoever brought a file is told what became of it. Scripts are not told of: they are answered at once."""
        row = tx.row("uploader", id=event.facts["id"])
        if row is None or not row["email"]:
            return
        subject, body = self.words.of_file(event)
        letter = Letter(
            key=f"file|{event.facts['id']}|{event.kind}",
            kind=event.kind.value,
            channel=MAIL,
            recipient=row["email"],
            subject=subject,
            body=body,
            tenant=event.tenant,
        )
        self.put(tx, letter)

    def _worded(self, move: Event, job: Row) -> tuple[Text, Text]:
        """A move must not fail because nobody can word it."""
        try:
            return self.words.about(move, job)
        except Exception:
            log.exception("cannot word %s of request %s", move.kind.value, job["number"])
            number, kind = job["number"], move.kind.value
            plain = Text(f"运维单 {number}：{kind}", f"Request {number}: {kind}")
            return plain, plain


def text_in(stored: str) -> Text:
    """A text as the outbox keeps it."""
    return Text(**json.loads(stored))


def _recipients(job: Mapping[str, Any]) -> list[str]:
    """The request's address and the account's own, once if they are the same."""
    found: dict[str, str] = {}
    for address in (job["asked_email"], job["account_email"]):
        if address:
            found.setdefault(address.casefold(), address)
    return list(found.values())


def _store_id(tx: Tx) -> str:
    row = tx.row("setting", name="store-id")
    if row is None:
        raise RuntimeError("the store has no id: run the migrations")
    return str(row["value"])


def _message_id(store_id: str, letter: Letter) -> str:
    """As RFC 5322 wants it: nobody else's, and the same whenever this message is sent."""
    named = "|".join((store_id, letter.channel, letter.recipient, letter.key))
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{store_id}.yunwei"
