"""Sends what lies in the outbox: claim one row, hand it over, record that. At least once, never not at all.

Any number of senders may run. A sender that dies between handing over and recording leaves its claim to run out:
the message comes again, with the same Message-ID.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.event import Event, Kind
from domain.text import Text
from messages.courier import Courier, Parcel, Postponed, Returned, Undelivered
from messages.outbox import MAIL, SMS, text_in
from runner.store.rows import dumps, moment
from runner.store.store import Store
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.messages")
MOST_IN_ROUND: Final = 50
_BATCH: Final = 10
_EXPIRED: Final = Text("已过有效期，未能送达", "it could not be sent while it was of use")
_GIVEN_UP: Final = Text("多次发送后仍未确认送达", "given up: it was tried too often and nobody knows the outcome")
_UNDELIVERED: Final = Text("通知未能送达", "a message could not be delivered")


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Lengths of real time. A claim must outlast a courier's own limit, or two would send at once."""

    claim_s: float = 180.0
    first_s: float = 10.0
    longest_s: float = 3600.0
    attempts: int = 16
    keep: timedelta = timedelta(days=180)

    def after(self, attempts: int) -> float:
        """How long to wait after so many attempts in vain."""
        return min(self.first_s * 2.0 ** (attempts - 1), self.longest_s)


QUICK: Final = Pauses(claim_s=45.0, first_s=5.0, longest_s=30.0)
"""For text messages: a one-time code is of use for five minutes, and its courier has a short limit."""


class Sender:
    """`couriers` by channel. `round` sends what is due; `forget` deletes what was sent long ago."""

    def __init__(self, store: Store, couriers: Mapping[str, Courier], pauses: Pauses) -> None:
        self._store = store
        self._couriers = couriers
        self._pauses = pauses

    def round(self, stopping: threading.Event) -> int:
        """Send what is due, one by one, until nothing is left, one could not be sent, or we stop. Answers how many."""
        self._store.write(_expire)
        sent = 0
        while sent < MOST_IN_ROUND and not stopping.is_set():
            row = self._claim()
            if row is None or not self._send(row):
                break
            sent += 1
        return sent

    def forget(self) -> int:
        """Delete what was sent, failed or off long ago; answers how many."""
        before = self._store.clock.now() - self._pauses.keep
        return self._store.write(lambda tx: tx.moved("forget_messages", before=before))

    def _claim(self) -> Row | None:
        """The next due message, ours until `claim_s` is over. Losing one to another sender is no news."""
        if not self._couriers:
            return None
        for seen in self._due():
            row = self._store.write(lambda tx, seen=seen: self._take(tx, seen))  # type: ignore[misc]
            if row is not None:
                return row
        return None

    def _due(self) -> list[Row]:
        one, other = (channel if channel in self._couriers else "" for channel in (MAIL, SMS))
        return self._store.rows("messages_due", now=self._store.clock.now(), one=one, other=other, most=_BATCH)

    def _take(self, tx: Tx, seen: Row) -> Row | None:
        if seen["attempts"] >= self._pauses.attempts:  # its senders died, one after the other
            row = tx.row("message", id=seen["id"])
            if row and row["attempts"] == seen["attempts"]:
                _fail(tx, row, _GIVEN_UP)
            return None
        key = {"id": seen["id"], "attempts": seen["attempts"], "now": tx.now()}
        return tx.row("claim_message", **key, until=tx.ahead(self._pauses.claim_s))

    def _send(self, row: Row) -> bool:
        """Hand it over and record that. False: the way is closed, so the next one would fare no better."""
        try:
            self._couriers[row["channel"]].deliver(_parcel(row))
        except Postponed as why:
            log.warning("message %s was not taken: %s", row["id"], why)
            self._store.write(lambda tx, why=why: self._postpone(tx, row, why))  # type: ignore[misc]
            return False
        except Returned as why:
            log.warning("message %s came back: %s", row["id"], why)
            self._store.write(lambda tx, why=why: _fail(tx, row, why.text))  # type: ignore[misc]
        else:
            self._store.write(lambda tx: _record(tx, row))
        return True

    def _postpone(self, tx: Tx, row: Row, why: Undelivered) -> None:
        if row["attempts"] >= self._pauses.attempts:
            _fail(tx, row, why.text)
            return
        at = tx.ahead(self._pauses.after(row["attempts"]))
        error = dumps(why.text.as_dict())
        tx.moved("message_later", id=row["id"], attempts=row["attempts"], next_at=at, error=error)


def _parcel(row: Row) -> Parcel:
    return Parcel(
        message_id=row["message_id"],
        recipient=row["recipient"],
        subject=text_in(row["subject"]),
        body=text_in(row["body"]),
        created_at=moment(row["created_at"]),
    )


def _record(tx: Tx, row: Row) -> None:
    """A sender whose claim ran out moves no row: the other one records it."""
    if tx.moved("message_sent", id=row["id"], attempts=row["attempts"], now=tx.now()):
        facts = {"message": row["id"], "channel": row["channel"], "attempts": row["attempts"]}
        tx.append(Event(kind=Kind.MESSAGE_SENT, at=tx.now(), job=row["job"], tenant=row["tenant"], facts=facts))


def _fail(tx: Tx, row: Row, why: Text) -> None:
    if tx.moved("message_failed", id=row["id"], attempts=row["attempts"], error=dumps(why.as_dict())):
        _alarm(tx, row)


def _expire(tx: Tx) -> None:
    """What is of no use any more is not sent, and its text is kept nowhere."""
    for row in tx.rows("messages_expired", now=tx.now(), error=dumps(_EXPIRED.as_dict())):
        _alarm(tx, row)


def _alarm(tx: Tx, row: Row) -> None:
    # Neither the address nor the server's words: a tenant reads its own events.
    facts = {
        "why": "message-failed",
        "message": row["id"],
        "channel": row["channel"],
        "text": _UNDELIVERED.as_dict(),
    }
    tx.append(Event(kind=Kind.ALARM, at=tx.now(), job=row["job"], tenant=row["tenant"], facts=facts))
