"""May we, and why? One question a file; `decide` asks those that the moment calls for and combines their answers."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.decision import Decision, Moment, Reason, Situation, Verdict
from policies.codes import code_was_right
from policies.cutoffs import before_cutoff
from policies.entitlements import entitled
from policies.expiry import paid_for
from policies.freezes import outside_freezes
from policies.lateness import in_time, latest_start, missed_by_then
from policies.letters import has_letter
from policies.planning import planned_ahead
from policies.quotas import within_quota
from policies.roles import may_ask
from policies.standing import in_good_standing
from policies.traffic import traffic_left
from policies.windows import outside_windows

Rule = Callable[[Situation], Reason]

_WHO_AND_WHERE: Final[tuple[Rule, ...]] = (in_good_standing, paid_for, may_ask, entitled, has_letter, traffic_left)
_WHEN: Final[tuple[Rule, ...]] = (outside_windows, outside_freezes)
_PLAN: Final[tuple[Rule, ...]] = (*_WHO_AND_WHERE, within_quota, planned_ahead, *_WHEN, code_was_right)

RULES: Final[tuple[Rule, ...]] = (*_PLAN, before_cutoff, in_time)

ASKED: Final[Mapping[Moment, tuple[Rule, ...]]] = {
    Moment.SUBMIT: _PLAN,
    Moment.EDIT: (*_PLAN, before_cutoff),
    Moment.APPROVAL: _PLAN,
    Moment.START: (*_WHO_AND_WHERE, *_WHEN, in_time),
    Moment.CANCEL: (may_ask, before_cutoff),  # whoever has expired may still call off what was planned
    Moment.DOWNLOAD: (in_good_standing, paid_for, may_ask, has_letter, traffic_left),
    Moment.UPLOAD: (in_good_standing, paid_for, may_ask, has_letter, code_was_right),
}


def decide(situation: Situation) -> Decision:
    """The strictest verdict, with every asked rule's reason. Pure.

    A plan (submit, edit, approval) cannot wait: its WAIT becomes REFUSE, and `until` offers when to plan it instead.
    A start may wait until its latest start; a longer wait is refused for lateness, unless the work is underway.
    Where one reason is REFUSE, `until` is None, as waiting would not help. Ask again at `until`: the waits of two
    rules may not combine.
    Raises ValueError for a situation that is not in UTC, TypeError for a rule that does not answer as a rule must.
    """
    _check(situation)
    reasons = tuple(ask(rule, situation) for rule in ASKED[situation.moment])
    until = _until(reasons)
    if until and _is_start(situation) and until > latest_start(situation):
        return Decision(verdict=Verdict.REFUSE, reasons=(*reasons, missed_by_then(situation, until)))
    strictest = max(r.verdict for r in reasons)
    waits = situation.moment is Moment.START or strictest is not Verdict.WAIT
    return Decision(verdict=strictest if waits else Verdict.REFUSE, reasons=reasons, until=until)


def _check(situation: Situation) -> None:
    for name in ("now", "at", "planned_at"):
        value = getattr(situation, name)
        if value is not None and value.utcoffset() != timedelta(0):
            raise ValueError(f"a situation's times are in UTC, but {name} is {value!r}")


def ask(rule: Rule, situation: Situation) -> Reason:
    """One rule's answer. Raises TypeError if it is none: what a rule fails to say is never taken for a yes."""
    answer: object = rule(situation)
    if not isinstance(answer, Reason):
        raise TypeError(f"policy {_name(rule)} answered {answer!r}, which is no Reason")
    waits = answer.verdict is Verdict.WAIT
    if waits is not (answer.until is not None):
        raise TypeError(f"policy {_name(rule)} answered {answer.verdict.name} with until={answer.until}")
    return answer


def _until(reasons: tuple[Reason, ...]) -> datetime | None:
    if any(r.verdict is Verdict.REFUSE for r in reasons):
        return None
    return max((r.until for r in reasons if r.until), default=None)


def _is_start(situation: Situation) -> bool:
    return situation.moment is Moment.START and not situation.underway


def _name(rule: Rule) -> str:
    return getattr(rule, "__qualname__", repr(rule))
