"""Letters of authorization: ask for one, hand in its stamped scan, revoke it, look at them (LET-1 to LET-3).

The provider's word on a letter is in intake.letter_review.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from domain.days import a_month_after, end_of
from domain.errors import Conflict, Denied, Fault, Mistake, NotFound
from domain.event import Event, Kind
from domain.letter import KIND_LABELS, Letter, LetterKind, LetterState
from domain.places import Standing, Tenant
from domain.request import Actor, Role
from domain.text import Text
from intake.desk import Desk
from intake.parse import read_day, text_of, unknown_keys
from intake.read import MAX_NUMBER, MOST
from runner.letters import changed, move, opened, to_letter
from runner.store.tx import Tx

MAX_REASON: Final = 500
MOST_OPEN: Final = 20  # letters of a tenant in draft or in review
_MAY_ASK: Final = frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS})


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a list of letters shows. `before` is the last number of the page before."""

    tenant: str | None = None
    kind: LetterKind | None = None
    state: LetterState | None = None
    before: int | None = None
    limit: int = 50


def ask(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> Letter:
    """A new letter, in draft: `kind`, `reason`, and `last_day`, a month ahead if it is not named.

    Raises Denied, Mistake (every fault), Conflict (too many are open).
    """
    tenant = _own_tenant(desk, actor)
    now = desk.store.clock.now()
    kind, reason, last_day = _read(desk, body, now.astimezone(tenant.zone).date())
    row = {"tenant": tenant.name, "kind": kind.value, "state": LetterState.DRAFT.value, "reason": reason}
    row |= {"last_day": last_day.isoformat(), "asked_by": actor.name}

    def write(tx: Tx) -> int:
        _leave_room(tx, tenant.name)
        at = tx.now()
        made = tx.row("insert_letter", **row, ends_at=end_of(last_day, tenant.zone), asked_at=at)
        if made is None:
            raise RuntimeError("the store gave no number")
        told = {"letter": made["number"], **{k: row[k] for k in ("kind", "reason", "last_day")}}
        tx.append(Event(kind=Kind.LETTER_ASKED, at=at, tenant=tenant.name, actor=actor.name, facts=told))
        return int(made["number"])

    return get(desk, actor, desk.store.write(write))


def revoke(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any], rev: int | None = None) -> Letter:
    """From now on the letter authorizes nothing. Only while it is in review or effective; the reason is recorded.

    Raises Mistake, Denied, NotFound, Conflict.
    """
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"reason"}), faults)
    reason = text_of(body, "reason", MAX_REASON, faults, required=True)
    raise_if_any(faults)
    seen = get(desk, actor, number)
    may_change(actor, seen.tenant)

    def write(tx: Tx) -> Letter:
        letter, _ = open_letter(tx, seen, rev)
        changes = {"ended_at": tx.now(), "ended_why": "revoked"}
        return move(tx, letter, Kind.LETTER_REVOKED, actor=actor.name, changes=changes, facts={"reason": reason})

    return desk.store.write(write)


def get(desk: Desk, actor: Actor, number: int) -> Letter:
    """One letter, as it counts now. Raises NotFound, also for somebody else's."""
    row = desk.store.row("letter", number=number)
    if row is None or not actor.sees(row["tenant"]):
        raise NotFound(Text(f"没有授权书 {number}", f"There is no letter {number}"), letter=number)
    return to_letter(row).at(desk.store.clock.now())


def letters(desk: Desk, actor: Actor, wanted: Wanted) -> list[Letter]:
    """A page of letters, newest first. The next page begins before the last number of this one. Raises Mistake."""
    if not 1 <= wanted.limit <= MOST:
        text = Text(f"limit 应为 1 至 {MOST}", f"limit must be 1 to {MOST}")
        raise Mistake(text, (Fault("limit", text),))
    tenant = wanted.tenant or actor.tenant
    if tenant and not actor.sees(tenant):
        return []  # another's letters do not exist
    now = desk.store.clock.now()
    words = {"kind": wanted.kind or "", "state": wanted.state or "", "before": wanted.before or MAX_NUMBER}
    page = {**{k: str(v) if k != "before" else v for k, v in words.items()}, "now": now, "most": wanted.limit}
    rows = desk.store.rows("letters_of_tenant", tenant=tenant, **page) if tenant else desk.store.rows("letters", **page)
    return [to_letter(row).at(now) for row in rows]


def open_letter(tx: Tx, seen: Letter, rev: int | None) -> tuple[Letter, tuple[Letter, ...]]:
    """See runner.letters.opened. Raises Conflict if the letter is no longer at revision `rev`."""
    letter, others = opened(tx, seen)
    if rev is not None and letter.rev != rev:
        stale = changed(letter.number)
        raise Conflict(stale.text, letter=letter.number, yours=rev, current=letter.rev)
    return letter, others


def may_change(actor: Actor, tenant: str) -> None:
    """Letters are a matter of the tenant's enterprise administrators and IT ops, all alike. Raises Denied."""
    if actor.tenant != tenant or not actor.roles & _MAY_ASK:
        zh = "只有企业管理员和IT运维可以办理授权书"
        raise Denied(Text(zh, "Only enterprise administrators and IT ops of the tenant handle its letters"))


def raise_if_any(faults: list[Fault]) -> None:
    if faults:
        raise Mistake(Text("授权书内容有误", "The letter has mistakes"), tuple(faults))


def _own_tenant(desk: Desk, actor: Actor) -> Tenant:
    if actor.tenant is None:
        raise Denied(Text("授权书由租户申请", "Letters are asked for by a tenant's people"))
    may_change(actor, actor.tenant)
    tenant = desk.tenant(actor.tenant, actor)
    if tenant.standing is not Standing.FORMAL:
        raise Denied(Text("只有正式租户可以申请授权书", "Only formal tenants may ask for letters"))
    return tenant


def _read(desk: Desk, body: Mapping[str, Any], today: date) -> tuple[LetterKind, str, date]:
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"kind", "reason", "last_day"}), faults)
    kind = _kind(body.get("kind"), faults)
    reason = text_of(body, "reason", MAX_REASON, faults, required=True)
    latest = today + desk.decider.rules.letters.longest
    last_day = _last_day(body.get("last_day"), today, latest, faults)
    raise_if_any(faults)
    return kind, reason, last_day


def _kind(word: Any, faults: list[Fault]) -> LetterKind:
    known = [kind.value for kind in LetterKind]
    if isinstance(word, str) and word in known:
        return LetterKind(word)
    names = "、".join(f"{kind}（{KIND_LABELS[kind].zh}）" for kind in LetterKind)
    faults.append(Fault("kind", Text(f"只能是：{names}", f"Must be one of: {', '.join(known)}")))
    return LetterKind.DOWNLOAD


def _last_day(word: Any, today: date, latest: date, faults: list[Fault]) -> date:
    if word is None:
        return min(a_month_after(today), latest)
    day = read_day(word, "last_day", faults)
    if day is None:
        return today
    if not today <= day <= latest:
        zh = f"应在今天（{today}）与 {latest} 之间，以租户时区计"
        en = f"Must lie between today ({today}) and {latest}, in the tenant's zone"
        faults.append(Fault("last_day", Text(zh, en), "out-of-range"))
    return day


def _leave_room(tx: Tx, tenant: str) -> None:
    """Those who ask at once take turns, so that the limit is exact."""
    if tx.is_postgres:
        tx.rows("lock_letters_pg", tenant=tenant)
    row = tx.row("open_letters", tenant=tenant, now=tx.now())
    if row and row["letters"] >= MOST_OPEN:
        zh = f"已有 {MOST_OPEN} 份授权书待上传或审核中；请先处理它们"
        en = f"{MOST_OPEN} letters are in draft or in review already; see to those first"
        raise Conflict(Text(zh, en), tenant=tenant, most=MOST_OPEN)
