"""Is it outside the daily closed windows, from its start to its estimated end? (INT-8, CARD-4)"""

from datetime import datetime, timedelta
from typing import Final

from domain.decision import Reason, Situation
from domain.rulebook import ClosedWindow
from domain.text import Text
from policies.stretches import Stretch, first_gap, first_hit
from policies.walls import closed_stretches, holding
from policies.wording import allow, listed, refuse, shown, span, wait, warn

POLICY: Final = "windows"
# Windows come again every day: what fits nowhere in three days, a change of clocks among them or not, never fits.
_LOOK_AHEAD: Final = timedelta(days=3)


def outside_windows(situation: Situation) -> Reason:
    """Work that interrupts users keeps out of the windows, which go by the wall clock of the tenant's zone."""
    if not situation.traits.interrupts_users:
        return allow(POLICY, Text("此操作不影响用户使用", "This operation does not interrupt users."))
    at, length = situation.at, min(situation.estimate, _LOOK_AHEAD)
    hit = first_hit(at, length, _closed(situation, length))
    if hit is None:
        return allow(POLICY, Text("不在维护时间内", "It is outside the maintenance windows."), at=at)
    begins_inside = hit.starts <= at
    if begins_inside or situation.traits.overrun == "refuse":
        return _blocked(situation, hit, begins_inside)
    return warn(POLICY, _overrun(situation, hit), **_values(situation, hit))


def _closed(situation: Situation, length: timedelta) -> tuple[Stretch, ...]:
    # A microsecond more, so that a window into which the work would begin is seen even if the work takes no time.
    until = situation.at + length + datetime.resolution
    return closed_stretches(situation.rules.closed_windows, situation.place.tenant.zone, situation.at, until)


def _blocked(situation: Situation, hit: Stretch, begins_inside: bool) -> Reason:
    until = _next_fit(situation)
    why = _inside(situation) if begins_inside else _overrun(situation, hit)
    values = _values(situation, hit)
    if until is None:
        zh = f"{why.zh}每天的开放时间都不足以完成此操作。"
        en = f"{why.en} On no day is there an open time long enough for it."
        return refuse(POLICY, Text(zh, en), **values)
    when = shown(until, situation.place.tenant.zone)
    text = Text(f"{why.zh}最早可在 {when} 开始。", f"{why.en} The earliest start is {when}.")
    return wait(POLICY, until, text, **values)


def _next_fit(situation: Situation) -> datetime | None:
    """The first open instant; where overrun is refused, the first from which the work also ends in time."""
    fits = situation.traits.overrun == "refuse"
    length = min(situation.estimate, _LOOK_AHEAD) if fits else timedelta(0)
    at = first_gap(situation.at, length, _closed(situation, _LOOK_AHEAD + length))
    return at if at <= situation.at + _LOOK_AHEAD else None


def _inside(situation: Situation) -> Text:
    at, names = shown(situation.at, situation.place.tenant.zone), _windows_at(situation, situation.at)
    return Text(
        f"{at} 处于每日维护时间（{names.zh}）内，不能执行此操作。",
        f"{at} lies inside the daily maintenance window ({names.en}), in which this operation may not run.",
    )


def _overrun(situation: Situation, hit: Stretch) -> Text:
    zone, length = situation.place.tenant.zone, span(situation.estimate)
    at, closes, names = shown(situation.at, zone), shown(hit.starts, zone), _windows_at(situation, hit.starts)
    return Text(
        f"预计需要 {length.zh}，从 {at} 开始将进入每日维护时间（{names.zh}，{closes} 起）。",
        f"It takes an estimated {length.en}: from {at} it would run into the daily maintenance window "
        f"({names.en}, from {closes}).",
    )


def _windows_at(situation: Situation, at: datetime) -> Text:
    windows = holding(situation.rules.closed_windows, situation.place.tenant.zone, at)
    return listed(Text(str(w), str(w)) for w in windows)


def _values(situation: Situation, hit: Stretch) -> dict[str, object]:
    windows: tuple[ClosedWindow, ...] = situation.rules.closed_windows
    return {
        "at": situation.at,
        "estimate": situation.estimate,
        "closes": hit.starts,
        "windows": [str(w) for w in windows],
        "zone": str(situation.place.tenant.zone),
    }
