from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Moment, Used, Verdict
from policies.quotas import within_quota

pytestmark = pytest.mark.req("INT-9", "CARD-4")
MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)
MONTHS_END = datetime(2026, 11, 30, 16, tzinfo=UTC)


def day(used, limit=10):
    return Used(key="acme:restart:2026-11-23", used=used, limit=limit, resets_at=MIDNIGHT)


def month(used, limit=20):
    return Used(key="acme:restart:2026-11", used=used, limit=limit, resets_at=MONTHS_END)


@pytest.mark.parametrize(
    ("quotas", "until"),
    [
        ((), None),
        ((day(0),), None),
        ((day(9),), None),
        ((day(10),), MIDNIGHT),
        ((day(11),), MIDNIGHT),
        ((day(0, limit=0),), MIDNIGHT),
        ((day(9), month(19)), None),
        ((day(9), month(20)), MONTHS_END),
        ((day(10), month(19)), MIDNIGHT),
        ((day(10), month(20)), MONTHS_END),
    ],
)
def test_a_spent_quota_waits_until_it_resets(situation, quotas, until):
    reason = within_quota(situation(quotas=quotas))
    assert reason.verdict is (Verdict.WAIT if until else Verdict.ALLOW)
    assert reason.until == until


@pytest.mark.req("INT-11")
def test_the_answer_says_used_limit_and_when_it_resets(situation):
    reason = within_quota(situation(quotas=(day(10),)))
    assert "10/10" in reason.text.zh
    assert "10/10" in reason.text.en
    assert "2026-11-24 00:00 (Asia/Shanghai)" in reason.text.zh
    assert reason.values["quotas"] == [
        {"key": "acme:restart:2026-11-23", "used": 10, "limit": 10, "resets_at": MIDNIGHT.isoformat()}
    ]
    assert "9/10" in within_quota(situation(quotas=(day(9),))).text.en


def test_a_reset_told_in_the_tenants_zone_becomes_an_instant_in_utc(situation):
    spent = Used(key="d", used=1, limit=1, resets_at=MIDNIGHT.astimezone(ZoneInfo("Asia/Shanghai")))
    until = within_quota(situation(quotas=(spent,))).until
    assert (until, until.utcoffset()) == (MIDNIGHT, timedelta(0))


@pytest.mark.parametrize("moment", list(Moment))
def test_a_request_that_holds_its_reservation_is_not_counted_again(situation, moment):
    assert within_quota(situation(quotas=(day(10),), held=True, moment=moment)).verdict is Verdict.ALLOW
