"""Every move of a letter goes through `move`: LIFE allows it, the row is guarded, the event is written with it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any, Final

from domain.errors import Conflict, StoreDown
from domain.event import Event, Kind
from domain.letter import FINAL, Letter, LetterKind, LetterState
from domain.text import Text
from runner.store.reading import Reading
from runner.store.rows import moment
from runner.store.store import Store
from runner.store.tx import Row, Tx

log = logging.getLogger("yunwei.letters")
BATCH: Final = 200
_CHANGING: Final = (
    *("scanned_at", "review_due_at", "alarm_at", "decided_by", "decided_at"),
    *("opinion", "ended_at", "ended_why", "replaced_by"),
)


def effective(reading: Reading, tenant: str, now: datetime) -> tuple[Letter, ...]:
    """The letters that authorize something at this moment: at most one of each kind."""
    return tuple(to_letter(row) for row in reading.rows("effective_letters", tenant=tenant, now=now))


def opened(tx: Tx, seen: Letter) -> tuple[Letter, tuple[Letter, ...]]:
    """A letter as it is now, and the others of its tenant and kind that are not over: locked until the end of `tx`.

    What has ended counts as void. One that is over is answered as it is.
    """
    now = tx.now()
    rows = tx.rows("living_letters_for_update", tenant=seen.tenant, kind=seen.kind.value)
    living = [to_letter(row) for row in rows]
    found = next((each for each in living if each.number == seen.number), None)
    if found is None:
        row = tx.row("letter", number=seen.number)
        found = to_letter(row) if row else seen
    return found.at(now), tuple(each for each in living if each.number != seen.number)


def move(
    tx: Tx,
    letter: Letter,
    kind: Kind,
    *,
    actor: str = "yunwei",
    changes: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Letter:
    """Move a letter in the store and tell of it. Raises Conflict if LIFE says no, or if the row has moved on."""
    after = replace(letter.after(kind), **(changes or {}))
    if after.state is not LetterState.IN_REVIEW:
        after = replace(after, alarm_at=None)
    columns = {name: getattr(after, name) for name in _CHANGING}
    key = {"number": letter.number, "was": letter.state.value, "rev": letter.rev}
    if tx.moved("move_letter", **key, state=after.state.value, **columns) != 1:
        raise changed(letter.number)
    told = {"from": letter.state.value, "to": after.state.value, **(facts or {})}
    tell(tx, letter, kind, actor=actor, facts=told)
    return replace(after, rev=letter.rev + 1)


def tell(tx: Tx, letter: Letter, kind: Kind, *, actor: str, facts: Mapping[str, Any]) -> None:
    """An event of a letter, at this moment."""
    told = {"letter": letter.number, "kind": letter.kind.value, **facts}
    tx.append(Event(kind=kind, at=tx.now(), tenant=letter.tenant, actor=actor, facts=told))


def void_the_others(tx: Tx, others: tuple[Letter, ...], by: Letter, actor: str) -> None:
    """The letter that becomes effective takes the place of the earlier one."""
    now = tx.now()
    for other in others:
        if other.state is not LetterState.EFFECTIVE:
            continue
        if other.at(now).state is LetterState.VOID:
            _expire(tx, other)
            continue
        changes = {"ended_at": now, "ended_why": "replaced", "replaced_by": by.number}
        facts = {"why": "replaced", "replaced_by": by.number}
        move(tx, other, Kind.LETTER_VOIDED, actor=actor, changes=changes, facts=facts)


def changed(number: int) -> Conflict:
    """What somebody is told whose letter has changed since it was read."""
    zh, en = f"授权书 {number} 已被修改，请刷新后重试", f"Letter {number} has changed since you read it; read it again"
    return Conflict(Text(zh, en), letter=number)


def sweep(store: Store) -> None:
    """Make void what has ended, and warn the provider of reviews that are nearly overdue."""
    now = store.clock.now()
    for row in store.rows("ended_letters", now=now, most=BATCH):
        _alone(store, row, _end)
    for row in store.rows("alarming_letters", now=now, most=BATCH):
        _alone(store, row, _alarm)


def to_letter(row: Mapping[str, Any]) -> Letter:
    """A stored letter."""
    moments = ("ends_at", "asked_at", "scanned_at", "review_due_at", "alarm_at", "decided_at", "ended_at")
    read = {
        **{f.name: row[f.name] for f in fields(Letter)},
        **{name: moment(row[name]) for name in moments},
        "kind": LetterKind(row["kind"]),
        "state": LetterState(row["state"]),
        "last_day": date.fromisoformat(row["last_day"]),
    }
    return Letter(**read)


def _alone(store: Store, row: Row, work: Callable[[Tx, Row], None]) -> None:
    """Each in a transaction of its own: one that cannot be handled must not hide the others."""
    try:
        store.write(lambda tx: work(tx, row))
    except Conflict:
        log.debug("letter %s was handled by somebody else", row["number"])
    except StoreDown:
        raise
    except Exception:
        log.exception("the sweeper cannot handle letter %s", row["number"])


def _end(tx: Tx, row: Row) -> None:
    """Read again under the lock: another sweep may have been first."""
    found = tx.rows("living_letters_for_update", tenant=row["tenant"], kind=row["kind"])
    letter = next((to_letter(each) for each in found if each["number"] == row["number"]), None)
    if letter and letter.at(tx.now()).state in FINAL:
        _expire(tx, letter)


def _expire(tx: Tx, letter: Letter) -> None:
    facts = {"why": "expired", "last_day": f"{letter.last_day}"}
    move(tx, letter, Kind.LETTER_VOIDED, changes={"ended_at": letter.ends_at, "ended_why": "expired"}, facts=facts)


def _alarm(tx: Tx, row: Row) -> None:
    taken = tx.row("take_alarm", number=row["number"], now=tx.now())
    if taken is None:
        return
    due_at = moment(taken["review_due_at"])
    zh = f"授权书 {row['number']} 的审核即将超时（承诺 {due_at.isoformat()} 前答复）"
    en = f"The review of letter {row['number']} is nearly overdue (promised for {due_at.isoformat()})"
    facts = {"why": "letter-review", "letter": row["number"], "kind": taken["kind"]}
    told = {**facts, "review_due_at": due_at.isoformat(), "text": Text(zh, en).as_dict()}
    tx.append(Event(kind=Kind.ALARM, at=tx.now(), tenant=taken["tenant"], facts=told))
