import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from domain.decision import Moment, Reason, Used, Verdict
from domain.places import Standing
from domain.request import Actor, Role
from domain.rulebook import ClosedWindow, Freeze, Planning
from domain.text import Text
from policies import ASKED, RULES, ask, decide

ALLOW, WAIT, REFUSE = Verdict.ALLOW, Verdict.WAIT, Verdict.REFUSE
PLANS = [Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL]
NIGHT = "2026-11-24 00:10"
TRIAL = {"standing": Standing.TRIAL}
FREEZE = Freeze(
    starts=datetime(2026, 11, 23, 12, tzinfo=UTC),
    ends=datetime(2026, 11, 24, 12, tzinfo=UTC),
    reason=Text("封网", "freeze"),
)


def names(moment):
    return {rule.__module__.split(".")[-1] for rule in ASKED[moment]}


def test_every_rule_is_asked_at_some_moment_and_listed_once():
    assert len(set(RULES)) == len(RULES) == 13
    assert {rule for rules in ASKED.values() for rule in rules} == set(RULES)
    assert set(ASKED) == set(Moment)


def test_every_moment_asks_what_belongs_to_it():
    who, when = {"standing", "expiry", "roles", "entitlements", "letters", "traffic"}, {"windows", "freezes"}
    assert names(Moment.SUBMIT) == names(Moment.APPROVAL) == who | when | {"quotas", "planning", "codes"}
    assert names(Moment.EDIT) == names(Moment.SUBMIT) | {"cutoffs"}
    assert names(Moment.START) == who | when | {"lateness"}
    assert names(Moment.CANCEL) == {"roles", "cutoffs"}
    assert names(Moment.DOWNLOAD) == who - {"entitlements"}


@pytest.mark.parametrize("moment", list(Moment))
def test_a_harmless_request_is_allowed_with_every_rules_reason(situation, moment):
    asked = situation(moment=moment, planned_at=situation().at)
    asked = replace(asked, now=asked.at) if moment is Moment.START else asked
    decision = decide(asked)
    assert (decision.verdict, decision.until, decision.against) == (ALLOW, None, ())
    assert {r.policy for r in decision.reasons} == names(moment)


@pytest.mark.parametrize("moment", PLANS)
@pytest.mark.req("INT-11")
def test_a_plan_does_not_wait_but_is_told_when_it_could_be(situation, wall, moment):
    asked = situation(moment=moment, at=wall(NIGHT), planned_at=wall("2026-11-23 20:00"))
    decision = decide(asked)
    assert (decision.verdict, decision.until) == (REFUSE, wall("2026-11-24 03:30"))
    assert [(r.policy, r.verdict) for r in decision.against] == [("windows", WAIT)]


def test_until_is_the_latest_of_the_waits(situation, wall):
    decision = decide(situation(at=wall(NIGHT), rules={"freezes": (FREEZE,)}))
    assert decision.until == FREEZE.ends
    assert {r.policy for r in decision.against} == {"windows", "freezes"}


def test_where_waiting_does_not_help_no_time_is_offered(situation, wall):
    decision = decide(situation(at=wall(NIGHT), tenant=TRIAL))
    assert (decision.verdict, decision.until) == (REFUSE, None)
    assert {r.policy for r in decision.against} == {"standing", "windows"}


@pytest.mark.parametrize(
    ("grace", "verdict", "against"),
    [
        (timedelta(hours=3, minutes=20), WAIT, ["windows"]),  # until exactly the latest start
        (timedelta(hours=3, minutes=19), REFUSE, ["windows", "lateness"]),
        (timedelta(minutes=5), REFUSE, ["windows", "lateness"]),
    ],
)
@pytest.mark.req("CORE-4")
def test_a_start_waits_no_longer_than_its_latest_start(situation, wall, grace, verdict, against):
    at = wall(NIGHT)
    decision = decide(situation(moment=Moment.START, now=at, at=at, planned_at=at, traits={"grace": grace}))
    assert decision.verdict is verdict
    assert decision.until == (wall("2026-11-24 03:30") if verdict is WAIT else None)
    assert [r.policy for r in decision.against] == against


def test_what_is_underway_waits_for_an_open_time_however_long_that_takes(situation, wall):
    at = wall(NIGHT)
    decision = decide(situation(moment=Moment.START, now=at, at=at, planned_at=at, underway=True))
    assert (decision.verdict, decision.until) == (WAIT, wall("2026-11-24 03:30"))


@pytest.mark.req("INT-7")
def test_who_is_suspended_may_still_cancel(situation):
    asked = situation(moment=Moment.CANCEL, tenant={**TRIAL, "expires": date(2020, 1, 1)}, planned_at=situation().at)
    assert decide(asked).verdict is ALLOW


def nothing(situation):
    return None


def yes(situation):
    return True


def wait_for_nothing(situation):
    return Reason(policy="odd", verdict=WAIT, text=Text("等", "wait"))


def refuse_until(situation):
    return Reason(policy="odd", verdict=REFUSE, text=Text("否", "no"), until=situation.now)


@pytest.mark.parametrize("rule", [nothing, yes, wait_for_nothing, refuse_until])
def test_a_rule_that_answers_something_else_fails_loudly(situation, rule):
    with pytest.raises(TypeError, match=rule.__name__):
        ask(rule, situation())


def test_a_rule_that_raises_is_not_taken_for_a_yes(situation, monkeypatch):
    def broken(situation):
        raise ZeroDivisionError

    monkeypatch.setattr(policies, "ASKED", {Moment.SUBMIT: (*RULES[:2], broken)})
    with pytest.raises(ZeroDivisionError):
        decide(situation())


@pytest.mark.parametrize("name", ["now", "at", "planned_at"])
@pytest.mark.parametrize("zone", [None, ZoneInfo("Asia/Shanghai")])
def test_times_that_are_not_utc_fail_loudly(situation, name, zone):
    with pytest.raises(ValueError, match=name):
        decide(situation(**{name: datetime(2026, 11, 23, 12, tzinfo=zone)}))


ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]).map(ZoneInfo)
ACTORS = st.sampled_from(
    [
        Actor(name="li", tenant="acme", roles=frozenset({Role.IT_OPS})),
        Actor(name="wu", tenant="acme", roles=frozenset({Role.DATA_OPS})),
        Actor(name="he", tenant="globex", roles=frozenset({Role.IT_OPS})),
        Actor(name="wang", tenant=None, roles=frozenset({Role.OPERATOR})),
    ]
)
SPANS = st.integers(-600, 12_000).map(lambda m: timedelta(minutes=m))
SPENT = Used(key="day", used=3, limit=3, resets_at=datetime(2026, 11, 23, 16, tzinfo=UTC))


@st.composite
def situations(draw):
    """Facts for `situation(...)`: any moment, any mix of obstacles."""
    return {
        "moment": draw(st.sampled_from(list(Moment))),
        "actor": draw(ACTORS),
        "estimate": draw(st.integers(0, 1500).map(lambda m: timedelta(minutes=m))),
        "quotas": draw(st.sampled_from([(), (SPENT,)])),
        "held": draw(st.booleans()),
        "underway": draw(st.booleans()),
        "tenant": {
            "zone": draw(ZONES),
            "standing": draw(st.sampled_from([Standing.FORMAL, Standing.FORMAL, Standing.CLOSED])),
            "expires": draw(st.sampled_from([None, date(2026, 11, 20), date(2026, 12, 1), date(2026, 11, 1)])),
        },
        "environment": {"entitlements": frozenset(draw(st.sets(st.just("dedicated-vip"))))},
        "traits": {
            "needs": frozenset(draw(st.sets(st.just("dedicated-vip")))),
            "interrupts_users": draw(st.booleans()),
            "overrun": draw(st.sampled_from(["refuse", "warn"])),
        },
        "rules": {
            "freezes": draw(st.sampled_from([(), (FREEZE,)])),
            "planning": Planning(lead=draw(st.sampled_from([timedelta(0), timedelta(hours=3)]))),
            "closed_windows": draw(st.sampled_from([(), (ClosedWindow(starts=time(0), ends=time(3, 30)),)])),
        },
    }


@settings(max_examples=300)
@given(facts=situations(), ahead=SPANS, planned=SPANS)
@pytest.mark.req("INT-11")
def test_the_verdict_is_the_strictest_and_every_reason_can_be_told(situation, facts, ahead, planned):
    now = situation().now
    asked = situation(**facts, at=now + ahead, planned_at=now + planned)
    decision = decide(asked)
    strictest = max(r.verdict for r in decision.reasons)
    plan = asked.moment in PLANS
    assert decision.verdict is (REFUSE if plan and strictest is WAIT else strictest)
    waits = [r.until for r in decision.reasons if r.until]
    assert decision.until == (max(waits) if strictest is WAIT else None)
    assert decide(asked) == decision
    assert json.dumps(decision.as_dict(), ensure_ascii=False)
    assert all(r.text.zh and r.text.en and r.text.zh != r.text.en for r in decision.reasons)
