from datetime import timedelta

import pytest

from domain.decision import Moment, Verdict
from policies.lateness import in_time

pytestmark = pytest.mark.req("CORE-4")
TICK, GRACE = timedelta(microseconds=1), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        (-timedelta(hours=1), Verdict.WAIT),
        (-TICK, Verdict.WAIT),
        (timedelta(0), Verdict.ALLOW),
        (GRACE, Verdict.ALLOW),
        (GRACE + TICK, Verdict.REFUSE),
        (timedelta(days=1), Verdict.REFUSE),
    ],
)
def test_work_starts_at_its_time_or_within_its_grace(situation, late, verdict):
    now = situation().now
    reason = in_time(situation(moment=Moment.START, at=now, planned_at=now - late, traits={"grace": GRACE}))
    assert (reason.policy, reason.verdict) == ("lateness", verdict)
    assert reason.until == (now - late if verdict is Verdict.WAIT else None)


def test_the_refusal_says_how_late_it_is_and_how_late_it_may_be(situation):
    now = situation().now
    reason = in_time(situation(moment=Moment.START, at=now, planned_at=now - timedelta(minutes=90)))
    assert "1 小时 30 分钟" in reason.text.zh
    assert "at most 5 minutes" in reason.text.en


@pytest.mark.req("CORE-2")
def test_going_on_with_what_began_in_time_is_not_a_late_start(situation):
    now = situation().now
    facts = {"moment": Moment.START, "at": now, "planned_at": now - timedelta(hours=1)}
    assert in_time(situation(**facts)).verdict is Verdict.REFUSE
    assert in_time(situation(**facts, underway=True)).verdict is Verdict.ALLOW


@pytest.mark.parametrize("moment", [m for m in Moment if m is not Moment.START])
def test_only_a_start_can_be_late(situation, moment):
    assert in_time(situation(moment=moment)).verdict is Verdict.ALLOW


def test_a_start_without_a_planned_time_fails_loudly(situation):
    with pytest.raises(ValueError, match="planned time"):
        in_time(situation(moment=Moment.START))
