"""The provider's word: accept or reject what is pending, and decide what nobody else can."""

import json
from collections.abc import Mapping
from typing import Any, Final

from domain.decision import Moment, Refused, Verdict
from domain.errors import Conflict, Denied, Fault, Mistake
from domain.event import Kind
from domain.job import Job, State
from domain.operation import Operation
from domain.request import Actor
from domain.text import Text
from intake.change import MAX_REASON
from intake.desk import Desk, Opened, open_request
from intake.parse import search_text, text_of, unknown_keys
from policies import decide
from runner import shelves
from runner.admission import plan_from
from runner.artifacts import record
from runner.moves import move, outcome, wind_up
from runner.store.tx import Tx

_WORDS: Final = ("done", "run-again", "failed")


def accept(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> State:
    """A pending request may run at its time. The policies are asked again. Raises Denied, Conflict, Refused."""
    opinion = _opinion(actor, body, required=False)

    def write(tx: Tx) -> State:
        was = open_request(desk, tx, number, actor)
        at = was.job.planned_at
        decision = decide(desk.decider.asked(tx, Moment.APPROVAL, at, actor, was.operation, was.place, job=was.job))
        if was.job.state is State.PENDING and decision.verdict is not Verdict.ALLOW:
            raise Refused(decision)
        moved = move(tx, was.job, Kind.ACCEPTED, actor=actor.name, facts={"opinion": opinion})
        _keep(tx, was, opinion)
        return moved.state

    state = desk.store.write(write)
    desk.bell.ring(number)
    return state


def reject(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> State:
    """A pending request will not run; the opinion says why. Its quota is given back. Raises Denied, Conflict."""
    opinion = _opinion(actor, body, required=True)

    def write(tx: Tx) -> State:
        was = open_request(desk, tx, number, actor)
        text = Text("已驳回", "rejected by the provider")
        moved = move(tx, was.job, Kind.REJECTED, actor=actor.name, changes=outcome(text), facts={"opinion": opinion})
        _keep(tx, was, opinion)
        return moved.state

    return desk.store.write(write)


def resolve(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> State:
    """Say what became of a step that nobody can tell: `done` (go on), `run-again`, or `failed`, with the reason.

    `run-again` gives the step a fresh token, so that the target lets it happen once more. Raises Denied, Conflict.
    """
    word, opinion = _read_resolution(actor, body)

    def write(tx: Tx) -> State:
        was = open_request(desk, tx, number, actor)
        _check_word(word, was)
        facts = {"word": word, "opinion": opinion, "step": was.job.step}
        moved = _failed(tx, was, actor, facts) if word == "failed" else _go_on(tx, was, actor, word, facts)
        _keep(tx, was, opinion)
        return moved.state

    state = desk.store.write(write)
    desk.bell.ring(number)
    return state


def _check_word(word: str, was: Opened) -> None:
    """Nobody goes on with a job of which something was taken away: what its next steps need, or what it has done."""
    if word != "failed" and _was_taken_away(was):
        zh = "该作业留下的内容已开始清理，不能再继续；请排除原因后选择 failed：将再次清理"
        en = "What it left is being taken away, so it cannot go on; remove the cause, then resolve it as failed: it "
        en += "cleans up again"
        raise Conflict(Text(zh, en), number=was.job.number, step=was.job.step)
    _check_done(word, was)


def _was_taken_away(was: Opened) -> bool:
    """Whether cleaning up after this job was begun, and has not come to its end."""
    return was.job.ending is not None or bool((was.job.outcome or {}).get("evidence", {}).get("undo"))


def _check_done(word: str, was: Opened) -> None:
    """A destructive step that was never sent cannot be said to be done: it would be left out silently."""
    plan = json.loads(was.row["plan"] or "[]")[was.job.step :]
    if word == "done" and was.job.started_at and not was.job.begun and plan and plan[0]["destructive"]:
        key = plan[0]["key"]
        zh = f"步骤 {key} 尚未发出，不能判为已完成；请选择 run-again（从该步骤继续）或 failed"
        en = f"Step {key} was never sent, so it is not done; choose run-again (goes on with it) or failed"
        raise Conflict(Text(zh, en), number=was.job.number, step=key)


def _start_now(tx: Tx, operation: Operation) -> dict[str, Any]:
    """A late start that was asked about has no step yet: whatever but "failed" means "start it now"."""
    now = tx.now()
    return {"planned_at": now, "due_at": now, "latest_start": now + operation.traits.grace}


def _failed(tx: Tx, was: Opened, actor: Actor, facts: Mapping[str, Any]) -> Job:
    """It ends, and what it left is taken away. Where that was tried in vain before, it ends in any case."""
    text = Text("运维人员判定失败", "an operator found that it failed")
    more = {**facts, "whatever": True} if _was_taken_away(was) else facts
    return wind_up(tx, was.job, was.row["plan"], Kind.FAILED, text, actor=actor.name, **more)


def _go_on(tx: Tx, was: Opened, actor: Actor, word: str, facts: Mapping[str, Any]) -> Job:
    """A stop that was asked for before is over with that word."""
    job, changes = was.job, {"begun": 0, "tries": 0, "stop_asked_by": None}
    if job.started_at is None:
        return move(tx, job, Kind.RUN_AGAIN, actor=actor.name, changes=_start_now(tx, was.operation), facts=facts)
    if word == "run-again":
        changes |= {"run": job.run + 1}
        return move(tx, job, Kind.RUN_AGAIN, actor=actor.name, changes=changes, facts=facts)
    for made in _made(was):
        record(tx, job, made)
    changes |= {"step": job.step + 1}
    return move(tx, job, Kind.RESUMED, actor=actor.name, changes=changes, facts=facts)


def _made(was: Opened) -> tuple[Mapping[str, Any], ...]:
    """What the step that is said to be done has made."""
    plan = plan_from(was.row["plan"] or "[]")[was.job.step :]
    return was.operation.made_by(plan[0]) if plan else ()


def _keep(tx: Tx, was: Opened, opinion: str) -> None:
    search = search_text(was.request.description, was.job.asked_by, opinion)
    tx.moved("set_opinion", number=was.job.number, opinion=opinion, search=search)
    if search != was.row["search"]:
        shelves.forget(tx, was.job.number)


def _opinion(actor: Actor, body: Mapping[str, Any], *, required: bool) -> str:
    operators_only(actor)
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"opinion"}), faults)
    opinion = text_of(body, "opinion", MAX_REASON, faults, required=required)
    _raise(faults)
    return opinion


def _read_resolution(actor: Actor, body: Mapping[str, Any]) -> tuple[str, str]:
    operators_only(actor)
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"word", "opinion"}), faults)
    word = body.get("word")
    if word not in _WORDS:
        faults.append(Fault("word", Text(f"只能是：{'、'.join(_WORDS)}", f"Must be one of: {', '.join(_WORDS)}")))
    opinion = text_of(body, "opinion", MAX_REASON, faults, required=True)
    _raise(faults)
    return str(word), opinion


def operators_only(actor: Actor) -> None:
    """Some words are the provider's alone. Raises Denied."""
    if not (actor.is_operator and actor.tenant is None):
        zh, en = "只有服务商运维人员可以这样做", "Only an operator of the provider may do this"
        raise Denied(Text(zh, en), role="operator")


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(faults))
