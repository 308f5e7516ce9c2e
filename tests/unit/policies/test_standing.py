import pytest

from domain.decision import Verdict
from domain.places import Standing
from policies.standing import in_good_standing

pytestmark = pytest.mark.req("INT-6")


@pytest.mark.parametrize(
    ("standing", "verdict", "words"),
    [
        (Standing.FORMAL, Verdict.ALLOW, "正式租户"),
        (Standing.TRIAL, Verdict.REFUSE, "试用租户"),
        (Standing.CLOSED, Verdict.REFUSE, "已关闭的租户"),
    ],
)
def test_only_formal_tenants_may_use_operations(situation, standing, verdict, words):
    reason = in_good_standing(situation(tenant={"standing": standing}))
    assert (reason.policy, reason.verdict) == ("standing", verdict)
    assert words in reason.text.zh
    assert reason.values["standing"] == standing
