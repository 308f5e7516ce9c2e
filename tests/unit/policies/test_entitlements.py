import pytest

from domain.decision import Verdict
from policies.entitlements import entitled

pytestmark = pytest.mark.req("IIS-1")


@pytest.mark.parametrize(
    ("needs", "has", "missing"),
    [
        (set(), set(), []),
        ({"dedicated-vip"}, {"dedicated-vip"}, []),
        ({"dedicated-vip"}, {"dedicated-vip", "single-tenant"}, []),
        ({"dedicated-vip"}, set(), ["dedicated-vip"]),
        ({"dedicated-vip"}, {"single-tenant"}, ["dedicated-vip"]),
        ({"dedicated-vip", "single-tenant"}, {"single-tenant"}, ["dedicated-vip"]),
        ({"dedicated-vip", "single-tenant"}, set(), ["dedicated-vip", "single-tenant"]),
    ],
)
def test_the_environment_must_have_all_that_the_operation_needs(situation, needs, has, missing):
    reason = entitled(situation(traits={"needs": frozenset(needs)}, environment={"entitlements": frozenset(has)}))
    assert reason.verdict is (Verdict.REFUSE if missing else Verdict.ALLOW)
    assert reason.values["missing"] == missing


@pytest.mark.parametrize(
    ("need", "zh", "en"),
    [
        ("dedicated-vip", "专属VIP资源", "dedicated VIP resources"),
        ("single-tenant", "单租户", "single tenant"),
        ("gpu", "gpu", "gpu"),
    ],
)
def test_the_refusal_names_what_is_missing(situation, need, zh, en):
    reason = entitled(situation(traits={"needs": frozenset({need})}, environment={"entitlements": frozenset()}))
    assert zh in reason.text.zh
    assert en in reason.text.en
