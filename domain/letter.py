"""A letter of authorization (授权书): one table of moves, one method that moves a letter.

A tenant authorizes downloads of its data, or restores of it, until the end of a day. A letter holds for the whole
tenant: for its enterprise administrators and its IT ops alike, whoever asked for it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.errors import Conflict
from domain.event import Kind
from domain.text import Text


class LetterKind(StrEnum):
    """What a letter authorizes."""

    DOWNLOAD = "download"
    RESTORE = "restore"


class LetterState(StrEnum):
    """Where a letter stands."""

    DRAFT = "draft"  # asked for; the stamped scan is still to come
    IN_REVIEW = "in-review"  # a scan is here; the provider is to answer
    EFFECTIVE = "effective"  # authorizes, until the end of its last day
    REFUSED = "refused"  # by the provider; its opinion says why
    VOID = "void"  # its last day is over, or a later one took its place
    REVOKED = "revoked"  # by the tenant


LIFE: Final[dict[LetterState, dict[Kind, LetterState]]] = {
    LetterState.DRAFT: {
        Kind.LETTER_SCANNED: LetterState.IN_REVIEW,
        Kind.LETTER_VOIDED: LetterState.VOID,
    },
    LetterState.IN_REVIEW: {
        Kind.LETTER_SCANNED: LetterState.IN_REVIEW,  # one page more
        Kind.LETTER_APPROVED: LetterState.EFFECTIVE,
        Kind.LETTER_REFUSED: LetterState.REFUSED,
        Kind.LETTER_REVOKED: LetterState.REVOKED,
        Kind.LETTER_VOIDED: LetterState.VOID,
    },
    LetterState.EFFECTIVE: {
        Kind.LETTER_REVOKED: LetterState.REVOKED,
        Kind.LETTER_VOIDED: LetterState.VOID,
    },
}

FINAL: Final = frozenset(LetterState) - LIFE.keys()

KIND_LABELS: Final[dict[LetterKind, Text]] = {
    LetterKind.DOWNLOAD: Text("下载授权书", "download letter"),
    LetterKind.RESTORE: Text("恢复授权书", "restore letter"),
}
STATE_LABELS: Final[dict[LetterState, Text]] = {
    LetterState.DRAFT: Text("草稿", "draft"),
    LetterState.IN_REVIEW: Text("审核中", "in review"),
    LetterState.EFFECTIVE: Text("已生效", "effective"),
    LetterState.REFUSED: Text("已驳回", "refused"),
    LetterState.VOID: Text("已失效", "void"),
    LetterState.REVOKED: Text("已撤销", "revoked"),
}


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter as everybody sees it. `last_day` is a day of the tenant's zone, `ends_at` the first moment after it.

    `alarm_at` is when the provider is warned that the review, promised for `review_due_at`, is still to be done.
    """

    number: int
    tenant: str
    kind: LetterKind
    state: LetterState
    reason: str
    last_day: date
    ends_at: datetime
    asked_by: str
    asked_at: datetime
    scanned_at: datetime | None = None
    review_due_at: datetime | None = None
    alarm_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    opinion: str | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None  # expired | replaced | revoked
    replaced_by: int | None = None
    rev: int = 1  # grows with every change a reader can see: the ETag

    def after(self, kind: Kind) -> "Letter":
        """The letter after a move: the only way its state changes. Raises Conflict for a move that is not in LIFE."""
        moves = LIFE.get(self.state, {})
        if kind not in moves:
            label = STATE_LABELS[self.state]
            zh = f"授权书 {self.number} 当前状态为“{label.zh}”，不能执行该操作（{kind}）"
            en = f"Letter {self.number} is {label.en!r}; it cannot be {kind.removeprefix('letter-')}"
            raise Conflict(Text(zh, en), letter=self.number, state=self.state.value, move=kind.value)
        return replace(self, state=moves[kind])

    def at(self, now: datetime) -> "Letter":
        """The letter as it counts at a moment: after its last day it is void, whether a sweep has come by or not."""
        if self.state in FINAL or now < self.ends_at:
            return self
        return replace(self.after(Kind.LETTER_VOIDED), ended_at=self.ends_at, ended_why="expired")
