"""Is it outside the freeze calendars, from its start to its estimated end? (INT-8)"""

from datetime import UTC, timedelta
from typing import Final

from domain.decision import Reason, Situation
from domain.rulebook import Freeze
from domain.text import Text
from policies.stretches import Stretch, first_gap, first_hit
from policies.wording import allow, shown, span, wait, warn

POLICY: Final = "freezes"


def outside_freezes(situation: Situation) -> Reason:
    """Work that interrupts users keeps out of the tenant's freezes, and out of those for everybody."""
    if not situation.traits.interrupts_users:
        return allow(POLICY, Text("此操作不影响用户使用", "This operation does not interrupt users."))
    freezes = _concerning(situation)
    hit = first_hit(situation.at, situation.estimate, tuple(freezes))
    if hit is None:
        return allow(POLICY, Text("不在封网期内", "No freeze is in force."), at=situation.at)
    begins_inside = hit.starts <= situation.at
    why = (_inside if begins_inside else _overrun)(situation, freezes[hit], hit)
    if begins_inside or situation.traits.overrun == "refuse":
        return _blocked(situation, tuple(freezes), why, _values(situation, freezes[hit], hit))
    return warn(POLICY, why, **_values(situation, freezes[hit], hit))


def _concerning(situation: Situation) -> dict[Stretch, Freeze]:
    tenant = situation.place.tenant.name
    ours = (f for f in situation.rules.freezes if not f.tenants or tenant in f.tenants)
    stretches = {Stretch(starts=f.starts.astimezone(UTC), ends=f.ends.astimezone(UTC)): f for f in ours}
    return dict(sorted(stretches.items(), key=lambda item: item[0].starts))


def _blocked(situation: Situation, closed: tuple[Stretch, ...], why: Text, values: dict[str, object]) -> Reason:
    length = situation.estimate if situation.traits.overrun == "refuse" else timedelta(0)
    until = first_gap(situation.at, length, closed)
    when = shown(until, situation.place.tenant.zone)
    text = Text(f"{why.zh}最早可在 {when} 开始。", f"{why.en} The earliest start is {when}.")
    return wait(POLICY, until, text, **values)


def _inside(situation: Situation, freeze: Freeze, hit: Stretch) -> Text:
    zone = situation.place.tenant.zone
    at, starts, ends = shown(situation.at, zone), shown(hit.starts, zone), shown(hit.ends, zone)
    return Text(
        f"{at} 处于封网期（{starts} 至 {ends}，原因：{freeze.reason.zh}）内，不能执行此操作。",
        f"{at} lies inside a freeze ({starts} to {ends}; reason: {freeze.reason.en}), "
        "in which this operation may not run.",
    )


def _overrun(situation: Situation, freeze: Freeze, hit: Stretch) -> Text:
    zone, length = situation.place.tenant.zone, span(situation.estimate)
    at, starts = shown(situation.at, zone), shown(hit.starts, zone)
    return Text(
        f"预计需要 {length.zh}，从 {at} 开始将进入封网期（{starts} 起，原因：{freeze.reason.zh}）。",
        f"It takes an estimated {length.en}: from {at} it would run into a freeze "
        f"(from {starts}; reason: {freeze.reason.en}).",
    )


def _values(situation: Situation, freeze: Freeze, hit: Stretch) -> dict[str, object]:
    return {
        "at": situation.at,
        "estimate": situation.estimate,
        "starts": hit.starts,
        "ends": hit.ends,
        "reason": freeze.reason.as_dict(),
    }
