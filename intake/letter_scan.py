"""Stamped scans of a letter: at most 10 MB each, known by their own bytes, handed out only as downloads (LET-1)."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.days import after_working_time
from domain.errors import Conflict, Fault, NotFound
from domain.event import Kind
from domain.letter import Letter
from domain.request import Actor
from domain.rulebook import LetterRules
from domain.text import Text
from intake.attach import MAX_NAME, name_faults
from intake.desk import Desk
from intake.letters import get, may_change, open_letter, raise_if_any
from media.scan import NoScan, Scan, scan_in
from runner.letters import move
from runner.store.rows import moment
from runner.store.tx import Tx

MAX_BYTES: Final = 10 * 1024 * 1024
MOST: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class LetterScan:
    """What is known of a scan. `sha256` in hex; `size` in bytes; `content` only where it was asked for."""

    id: str
    letter: int
    name: str
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime
    content: bytes = b""


def add_scan(desk: Desk, actor: Actor, number: int, name: str, content: bytes) -> LetterScan:
    """Hand in a scan, or a page more of it: the letter is in review from then on.

    Raises Mistake (every fault), Denied, NotFound, Conflict (it is not in draft or review, or has all its scans).
    """
    seen = may_add_scan(desk, actor, number)
    kind, zone = _check(name, content), desk.tenant(seen.tenant, actor).zone
    row: dict[str, Any] = {
        "id": secrets.token_hex(8),
        "letter": number,
        "name": _with_ending(name, kind),
        "media_type": kind.media_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "added_by": actor.name,
    }

    def write(tx: Tx) -> datetime:
        letter, _ = open_letter(tx, seen, None)
        if len(tx.rows("scans", letter=number)) >= MOST:
            raise Conflict(
                Text(f"最多 {MOST} 份扫描件", f"A letter has at most {MOST} scans"), letter=number, most=MOST
            )
        at = tx.now()
        told = {k: row[k] for k in ("id", "name", "media_type", "size", "sha256")}
        changes = {} if letter.scanned_at else _promise(zone, desk.decider.rules.letters, at)
        move(tx, letter, Kind.LETTER_SCANNED, actor=actor.name, changes=changes, facts=told)
        tx.moved("insert_scan", **row, content=content, added_at=at)
        return at

    return _scan({**row, "added_at": None}, desk.store.write(write))


def may_add_scan(desk: Desk, actor: Actor, number: int) -> Letter:
    """The letter, if this actor may hand in scans of it: asked before a scan is read. Raises NotFound, Denied."""
    seen = get(desk, actor, number)
    may_change(actor, seen.tenant)
    return seen


def scans(desk: Desk, actor: Actor, number: int) -> list[LetterScan]:
    """The scans of a letter, the first one first, without their content. Raises NotFound."""
    get(desk, actor, number)
    return [_scan(row, moment(row["added_at"])) for row in desk.store.rows("scans", letter=number)]


def read_scan(desk: Desk, actor: Actor, number: int, scan_id: str) -> LetterScan:
    """One scan with its content. Raises NotFound."""
    get(desk, actor, number)
    row = desk.store.row("scan", letter=number, id=scan_id) if _ID.fullmatch(scan_id) else None
    if row is None:
        zh, en = f"授权书 {number} 没有扫描件 {scan_id!r}", f"Letter {number} has no scan {scan_id!r}"
        raise NotFound(Text(zh, en), letter=number, scan=scan_id)
    return _scan(row, moment(row["added_at"]), bytes(row["content"]))


def _promise(zone: ZoneInfo, rules: LetterRules, at: datetime) -> dict[str, datetime]:
    """The review is promised once, when the first scan comes. In the tenant's working time."""

    def later(length: timedelta) -> datetime:
        return after_working_time(at, length, zone, rules.opens, rules.closes)

    return {"scanned_at": at, "review_due_at": later(rules.review), "alarm_at": later(rules.review - rules.warning)}


def _check(name: str, content: bytes) -> Scan:
    faults, kind = name_faults(name), scan_in(content)
    if len(content) > MAX_BYTES:
        zh, en = f"扫描件最多 {MAX_BYTES} 字节（10 MiB）", f"A scan has at most {MAX_BYTES} bytes (10 MiB)"
        faults.append(Fault("content", Text(zh, en), "too-large"))
    elif isinstance(kind, NoScan):
        faults.append(Fault("content", kind.text, kind.code))
    raise_if_any(faults)
    if isinstance(kind, NoScan):
        raise AssertionError("a fault would have been raised")
    return kind


def _with_ending(name: str, kind: Scan) -> str:
    """The name ends as its content is: a picture must not come back as a page or a program."""
    if name.lower().endswith(kind.endings):
        return name
    return name[: MAX_NAME - len(kind.endings[0])] + kind.endings[0]


def _scan(row: Mapping[str, Any], added_at: datetime, content: bytes = b"") -> LetterScan:
    keys = ("id", "letter", "name", "media_type", "size", "sha256", "added_by")
    return LetterScan(**{k: row[k] for k in keys}, added_at=added_at, content=content)
