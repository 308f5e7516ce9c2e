"""Signed links: an address that opens one artifact for a while, without a token (DC-4).

The artifact store signs its own (S3); where it has none, the portal does. Ours holds the artifact, its maker, its end,
and a signature over them. It opens what its maker may open at that moment, so that it dies with an account or a letter.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import Denied, Fault, Mistake
from domain.event import Event, Kind
from domain.keeping import Record
from domain.request import Actor
from domain.text import Text
from domain.usage import TrafficKind
from intake.desk import Desk
from intake.downloads import allowed, counts
from intake.parse import unknown_keys
from intake.people import actor_named
from intake.traffic import count_in
from runner.store.rows import micros, moment
from runner.store.tx import Tx

MOST_S: Final = 7 * 24 * 3600
USUAL_S: Final = 3600
PATH: Final = "/api/v1/links/"
_TICKET: Final = re.compile(r"(?P<id>[0-9a-f]{16})\.(?P<until>[0-9]{1,18})\.(?P<by>[\w-]{1,600})\.(?P<mark>[\w-]{43})")


@dataclass(frozen=True, kw_only=True)
class Link:
    """An address, and until when it opens. `own`: it is a path of the portal's, not a whole address."""

    record: Record
    address: str
    own: bool
    expires_at: datetime


def seconds(body: Mapping[str, Any]) -> int:
    """How long a link is wanted for: `valid_s`, an hour if it is left out. Raises Mistake."""
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"valid_s"}), faults)
    valid_s = body.get("valid_s")
    if valid_s is not None and (isinstance(valid_s, bool) or not isinstance(valid_s, int)):
        faults.append(Fault("valid_s", Text("应为整数（秒）", "Must be a whole number of seconds")))
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(faults))
    return USUAL_S if valid_s is None else int(valid_s)


def make(desk: Desk, actor: Actor, id_: str, valid_s: int = USUAL_S) -> Link:
    """A link to an artifact. Raises NotFound, Refused, Conflict, Mistake.

    Who follows one of the artifact store's own is not seen by us: its whole size counts as traffic now.
    """
    if not 1 <= valid_s <= MOST_S:
        text = Text(f"有效期应为 1 至 {MOST_S} 秒（7 天）", f"A link is valid for 1 to {MOST_S} seconds (7 days)")
        raise Mistake(text, (Fault("valid_s", text, "out-of-range"),))
    record = allowed(desk, actor, id_)
    address = desk.artifacts.link(record.key, valid_s=valid_s, file_name=record.name)
    until = desk.store.clock.now() + timedelta(seconds=valid_s)
    own = address is None
    found = Link(
        record=record, address=address or PATH + _ticket(desk, actor, record, until), own=own, expires_at=until
    )
    desk.store.write(lambda tx: _tell(desk, tx, actor, found))
    return found


def follow(desk: Desk, ticket: str) -> tuple[Actor, Record]:
    """Who made the link, and what it opens now. Raises Denied for one that is altered or over; NotFound, Refused."""
    found = _TICKET.fullmatch(ticket)
    if found is None or not hmac.compare_digest(found["mark"], _mark(desk, ticket.rpartition(".")[0])):
        raise Denied(Text("链接无效", "The link is not valid"))
    if desk.store.clock.now() >= moment(int(found["until"])):
        raise Denied(Text("链接已过期，请重新获取", "The link has expired: ask for another one"))
    actor = actor_named(desk, _decoded(found["by"]).decode())
    return actor, allowed(desk, actor, found["id"])


def _ticket(desk: Desk, actor: Actor, record: Record, until: datetime) -> str:
    said = f"{record.id}.{micros(until)}.{_encoded(actor.name.encode())}"
    return f"{said}.{_mark(desk, said)}"


def _mark(desk: Desk, said: str) -> str:
    row = desk.store.row("setting", name="link-key")
    if row is None:
        raise RuntimeError("the store has no key for links: run the migrations")
    return _encoded(hmac.new(bytes.fromhex(row["value"]), said.encode(), hashlib.sha256).digest())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(word: str) -> bytes:
    return base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))


def _tell(desk: Desk, tx: Tx, actor: Actor, link: Link) -> None:
    record = link.record
    size = record.size or 0
    counted = size if not link.own and counts(actor) else 0
    count_in(desk, tx, record.tenant, TrafficKind.BACKUP_DOWNLOAD, counted)
    told = {"id": record.id, "name": record.name, "until": link.expires_at.isoformat(), "counted": counted}
    tx.append(Event(kind=Kind.LINKED, at=tx.now(), tenant=record.tenant, actor=actor.name, facts=told))
