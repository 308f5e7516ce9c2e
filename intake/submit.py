"""Ask for something, or ask whether it would be allowed. A refusal leaves no trace."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from domain.code import Code, CodeState
from domain.decision import Decision, Moment, Refused, Situation, Verdict
from domain.errors import Fault, Mistake, NotFound
from domain.event import Event, Kind
from domain.job import State
from domain.request import Actor
from domain.text import Text
from intake.codes import Tried, attempt, for_submit, use
from intake.desk import Desk
from intake.parse import Draft, draft, search_text
from intake.taking import check_artifacts
from policies import decide
from policies.slots import first_slot, next_slots
from runner.decider import quota_key
from runner.store.reading import Reading
from runner.store.rows import dumps
from runner.store.tx import Tx

MAX_KEY: Final = 200
SLOTS: Final = 5
MOST_IN_BULK: Final = 500
MAX_BULK_KEY: Final = MAX_KEY - len(f"#{MOST_IN_BULK - 1}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a submit answers. `replayed` says that the same key asked before: this is the first answer again."""

    number: int
    planned_at: datetime
    state: State
    decision: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """What would happen: the decision, the next admissible starts, and the steps. Nothing was created."""

    decision: Decision
    planned_at: datetime | None
    slots: tuple[datetime, ...]
    steps: tuple[Text, ...]
    place: str
    operation: str
    estimate: timedelta
    warning: Text | None = None


def submit(desk: Desk, actor: Actor, body: Mapping[str, Any], key: str | None = None) -> Answer:
    """Accept a request, once for each idempotency key. Raises Mistake, NotFound or Refused: then nothing is stored."""
    _check_key(key, MAX_KEY)
    digest, tried = _digest(body), _tried(desk, actor, body)
    answer = desk.store.write(lambda tx: _once(desk, tx, actor, body, key, digest, tried))
    if not answer.replayed:
        desk.bell.ring(answer.number)
    return answer


def submit_within(desk: Desk, tx: Tx, actor: Actor, body: Mapping[str, Any], key: str) -> Answer:
    """The same in a transaction that goes on: both come about, or neither. The caller rings the bell afterwards.

    Raises Mistake, Refused before anything is written. For what the product asks for itself, as somebody wished with a
    one-time code before: it has none of its own.
    """
    return _once(desk, tx, actor, body, key, _digest(body), Tried(code=Code(state=CodeState.COVERED)))


def submit_many(
    desk: Desk, actor: Actor, bodies: list[Mapping[str, Any]], key: str | None = None
) -> list[Answer | Exception]:
    """Accept many in one transaction; each has its own answer or its own error, in order. Raises Mistake for the key.

    With a key K the body at index i is submitted under the key `K#i`: a repeated call creates nothing twice.
    """
    _check_key(key, MAX_BULK_KEY)
    keyed = [
        (body, key and f"{key}#{i}", _digest(body) if key else "", _tried(desk, actor, body))
        for i, body in enumerate(bodies)
    ]

    def each(tx: Tx) -> list[Answer | Exception]:
        return [_or_error(desk, tx, actor, *one) for one in keyed]

    answers = desk.store.write(each)
    accepted = [a.number for a in answers if isinstance(a, Answer) and not a.replayed]
    if accepted:
        desk.bell.ring(accepted[0])  # one ring says "look": the claim takes all that is due
    return answers


def check(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> Check:
    """Every policy's answer and the next admissible starts, creating nothing. Raises Mistake or NotFound."""
    wish = _read(desk, actor, body, confirmed=False)

    def ask(tx: Tx) -> tuple[Situation, datetime | None]:
        check_artifacts(tx, wish)
        situation = desk.decider.asked(tx, Moment.SUBMIT, wish.planned_at, actor, wish.operation, wish.place)
        situation = replace(situation, code=Code(state=CodeState.TO_COME))
        return situation, wish.planned_at or first_slot(situation)

    situation, at = desk.store.write(ask)
    decision = decide(replace(situation, at=at or situation.now))
    slots = next_slots(replace(situation, at=max(situation.now, at or situation.now)), SLOTS)
    steps = tuple(s.title for s in wish.operation.plan(wish.place))
    return Check(
        decision=decision,
        planned_at=at,
        slots=slots,
        steps=steps,
        place=wish.place.path,
        operation=wish.operation.name,
        estimate=situation.estimate,
        warning=wish.operation.warns(wish.place),
    )


def _digest(body: Mapping[str, Any]) -> str:
    """What makes two bodies one. Not its code: asked again, it may come with another, or with none."""
    plain = {k: v for k, v in body.items() if k != "code"}
    return hashlib.sha256(dumps(plain).encode("utf-8", "surrogatepass")).hexdigest()


def _tried(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> Tried | None:
    """The try of the code that came along, committed by itself. None: this operation asks for none."""
    name = body.get("operation")
    if not isinstance(name, str) or not any(o.name == name and o.traits.code for o in desk.catalog):
        return None
    try:
        wish = _read(desk, actor, body, confirmed=True)
    except (Mistake, NotFound):  # it will be told when the request is read
        return None
    return attempt(desk, actor, for_submit(actor, wish.operation, wish.place), body.get("code"))


def _once(
    desk: Desk, tx: Tx, actor: Actor, body: Mapping[str, Any], key: str | None, digest: str, tried: Tried | None
) -> Answer:
    remembered = tx.row("idempotent_answer", actor=actor.name, key=key) if key else None
    if remembered:
        return _again(remembered["body_hash"], remembered["answer"], digest)
    answer = _accept(desk, tx, actor, _read(desk, actor, body, confirmed=True, reading=tx), tried)
    if key:
        stored = dumps(_as_data(answer))
        tx.moved("remember_answer", actor=actor.name, key=key, body_hash=digest, answer=stored, at=tx.now())
    return answer


def _again(body_hash: str, stored: str, digest: str) -> Answer:
    if body_hash != digest:
        zh = "该 Idempotency-Key 已用于另一内容的请求；请换一个新的键"
        en = "This Idempotency-Key was used with another body; use a new key for a new request"
        raise Mistake(Text(zh, en), (Fault("Idempotency-Key", Text(zh, en), "reused"),))
    data = json.loads(stored)
    moment, state = datetime.fromisoformat(data["planned_at"]), State(data["state"])
    return Answer(**{**data, "planned_at": moment, "state": state, "replayed": True})


def _as_data(answer: Answer) -> dict[str, Any]:
    decision = answer.decision
    return {
        "number": answer.number,
        "planned_at": answer.planned_at.isoformat(),
        "state": answer.state.value,
        "decision": decision,
    }


def _or_error(
    desk: Desk, tx: Tx, actor: Actor, body: Mapping[str, Any], key: str | None, digest: str, tried: Tried | None
) -> Answer | Exception:
    try:
        return _once(desk, tx, actor, body, key, digest, tried)
    except (Mistake, Refused) as error:  # both leave nothing behind
        return error


def _read(
    desk: Desk, actor: Actor, body: Mapping[str, Any], *, confirmed: bool, reading: Reading | None = None
) -> Draft:
    reading = reading or desk.store
    wish = draft(body, desk.catalog, desk.decider.here(reading), confirmed=confirmed)
    try:
        desk.place(wish.place.path, actor, reading)
    except NotFound as unseen:  # the same answer as for a place that does not exist
        fault = Fault("place", unseen.text, "unknown")
        raise Mistake(Text("请求内容有误", "The request has mistakes"), (fault,)) from None
    return wish


def _accept(desk: Desk, tx: Tx, actor: Actor, wish: Draft, tried: Tried | None) -> Answer:
    """Decide and record. What refuses leaves nothing behind: in bulk the others are committed."""
    check_artifacts(tx, wish)
    situation = desk.decider.asked(tx, Moment.SUBMIT, wish.planned_at, actor, wish.operation, wish.place)
    situation = replace(situation, code=tried.code if tried else None)
    decision = decide(situation)
    if wish.planned_at is None and decision.verdict is not Verdict.ALLOW:
        situation, decision = _soonest(situation, decision)
    if decision.verdict is not Verdict.ALLOW:
        raise Refused(decision)
    keys = _take_quotas(desk, tx, wish, situation)
    if tried is not None and not use(tx, tried):  # of two with the same code the first has used it
        _give_back(tx, keys)
        raise Refused(decide(replace(situation, code=Code(state=CodeState.NOT_ASKED))))
    return _record(tx, actor, wish, situation, decision, keys)


def _soonest(situation: Situation, now: Decision) -> tuple[Situation, Decision]:
    """Not at once: then in the first admissible slot; if there is none, the refusal of now says why."""
    slot = first_slot(situation)
    if slot is None:
        return situation, now
    then = replace(situation, at=slot)
    return then, decide(then)


def _record(tx: Tx, actor: Actor, wish: Draft, situation: Situation, decision: Decision, keys: list[str]) -> Answer:
    traits, at = wish.operation.traits, situation.at
    state = State.WAITING if traits.accepted == "automatically" else State.PENDING
    row = tx.row(
        "insert_job",
        state=state.value,
        operation=wish.operation.name,
        tenant=wish.place.tenant.name,
        place=wish.place.path,
        lock_mode=traits.lock.value,
        planned_at=at,
        due_at=at,
        latest_start=at + traits.grace,
        asked_by=actor.name,
        asked_at=situation.now,
        search=search_text(wish.description, actor.name, ""),
        quota_keys=dumps(keys),
    )
    if row is None:
        raise RuntimeError("the store gave no number")
    number = row["number"]
    _write_version(tx, number, 1, wish, at, situation.now, actor)
    said = decision.as_dict()
    facts = {"operation": wish.operation.name, "place": wish.place.path, "planned_at": at.isoformat(), "decision": said}
    told = {**facts, "params": wish.params, "description": wish.description, "state": state.value}
    tenant = wish.place.tenant.name
    tx.append(Event(kind=Kind.ASKED, at=situation.now, job=number, tenant=tenant, actor=actor.name, facts=told))
    return Answer(number=number, planned_at=at, state=state, decision=said)


def _write_version(
    tx: Tx, number: int, version: int, wish: Draft, at: datetime, asked_at: datetime, actor: Actor
) -> None:
    tx.later(
        "insert_request",
        number=number,
        version=version,
        operation=wish.operation.name,
        place=wish.place.path,
        tenant=wish.place.tenant.name,
        params=dumps(wish.params),
        planned_at=at,
        asked_at=asked_at,
        asked_by=actor.name,
        description=wish.description,
        email=wish.email,
    )


def _take_quotas(desk: Desk, tx: Tx, wish: Draft, situation: Situation) -> list[str]:
    """Reserve. On PostgreSQL another may have come first since the row was read: the guarded UPDATE decides."""
    keys: list[str] = []
    for quota in desk.decider.quotas(wish.operation):
        key = quota_key(quota, wish.place, wish.operation, situation.now)
        if tx.moved("quota_take", key=key, limit=quota.limit) != 1:
            _give_back(tx, keys)
            used = tuple(replace(u, used=u.limit) if u.key == key else u for u in situation.quotas)
            raise Refused(decide(replace(situation, quotas=used)))
        keys.append(key)
    return keys


def _give_back(tx: Tx, keys: list[str]) -> None:
    for key in keys:
        tx.moved("quota_give_back", key=key)


def _check_key(key: str | None, longest: int) -> None:
    if key is not None and not 1 <= len(key) <= longest:
        text = Text(f"Idempotency-Key 长度应为 1 至 {longest}", f"An Idempotency-Key has 1 to {longest} characters")
        raise Mistake(text, (Fault("Idempotency-Key", text),))
