"""Nothing leaves when traffic or storage is used up; what is not limited, or not known, keeps nothing in."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Situation, Verdict
from domain.usage import GB, Allowance, Usage
from policies.traffic import traffic_left

pytestmark = pytest.mark.req("USE-2")
FREE = Allowance(total=None, used=5)


def asked(situation: Callable[..., Situation], traffic: Allowance, storage: Allowance = FREE) -> Situation:
    return situation(traits={"traffic": True}, usage=Usage(traffic=traffic, storage=storage))


def test_what_counts_no_traffic_is_not_asked(situation: Callable[..., Situation]) -> None:
    spent = Allowance(total=1, used=1)
    assert traffic_left(situation(usage=Usage(traffic=spent, storage=spent))).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("total", "used", "verdict"),
    [
        (GB, GB - 1, Verdict.ALLOW),
        (GB, GB, Verdict.REFUSE),
        (GB, 2 * GB, Verdict.REFUSE),
        (0, 0, Verdict.REFUSE),
        (None, 10 * GB, Verdict.ALLOW),
        (GB, None, Verdict.ALLOW),
    ],
)
def test_traffic_and_storage_are_used_up_with_their_last_byte(
    situation: Callable[..., Situation], total: int | None, used: int | None, verdict: Verdict
) -> None:
    one = Allowance(total=total, used=used)
    assert traffic_left(asked(situation, one)).verdict is verdict
    assert traffic_left(asked(situation, FREE, one)).verdict is verdict


@pytest.mark.parametrize(
    ("traffic", "storage", "zh", "en"),
    [
        (Allowance(total=2 * GB, used=2 * GB), FREE, "流量已用完（已用 2.00 GB，共 2.00 GB）", "Purchase more traffic"),
        (FREE, Allowance(total=GB, used=3 * GB), "存储空间已用完（已用 3.00 GB，共 1.00 GB）", "Purchase more storage"),
    ],
)
def test_the_refusal_says_what_is_used_up_and_what_to_do(
    situation: Callable[..., Situation], traffic: Allowance, storage: Allowance, zh: str, en: str
) -> None:
    reason = traffic_left(asked(situation, traffic, storage))
    assert zh in reason.text.zh
    assert "请购买" in reason.text.zh
    assert en in reason.text.en


def test_without_the_figures_nobody_says_yes(situation: Callable[..., Situation]) -> None:
    with pytest.raises(ValueError, match="usage"):
        traffic_left(situation(traits={"traffic": True}))


@given(total=st.integers(0, 2**60), used=st.integers(0, 2**60))
def test_what_is_available_is_what_is_left_and_never_less_than_nothing(total: int, used: int) -> None:
    one = Allowance(total=total, used=used)
    assert one.available == (total - used if used < total else 0)
    assert one.is_used_up is (used >= total)
