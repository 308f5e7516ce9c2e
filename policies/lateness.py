"""Is it time to start, and not too late? (CORE-4) The runner turns "lateness" into a missed start or a question."""

from datetime import datetime
from typing import Final

from domain.decision import Moment, Reason, Situation
from domain.text import Text
from policies.wording import allow, refuse, shown, span, wait

POLICY: Final = "lateness"


def in_time(situation: Situation) -> Reason:
    """From the planned time up to and including the end of the operation's grace, never before.

    What is underway began in time: going on after a crash or an operator's word is not a late start.
    """
    if situation.moment is not Moment.START:
        return allow(POLICY, Text("仅在开始时检查", "This is asked only when the work is to start."))
    if situation.underway:
        return allow(POLICY, Text("操作已按时开始，现在继续", "It began in time, and now goes on."))
    now, planned_at, latest = situation.now, _planned(situation), latest_start(situation)
    if now < planned_at:
        when = shown(planned_at, situation.place.tenant.zone)
        text = Text(f"未到计划时间 {when}。", f"The planned time {when} has not come yet.")
        return wait(POLICY, planned_at, text, planned_at=planned_at, now=now)
    if now > latest:
        return _missed(situation, now)
    text = Text("在允许的开始时间内", "It starts in time.")
    return allow(POLICY, text, planned_at=planned_at, now=now, late=now - planned_at, latest=latest)


def latest_start(situation: Situation) -> datetime:
    """The last instant at which it may start. Raises ValueError without a planned time."""
    return _planned(situation) + situation.traits.grace


def missed_by_then(situation: Situation, until: datetime) -> Reason:
    """The refusal where another policy lets the work start only after its latest start."""
    zone, latest = situation.place.tenant.zone, latest_start(situation)
    first, last = shown(until, zone), shown(latest, zone)
    zh = f"最早可在 {first} 开始，已晚于最晚开始时间 {last}，请重新申请。"
    en = f"It could start at {first} at the earliest, after its latest start {last}. Please submit it again."
    values = {"planned_at": _planned(situation), "earliest": until, "latest": latest, "grace": situation.traits.grace}
    return refuse(POLICY, Text(zh, en), **values)


def _missed(situation: Situation, now: datetime) -> Reason:
    zone, planned_at = situation.place.tenant.zone, _planned(situation)
    when, late, grace = shown(planned_at, zone), span(now - planned_at), span(situation.traits.grace)
    zh = f"已晚于计划时间 {when} {late.zh}，超过允许的 {grace.zh}，未执行。请重新申请。"
    en = f"It is {late.en} after the planned time {when}; at most {grace.en} are allowed. Please submit it again."
    values = {"planned_at": planned_at, "now": now, "late": now - planned_at, "grace": situation.traits.grace}
    return refuse(POLICY, Text(zh, en), **values)


def _planned(situation: Situation) -> datetime:
    if situation.planned_at is None:
        raise ValueError("a start needs its planned time")
    return situation.planned_at
