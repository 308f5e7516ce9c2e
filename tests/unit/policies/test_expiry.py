from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Verdict
from domain.rulebook import Expiry
from policies.expiry import paid_for

pytestmark = pytest.mark.req("EXP-1")
EXPIRES = date(2026, 11, 20)
ALLOW, REFUSE = Verdict.ALLOW, Verdict.REFUSE


@pytest.mark.parametrize(
    ("day", "verdict", "stage", "warning"),
    [
        (-31, ALLOW, "active", False),
        (-30, ALLOW, "active", True),
        (-1, ALLOW, "active", True),
        (0, ALLOW, "active", True),
        (1, ALLOW, "grace", True),
        (7, ALLOW, "grace", True),
        (8, REFUSE, "suspended", False),
        (29, REFUSE, "suspended", False),
        (30, REFUSE, "last-notice", False),
        (31, REFUSE, "closed", False),
        (400, REFUSE, "closed", False),
    ],
)
def test_each_day_after_the_expiry_date_has_its_stage(situation, wall, day, verdict, stage, warning):
    date_of_work = EXPIRES + timedelta(days=day)
    for time in ("00:00", "23:59:59.999999"):
        reason = paid_for(situation(tenant={"expires": EXPIRES}, at=wall(f"{date_of_work} {time}")))
        assert (reason.verdict, reason.values["stage"]) == (verdict, stage)
        assert reason.values.get("warning", False) is warning
        assert str(EXPIRES) in reason.text.zh
        assert str(EXPIRES) in reason.text.en


@pytest.mark.parametrize(
    ("zone", "stage"), [("Asia/Shanghai", "suspended"), ("America/New_York", "grace"), ("Asia/Tokyo", "suspended")]
)
def test_days_are_those_of_the_tenants_zone(situation, wall, zone, stage):
    at = wall("2026-11-28 00:00")  # day 8 begins in Shanghai, while New York still has day 7
    reason = paid_for(situation(tenant={"expires": EXPIRES, "zone": ZoneInfo(zone)}, at=at))
    assert reason.values["stage"] == stage


@pytest.mark.parametrize(("day", "left", "english"), [(1, 7, "In 7 days"), (6, 2, "In 2 days"), (7, 1, "In 1 day,")])
def test_grace_says_how_many_days_are_left_and_when_it_ends(situation, wall, day, left, english):
    at = wall(f"{EXPIRES + timedelta(days=day)} 12:00")
    reason = paid_for(situation(tenant={"expires": EXPIRES}, at=at))
    assert reason.values["days_left"] == left
    assert f"还剩 {left} 天将于 2026-11-28 停用" in reason.text.zh
    assert english in reason.text.en


def test_renewing_lifts_it(situation, wall):
    at = wall("2026-12-25 12:00")
    assert paid_for(situation(tenant={"expires": EXPIRES}, at=at)).verdict is REFUSE
    renewed = paid_for(situation(tenant={"expires": date(2027, 11, 20)}, at=at))
    assert (renewed.verdict, renewed.values["stage"]) == (ALLOW, "active")


def test_all_days_are_configurable(situation, wall):
    rules = {"expiry": Expiry(warn_days_before=2, grace_days=1, last_notice_day=3, closed_day=4)}
    stages = [
        paid_for(situation(tenant={"expires": EXPIRES}, rules=rules, at=wall(f"{EXPIRES + timedelta(days=d)} 12:00")))
        for d in range(5)
    ]
    assert [r.values["stage"] for r in stages] == ["active", "grace", "suspended", "last-notice", "closed"]


def test_a_tenant_without_an_expiry_date_never_expires(situation):
    assert paid_for(situation(tenant={"expires": None})).verdict is ALLOW


def test_the_last_notice_says_so(situation, wall):
    reason = paid_for(situation(tenant={"expires": EXPIRES}, at=wall("2026-12-20 12:00")))
    assert reason.text.zh.startswith("最后通知")
    assert "2026-12-21" in reason.text.en
