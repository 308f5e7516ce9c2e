"""Is it planned neither too early nor too far ahead? (INT-8)"""

from datetime import timedelta
from typing import Final

from domain.decision import Moment, Reason, Situation
from domain.text import Text
from policies.wording import allow, refuse, shown, span, wait

POLICY: Final = "planning"
_PLANS: Final = frozenset({Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL})


def planned_ahead(situation: Situation) -> Reason:
    """Both ends belong to the range: exactly the lead, and exactly the range, are allowed."""
    if situation.moment not in _PLANS:
        return allow(POLICY, Text("计划时间已在提交时检查", "The planned time was checked when it was asked for."))
    at, lead = situation.at, lead_of(situation)
    if at < situation.now + lead:
        return _too_early(situation, lead)
    latest = situation.now + range_of(situation)
    if at > latest:
        return _too_far(situation)
    text = Text("计划时间在允许的范围内", "The planned time is within the allowed range.")
    return allow(POLICY, text, at=at, earliest=situation.now + lead, latest=latest)


def lead_of(situation: Situation) -> timedelta:
    """The operation's own minimum lead, or the rulebook's."""
    own = situation.traits.lead
    return situation.rules.planning.lead if own is None else own


def range_of(situation: Situation) -> timedelta:
    """How far ahead the operation may be planned: its own range, or the rulebook's."""
    return situation.traits.range or situation.rules.planning.range


def _too_early(situation: Situation, lead: timedelta) -> Reason:
    zone, earliest = situation.place.tenant.zone, situation.now + lead
    at, first, ahead = shown(situation.at, zone), shown(earliest, zone), span(lead)
    if situation.at < situation.now:
        text = Text(
            f"计划时间 {at} 已过，最早可选 {first}。",
            f"The planned time {at} has passed. The earliest is {first}.",
        )
    else:
        text = Text(
            f"计划时间 {at} 过早，须至少提前 {ahead.zh}，最早可选 {first}。",
            f"The planned time {at} is too early: at least {ahead.en} ahead is needed. The earliest is {first}.",
        )
    return wait(POLICY, earliest, text, at=situation.at, now=situation.now, lead=lead, earliest=earliest)


def _too_far(situation: Situation) -> Reason:
    zone, length = situation.place.tenant.zone, range_of(situation)
    latest = situation.now + length
    at, last, ahead = shown(situation.at, zone), shown(latest, zone), span(length)
    zh = f"计划时间 {at} 超出可选范围（{ahead.zh}以内），最晚可选 {last}。"
    en = f"The planned time {at} is beyond the allowed range of {ahead.en}. The latest is {last}."
    return refuse(POLICY, Text(zh, en), at=situation.at, now=situation.now, range=length, latest=latest)
