"""What needs a one-time code is allowed with the right one, and told what is wrong with any other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.code import RESEND, VALID, Code, CodeState
from domain.decision import Moment, Situation, Verdict
from policies import ASKED
from policies.codes import code_was_right

pytestmark = pytest.mark.req("INT-10")
Situations = Callable[..., Situation]


@pytest.fixture
def guarded(situation: Situations) -> Callable[..., Situation]:
    def make(code: Code | None = None, moment: Moment = Moment.SUBMIT) -> Situation:
        made = situation()
        return replace(made, traits=replace(made.traits, code=True), code=code, moment=moment)

    return make


def test_what_needs_none_is_allowed_without(situation: Situations) -> None:
    assert code_was_right(situation()).verdict is Verdict.ALLOW


@pytest.mark.parametrize("state", list(CodeState))
def test_only_a_right_code_an_exemption_and_a_dry_run_are_allowed(guarded: Situations, state: CodeState) -> None:
    good = (CodeState.RIGHT, CodeState.EXEMPT, CodeState.COVERED, CodeState.TO_COME)
    reason = code_was_right(guarded(Code(state=state)))
    assert reason.verdict is (Verdict.ALLOW if state in good else Verdict.REFUSE)
    assert reason.values["state"] == state.value
    assert reason.text.zh
    assert reason.text.en


@pytest.mark.parametrize("moment", list(Moment))
def test_it_is_asked_by_those_who_ask_and_not_when_work_starts(guarded: Situations, moment: Moment) -> None:
    asked = moment in (Moment.SUBMIT, Moment.EDIT, Moment.UPLOAD)
    assert code_was_right(guarded(moment=moment)).verdict is (Verdict.REFUSE if asked else Verdict.ALLOW)
    assert not asked or code_was_right in ASKED[moment]


def test_a_wrong_one_says_how_many_tries_are_left_and_when_a_new_one_can_be_had(guarded: Situations) -> None:
    at = guarded().now + timedelta(seconds=20)
    reason = code_was_right(guarded(Code(state=CodeState.WRONG, left=3, resend_at=at)))
    told: dict[str, Any] = {"state": "wrong", "left": 3, "resend_at": at, "valid_s": VALID, "resend_s": RESEND}
    assert reason.values == told
    assert "3" in reason.text.zh
    assert f"{at.astimezone(guarded().place.tenant.zone):%H:%M:%S}" in reason.text.en


def test_where_a_new_one_can_be_had_at_once_no_time_is_told(guarded: Situations) -> None:
    assert "resend_at" not in code_was_right(guarded(Code(state=CodeState.TRIED_OUT))).values
