from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Verdict
from domain.rulebook import Freeze
from domain.text import Text
from policies.freezes import outside_freezes

pytestmark = pytest.mark.req("INT-8")
ALLOW, WAIT = Verdict.ALLOW, Verdict.WAIT
SALES = Text("大促保障", "sales season")


@pytest.fixture(scope="session")
def freezes(wall):
    def build(*spans, tenants=()):
        return {
            "freezes": tuple(
                Freeze(starts=wall(a), ends=wall(b), reason=SALES, tenants=frozenset(tenants)) for a, b in spans
            )
        }

    return build


SEASON = ("2026-11-24 08:00", "2026-11-26 20:00")


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ("2026-11-24 07:59:59.999999", ALLOW),
        ("2026-11-24 08:00", WAIT),
        ("2026-11-26 19:59:59.999999", WAIT),
        ("2026-11-26 20:00", ALLOW),
    ],
)
def test_a_freeze_is_half_open(situation, wall, freezes, at, verdict):
    reason = outside_freezes(situation(at=wall(at), estimate=timedelta(0), rules=freezes(SEASON)))
    assert reason.verdict is verdict
    assert reason.until == (wall("2026-11-26 20:00") if verdict is WAIT else None)


@pytest.mark.parametrize(("tenants", "verdict"), [((), WAIT), (("acme",), WAIT), (("globex",), ALLOW)])
def test_a_freeze_concerns_the_tenants_it_names_or_all(situation, wall, freezes, tenants, verdict):
    rules = freezes(SEASON, tenants=tenants)
    assert outside_freezes(situation(at=wall("2026-11-25 12:00"), rules=rules)).verdict is verdict


@pytest.mark.parametrize(
    ("length", "overrun", "verdict"),
    [
        (timedelta(hours=1), "refuse", ALLOW),
        (timedelta(hours=1, microseconds=1), "refuse", WAIT),
        (timedelta(hours=1), "warn", ALLOW),
        (timedelta(hours=1, microseconds=1), "warn", ALLOW),
    ],
)
def test_work_must_end_before_the_freeze_or_warns(situation, wall, freezes, length, overrun, verdict):
    asked = {"at": wall("2026-11-24 07:00"), "estimate": length, "rules": freezes(SEASON)}
    reason = outside_freezes(situation(**asked, traits={"overrun": overrun}))
    assert reason.verdict is verdict
    assert reason.until == (wall("2026-11-26 20:00") if verdict is WAIT else None)
    assert reason.values.get("warning", False) is (overrun == "warn" and length > timedelta(hours=1))


@pytest.mark.parametrize(
    ("spans", "until"),
    [
        ([SEASON, ("2026-11-26 20:00", "2026-11-27 00:00")], "2026-11-27 00:00"),  # touching
        ([("2026-11-25 00:00", "2026-11-28 00:00"), SEASON], "2026-11-28 00:00"),  # overlapping, listed backwards
        ([SEASON, ("2026-11-26 20:05", "2026-11-27 00:00")], "2026-11-27 00:00"),  # the gap is too short
        ([SEASON, ("2026-11-26 20:10", "2026-11-27 00:00")], "2026-11-26 20:00"),  # the gap just does
    ],
)
def test_until_is_where_the_work_fits(situation, wall, freezes, spans, until):
    reason = outside_freezes(situation(at=wall("2026-11-25 12:00"), rules=freezes(*spans)))
    assert reason.until == wall(until)


def test_a_freeze_written_in_a_zone_with_daylight_saving_keeps_its_instants(situation, wall):
    zone = ZoneInfo("America/New_York")
    starts, ends = (wall("2026-11-01 01:30", "America/New_York", fold).astimezone(zone) for fold in (0, 1))
    rules = {"freezes": (Freeze(starts=starts, ends=ends, reason=SALES),)}
    at = wall("2026-11-01 01:45", "America/New_York")
    reason = outside_freezes(situation(at=at, rules=rules, tenant={"zone": zone}))
    assert reason.until == wall("2026-11-01 01:30", "America/New_York", 1)
    assert reason.until.utcoffset() == timedelta(0)


@pytest.mark.req("INT-11")
def test_the_refusal_gives_the_freezes_reason_and_end(situation, wall, freezes):
    reason = outside_freezes(situation(at=wall("2026-11-25 12:00"), rules=freezes(SEASON)))
    assert "大促保障" in reason.text.zh
    assert "sales season" in reason.text.en
    assert "2026-11-26 20:00 (Asia/Shanghai)" in reason.text.en
    assert reason.values["reason"] == SALES.as_dict()


def test_work_that_interrupts_nobody_may_run_in_a_freeze(situation, wall, freezes):
    asked = situation(at=wall("2026-11-25 12:00"), rules=freezes(SEASON), traits={"interrupts_users": False})
    assert outside_freezes(asked).verdict is ALLOW
