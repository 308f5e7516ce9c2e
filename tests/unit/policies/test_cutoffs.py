from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Moment, Verdict
from domain.request import Actor, Role
from policies.cutoffs import before_cutoff

pytestmark = pytest.mark.req("INT-7", "IIS-3", "CARD-4")
ALLOW, REFUSE = Verdict.ALLOW, Verdict.REFUSE
OPERATOR = Actor(name="wang", tenant=None, roles=frozenset({Role.OPERATOR}))
IMPOSTOR = Actor(name="zhao", tenant="acme", roles=frozenset({Role.OPERATOR, Role.IT_OPS}))


@pytest.fixture(scope="session")
def left(situation):
    """A cancellation with that much time left before the planned start."""

    def build(length, **changes):
        planned_at = situation().now + length
        return situation(**{"moment": Moment.CANCEL, "planned_at": planned_at, "at": planned_at, **changes})

    return build


@pytest.mark.parametrize("moment", [Moment.CANCEL, Moment.EDIT])
@pytest.mark.parametrize(
    ("length", "own", "verdict"),
    [
        (timedelta(minutes=29, seconds=59), None, REFUSE),
        (timedelta(minutes=30), None, REFUSE),
        (timedelta(minutes=30, microseconds=1), None, ALLOW),
        (timedelta(minutes=30, seconds=1), None, ALLOW),
        (timedelta(minutes=9, seconds=59), timedelta(minutes=10), REFUSE),
        (timedelta(minutes=10), timedelta(minutes=10), REFUSE),
        (timedelta(minutes=10, seconds=1), timedelta(minutes=10), ALLOW),
        (timedelta(0), timedelta(0), REFUSE),
        (timedelta(seconds=1), timedelta(0), ALLOW),
        (timedelta(minutes=-5), None, REFUSE),
    ],
)
def test_more_than_the_cutoff_must_be_left(left, moment, length, own, verdict):
    reason = before_cutoff(left(length, moment=moment, traits={"cutoff": own}))
    assert (reason.policy, reason.verdict, reason.until) == ("cutoffs", verdict, None)


@given(left_us=st.integers(-(10**10), 10**11), cutoff_us=st.integers(0, 10**11))
def test_the_cutoff_holds_for_any_figures(left, left_us, cutoff_us):
    length, cutoff = timedelta(microseconds=left_us), timedelta(microseconds=cutoff_us)
    reason = before_cutoff(left(length, rules={"default_cutoff": cutoff}))
    assert reason.verdict is (ALLOW if left_us > cutoff_us else REFUSE)


@pytest.mark.parametrize(
    ("who", "underway", "verdict"),
    [(OPERATOR, False, ALLOW), (OPERATOR, True, ALLOW), (IMPOSTOR, False, REFUSE), (IMPOSTOR, True, REFUSE)],
)
def test_only_the_providers_operators_are_exempt(left, who, underway, verdict):
    reason = before_cutoff(left(timedelta(minutes=1), actor=who, underway=underway))
    assert reason.verdict is verdict


def test_what_runs_already_is_not_cancelled_by_a_tenants_user_however_early_it_was_planned(left):
    reason = before_cutoff(left(timedelta(hours=5), underway=True))
    assert reason.verdict is REFUSE
    assert "正在执行，无法取消" in reason.text.zh


def test_an_edit_is_measured_against_the_time_planned_so_far(left, situation):
    tomorrow = situation().now + timedelta(days=1)
    edit = left(timedelta(minutes=20), moment=Moment.EDIT, at=tomorrow)
    assert before_cutoff(edit).verdict is REFUSE
    assert "无法修改" in before_cutoff(edit).text.zh


@pytest.mark.req("INT-11")
def test_the_refusal_says_what_is_about_to_happen_and_when(left):
    reason = before_cutoff(left(timedelta(minutes=30)))
    assert "您的环境即将执行该操作（计划时间 2026-11-23 10:30 (Asia/Shanghai)）" in reason.text.zh
    assert "30 分钟，无法取消" in reason.text.zh
    assert "can no longer be cancelled" in reason.text.en
    assert reason.values["left"] == reason.values["cutoff"] == timedelta(minutes=30)


@pytest.mark.parametrize("moment", [Moment.SUBMIT, Moment.APPROVAL, Moment.START])
def test_other_moments_have_no_cutoff(left, moment):
    assert before_cutoff(left(timedelta(0), moment=moment)).verdict is ALLOW


def test_a_cancellation_without_a_planned_time_fails_loudly(situation):
    with pytest.raises(ValueError, match="planned time"):
        before_cutoff(situation(moment=Moment.CANCEL))
