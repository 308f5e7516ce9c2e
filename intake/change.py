"""Change what was asked: edit its time, withdraw or cancel it, rate it. Each is one guarded transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from domain.code import Code, CodeState
from domain.decision import Decision, Moment, Refused, Verdict
from domain.errors import Conflict, Fault, Mistake, NotFound
from domain.event import Kind
from domain.job import FINAL, Job, State
from domain.operation import Operation
from domain.request import Actor
from domain.text import Text
from intake.codes import Tried, attempt, for_edit, use
from intake.desk import Desk, Opened, open_request
from intake.parse import MAX_DESCRIPTION, read_moment, search_text, text_of, unknown_keys
from intake.taking import check_taken
from policies import decide
from runner import shelves
from runner.moves import move, outcome, wind_up
from runner.store.rows import dumps
from runner.store.tx import Tx

MAX_REASON: Final = 500
_EDITABLE: Final = frozenset({State.PENDING, State.WAITING})


def edit(desk: Desk, actor: Actor, number: int, rev: int, body: Mapping[str, Any]) -> None:
    """Give a request another time, other parameters or another description: a new version.

    What the provider had accepted is pending again. Raises Mistake, NotFound, Conflict, Refused.
    """
    change = _read_edit(body)
    tried = _tried(desk, actor, number, change)
    desk.store.write(lambda tx: _edit(desk, tx, actor, open_request(desk, tx, number, actor, rev), change, tried))
    desk.bell.ring(number)


def cancel(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> State:
    """Withdraw (pending), cancel (before its cutoff) or ask to stop (running, operators only). Answers the new state.

    Raises NotFound, Mistake, Conflict (it has ended), or Refused (the cutoff): then nothing changed.
    """
    reason = _reason(body)
    state = desk.store.write(lambda tx: _cancel(desk, tx, actor, open_request(desk, tx, number, actor), reason))
    desk.bell.ring(number)
    return state


def rate(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> None:
    """Rate ended work with 1 to 5 and a text: the request is completed. Once. Raises Mistake, NotFound, Conflict."""
    level, text = _read_rating(body)

    def write(tx: Tx) -> None:
        job = open_request(desk, tx, number, actor).job
        if job.state not in FINAL or job.started_at is None:
            raise _not_in(
                job, Text("评价", "rated"), Text("只有已结束的操作可评价", "only work that has ended can be rated")
            )
        if tx.moved("rate", number=number, rating=level) != 1:
            raise _not_in(job, Text("评价", "rated"), Text("已经评价过", "it was rated before"))
        tx.tell(job, Kind.RATED, actor.name, level=level, text=text)

    desk.store.write(write)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an edit gives anew; None stays as it was."""

    planned_at: datetime | None
    description: str | None
    params: dict[str, Any] | None
    code: Any = None


def _tried(desk: Desk, actor: Actor, number: int, change: Change) -> Tried | None:
    """The try of the code that came along, committed by itself. None: this operation asks for none."""
    item = replace(desk.store.write(lambda tx: open_request(desk, tx, number, actor)), reading=desk.store)
    try:
        operation = _changed(item, change)
    except (Mistake, NotFound):  # told when the edit is made
        return None
    if not operation.traits.code:
        return None
    purpose = for_edit(actor, number, operation, item.request.place)
    return attempt(desk, actor, purpose, change.code)


def _changed(was: Opened, change: Change) -> Operation:
    """The operation as it will be. Raises NotFound, or Mistake with every fault of its parameters."""
    if change.params is None:
        return was.operation
    operation = was.desk.catalog.build(was.request.operation, change.params)
    faults = tuple(operation.faults(was.place))
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), faults)
    return operation


def _edit(desk: Desk, tx: Tx, actor: Actor, was: Opened, change: Change, tried: Tried | None) -> None:
    if was.job.state not in _EDITABLE or was.job.started_at is not None or was.row["plan"]:
        raise _not_in(
            was.job, Text("修改", "edited"), Text("只有未开始的可修改", "only what has not begun can be edited")
        )
    at, operation = change.planned_at or was.job.planned_at, _changed(was, change)
    check_taken(tx, operation, was.place)
    situation = desk.decider.asked(tx, Moment.EDIT, at, actor, operation, was.place, job=was.job)
    decision = decide(replace(situation, code=tried.code if tried else None))
    if decision.verdict is Verdict.ALLOW and tried is not None and not use(tx, tried):
        decision = decide(replace(situation, code=Code(state=CodeState.NOT_ASKED)))
    if decision.verdict is not Verdict.ALLOW:
        raise Refused(decision)
    _write_edit(tx, actor, was, at, change)
    facts = {"from": was.job.planned_at.isoformat(), "to": at.isoformat(), "version": was.job.version + 1}
    facts |= {} if change.params is None else {"params": change.params}
    tx.tell(was.job, Kind.EDITED, actor.name, **facts, decision=decision.as_dict())
    accepted = was.job.state is State.WAITING and was.operation.traits.accepted == "by-provider"
    if accepted and not actor.is_operator:  # what an operator changes is accepted by that
        move(tx, was.job, Kind.REOPENED, actor=actor.name)


def _write_edit(tx: Tx, actor: Actor, was: Opened, at: datetime, change: Change) -> None:
    version, request = was.job.version + 1, was.request
    description = request.description if change.description is None else change.description
    tx.moved(
        "insert_request",
        number=request.number,
        version=version,
        operation=request.operation,
        place=request.place,
        tenant=request.tenant,
        params=dumps(request.params if change.params is None else change.params),
        planned_at=at,
        asked_at=tx.now(),
        asked_by=actor.name,
        description=description,
        email=request.email,
    )
    latest = at + was.operation.traits.grace
    search = search_text(description, was.job.asked_by, was.job.opinion or "")
    key = {"number": request.number, "rev": was.job.rev}
    if tx.moved("edit_job", **key, version=version, planned_at=at, latest_start=latest, search=search) != 1:
        raise RuntimeError(f"request {request.number} moved under its lock")
    if search != was.row["search"]:
        shelves.forget(tx, request.number)


def _cancel(desk: Desk, tx: Tx, actor: Actor, was: Opened, reason: str) -> State:
    job = was.job
    if job.state in FINAL:
        raise _not_in(job, Text("取消", "cancelled"), Text("它已经结束", "it has ended"))
    decision = _decide(desk, tx, Moment.CANCEL, job.planned_at, actor, was) if job.state is not State.PENDING else None
    if decision and decision.verdict is not Verdict.ALLOW:
        raise Refused(decision)
    facts = {"reason": reason, "decision": decision.as_dict() if decision else None}
    if job.state is State.WAITING and job.started_at is None:
        text = Text("取消成功", "cancelled before it started")
        return wind_up(tx, job, was.row["plan"], Kind.CANCELLED, text, actor=actor.name, **facts).state
    kind, changes = _cancelling(job, actor, reason)
    return move(tx, job, kind, actor=actor.name, changes=changes, facts=facts).state


def _cancelling(job: Job, actor: Actor, reason: str) -> tuple[Kind, dict[str, Any]]:
    if job.state is State.PENDING:
        return Kind.WITHDRAWN, outcome(Text("申请人已取消", "withdrawn by the requester"), reason=reason)
    if job.state is State.RUNNING or (job.state is State.WAITING and not job.stop_asked_by):
        return Kind.STOP_ASKED, {"stop_asked_by": actor.name}
    why = Text("正在停止或核实中，请稍候", "it is being stopped or verified; wait for that to end")
    if job.state is State.NEEDS_ATTENTION:
        why = Text("须由服务商运维人员判定（resolve）", "an operator of the provider has to resolve it")
    raise _not_in(job, Text("取消", "cancelled"), why)


def _decide(desk: Desk, tx: Tx, moment: Moment, at: datetime, actor: Actor, was: Opened) -> Decision:
    return decide(desk.decider.asked(tx, moment, at, actor, was.operation, was.place, job=was.job))


def _not_in(job: Job, verb: Text, why: Text) -> Conflict:
    zh, en = f"运维单 {job.number} 不能{verb.zh}：{why.zh}", f"Request {job.number} cannot be {verb.en}: {why.en}"
    return Conflict(Text(zh, en), number=job.number, state=job.state.value)


def _read_edit(body: Mapping[str, Any]) -> Change:
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"planned_at", "description", "params", "code"}), faults)
    planned_at = read_moment(body.get("planned_at"), "planned_at", faults)
    description = text_of(body, "description", MAX_DESCRIPTION, faults) if "description" in body else None
    params = body.get("params")
    if params is not None and not isinstance(params, Mapping):
        faults.append(Fault("params", Text("应为对象", "Must be an object")))
        params = None
    if not faults and planned_at is None and description is None and params is None:
        faults.append(Fault("planned_at", Text("没有要修改的内容", "There is nothing to change"), "missing"))
    _raise(faults)
    new = None if params is None else dict(params)
    return Change(planned_at=planned_at, description=description, params=new, code=body.get("code"))


def _reason(body: Mapping[str, Any]) -> str:
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"reason"}), faults)
    reason = text_of(body, "reason", MAX_REASON, faults, required=True)
    _raise(faults)
    return reason


def _read_rating(body: Mapping[str, Any]) -> tuple[int, str]:
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"level", "text"}), faults)
    level = body.get("level")
    if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= 5:
        faults.append(Fault("level", Text("应为 1 至 5 的整数", "Must be a whole number from 1 to 5")))
        level = 0
    text = text_of(body, "text", MAX_REASON, faults)
    _raise(faults)
    return level, text


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(faults))
