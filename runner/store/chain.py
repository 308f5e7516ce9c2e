"""The hash chain over all events: what was written cannot be changed, taken out or slipped in unseen.

hash(n) = SHA-256(hash(n-1) + the event's columns + digest(n)); digest(n) = SHA-256 of its text. Output whose text has
outlived its retention keeps its digest, so the chain can be verified for ever, and every other column with it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

GENESIS: Final = bytes(32)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What verifying found: how many events, the last hash (write it down elsewhere), and the first break, if any."""

    events: int
    head: str
    broken_at: int | None = None
    why: str = ""


def digest(row: Mapping[str, Any]) -> bytes:
    """What the chain covers of an event's text."""
    return hashlib.sha256(row["body"].encode()).digest()


def link(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """The event's hash: of all that came before, of its columns and of its text's digest."""
    columns = "\x1f".join(str(row[c]) for c in ("seq", "at", "job", "tenant", "kind", "actor"))
    return hashlib.sha256(previous + columns.encode() + bytes(row["digest"])).digest()


def verify(rows: Iterable[Mapping[str, Any]], head_seq: int, head_hash: bytes) -> Verdict:
    """Walk the chain. `rows` are all events in order; `head_*` is the chain's own record of its end."""
    seq, previous = 0, GENESIS
    for row in rows:
        why = _break(row, seq, previous)
        if why:
            return Verdict(events=seq, head=previous.hex(), broken_at=row["seq"], why=why)
        seq, previous = row["seq"], bytes(row["hash"])
    if (seq, previous) != (head_seq, bytes(head_hash)):
        return Verdict(events=seq, head=previous.hex(), broken_at=seq + 1, why="the end was cut off")
    return Verdict(events=seq, head=previous.hex())


def _break(row: Mapping[str, Any], seq: int, previous: bytes) -> str:
    if row["seq"] != seq + 1:
        return f"event {seq + 1} is missing"
    if row["body"] is None and row["kind"] != "output":
        return "the text of an event that is kept for ever is gone"
    if row["body"] is not None and digest(row) != bytes(row["digest"]):
        return "the event was changed"
    return "" if link(previous, row) == bytes(row["hash"]) else "the event was replaced"
