from datetime import timedelta

import pytest

from domain.decision import Moment, Verdict
from domain.rulebook import Planning
from policies.planning import planned_ahead

pytestmark = pytest.mark.req("INT-8")
ALLOW, WAIT, REFUSE = Verdict.ALLOW, Verdict.WAIT, Verdict.REFUSE
TICK = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLANS = [Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL]


@pytest.mark.parametrize("moment", PLANS)
@pytest.mark.parametrize(
    ("ahead", "lead", "verdict"),
    [
        (-TICK, timedelta(0), WAIT),
        (timedelta(0), timedelta(0), ALLOW),
        (-HOUR, HOUR, WAIT),
        (timedelta(0), HOUR, WAIT),
        (HOUR - TICK, HOUR, WAIT),
        (HOUR, HOUR, ALLOW),
        (7 * DAY, HOUR, ALLOW),
        (7 * DAY + TICK, HOUR, REFUSE),
        (400 * DAY, HOUR, REFUSE),
    ],
)
def test_the_plan_lies_between_the_lead_and_the_range(situation, moment, ahead, lead, verdict):
    asked = situation(moment=moment, rules={"planning": Planning(lead=lead, range=7 * DAY)})
    asked = situation(moment=moment, rules={"planning": asked.rules.planning}, at=asked.now + ahead)
    reason = planned_ahead(asked)
    assert reason.verdict is verdict
    assert reason.until == (asked.now + lead if verdict is WAIT else None)


@pytest.mark.parametrize(("own", "verdict"), [(None, WAIT), (timedelta(0), ALLOW), (HOUR, ALLOW), (3 * HOUR, WAIT)])
def test_the_operations_own_lead_comes_before_the_rulebooks(situation, own, verdict):
    rules = {"planning": Planning(lead=4 * HOUR)}
    assert planned_ahead(situation(traits={"lead": own}, rules=rules)).verdict is verdict


def test_a_plan_in_the_past_is_told_apart_from_one_too_early(situation):
    rules = {"planning": Planning(lead=HOUR)}
    now = situation().now
    assert "已过" in planned_ahead(situation(rules=rules, at=now - TICK)).text.zh
    assert "至少提前 1 小时" in planned_ahead(situation(rules=rules, at=now)).text.zh
    assert "at least 1 hour ahead" in planned_ahead(situation(rules=rules, at=now)).text.en


@pytest.mark.req("INT-11")
def test_beyond_the_range_the_latest_allowed_time_is_named(situation):
    asked = situation(at=situation().now + 8 * DAY)
    reason = planned_ahead(asked)
    assert reason.values["latest"] == asked.now + 7 * DAY
    assert "2026-11-30 10:00 (Asia/Shanghai)" in reason.text.en
    assert "2026-11-30 10:00 (Asia/Shanghai)" in reason.text.zh


@pytest.mark.parametrize("moment", [Moment.START, Moment.CANCEL])
def test_a_start_and_a_cancellation_are_no_plans(situation, moment):
    assert planned_ahead(situation(moment=moment, at=situation().now - HOUR)).verdict is ALLOW
