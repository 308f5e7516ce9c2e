"""Can it still be cancelled, or edited? (INT-7, IIS-3, PAT-5) Only while *more* than the cutoff is left."""

from datetime import timedelta
from typing import Any, Final

from domain.decision import Moment, Reason, Situation
from domain.text import Text
from policies.roles import is_provider
from policies.wording import allow, refuse, shown, span

POLICY: Final = "cutoffs"
_CHANGES: Final = {Moment.CANCEL: Text("取消", "cancelled"), Moment.EDIT: Text("修改", "edited")}


def before_cutoff(situation: Situation) -> Reason:
    """The time that counts is the one planned so far, not the one that an edit asks for."""
    change = _CHANGES.get(situation.moment)
    if change is None:
        return allow(POLICY, Text("仅在取消或修改时检查", "This is asked only of a cancellation or an edit."))
    planned_at, cutoff = situation.planned_at, cutoff_of(situation)
    if planned_at is None:
        raise ValueError(f"at {situation.moment} a cutoff needs the planned time")
    left = planned_at - situation.now
    values = {"planned_at": planned_at, "now": situation.now, "left": left, "cutoff": cutoff}
    if is_provider(situation.actor):
        return _exempt(situation.underway, values)
    if situation.underway:
        return _underway(change, values)
    return (_open if left > cutoff else _late)(shown(planned_at, situation.place.tenant.zone), cutoff, change, values)


def cutoff_of(situation: Situation) -> timedelta:
    """The operation's own cutoff, or the rulebook's."""
    own = situation.traits.cutoff
    return situation.rules.default_cutoff if own is None else own


def _exempt(underway: bool, values: dict[str, Any]) -> Reason:
    text = Text("服务商运维人员不受时限约束", "Operators of the provider are exempt from the cutoff.")
    stop = Text("操作正在执行，将请求停止", "It is running: it will be asked to stop.")
    return allow(POLICY, stop if underway else text, exempt=True, **values)


def _underway(change: Text, values: dict[str, Any]) -> Reason:
    zh = f"操作正在执行，无法{change.zh}。如需停止，请联系服务商运维人员。"
    en = f"It is running and can no longer be {change.en}. To have it stopped, please contact the provider's operators."
    return refuse(POLICY, Text(zh, en), underway=True, **values)


def _open(when: str, cutoff: timedelta, change: Text, values: dict[str, Any]) -> Reason:
    length = span(cutoff)
    zh = f"距计划时间 {when} 超过 {length.zh}，可以{change.zh}"
    en = f"More than {length.en} remain before {when}, so it can be {change.en}."
    return allow(POLICY, Text(zh, en), **values)


def _late(when: str, cutoff: timedelta, change: Text, values: dict[str, Any]) -> Reason:
    length = span(cutoff)
    zh = (
        f"您的环境即将执行该操作（计划时间 {when}），距开始不超过 {length.zh}，无法{change.zh}。"
        "如需停止，请联系服务商运维人员。"
    )
    en = (
        f"Your environment is about to undergo this operation (planned for {when}). Not more than {length.en} are "
        f"left, so it can no longer be {change.en}. To have it stopped, please contact the provider's operators."
    )
    return refuse(POLICY, Text(zh, en), **values)
