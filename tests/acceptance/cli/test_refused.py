"""A refusal names the policy, why, the values compared, and the next admissible time, in the reader's language."""

from datetime import datetime
from typing import Any

import pytest

SHARED = ("request", "submit", "iis-restart", "ledger-test/shared", "--at", "12:00", "--yes")
NIGHT = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "02:00", "--yes")


@pytest.mark.req("IIS-1", "INT-11")
def test_an_environment_without_vip_resources_is_refused_in_english(guarded: Any) -> None:
    answer = guarded.run(*SHARED)
    assert answer.code == 3
    assert "Refused by a policy:" in answer.err
    assert "entitlements: " in answer.err
    assert "dedicated VIP resources" in answer.err
    assert "needs=dedicated-vip" in answer.err


@pytest.mark.req("IIS-1", "INT-11")
def test_an_environment_without_vip_resources_is_refused_in_chinese(guarded: Any) -> None:
    answer = guarded.run(*SHARED, "--lang", "zh")
    assert answer.code == 3
    assert "策略拒绝：" in answer.err
    assert "专属VIP资源" in answer.err


@pytest.mark.req("INT-11")
@pytest.mark.parametrize(("lang", "words"), [("en", "Next admissible time: "), ("zh", "最早可在：")])
def test_a_closed_window_is_refused_with_the_next_time_in_the_tenants_zone(guarded: Any, lang: str, words: str) -> None:
    answer = guarded.run(*NIGHT, "--lang", lang)
    assert answer.code == 3
    last = answer.err.strip().splitlines()[-1]
    assert last.startswith(words)
    assert last.endswith(" 03:30:00 +08:00 (Asia/Shanghai)")
    assert "00:00–03:30" in answer.err
    assert guarded.run("request", "list").out == "", "a refusal leaves no trace"


@pytest.mark.req("INT-11")
def test_the_refusal_is_json_with_the_whole_decision(guarded: Any) -> None:
    answer = guarded.run(*NIGHT, "--json")
    error = answer.data["error"]
    assert (answer.code, error["code"], error["exit"]) == (3, "refused", 3)
    against = {r["policy"]: r for r in error["decision"]["reasons"] if r["verdict"] != "allow"}
    assert list(against) == ["windows"]
    assert against["windows"]["values"]["windows"] == ["00:00–03:30"]
    assert against["windows"]["text"]["zh"]
    assert datetime.fromisoformat(error["decision"]["until"]).astimezone().utcoffset() is not None


@pytest.mark.req("CORE-7")
def test_a_check_tells_every_policy_the_next_times_and_the_steps_and_creates_nothing(guarded: Any) -> None:
    answer = guarded.run("request", "check", "iis-restart", "ledger-test/prod", "--at", "02:00")
    assert answer.code == 3
    for policy in ("standing", "roles", "entitlements", "quotas", "planning", "windows", "freezes"):
        assert f" {policy}: " in answer.out
    assert "✗ windows" in answer.out
    assert "03:30:00 +08:00 (Asia/Shanghai)" in answer.out
    assert "Restart IIS on app1" in answer.out
    assert guarded.run("request", "list").out == ""
    assert guarded.run("events", "--as", "olga", "--json").data["items"][-1]["kind"] == "user-changed"


@pytest.mark.req("CORE-7")
def test_a_check_of_what_is_allowed_ends_with_0_and_has_the_apis_shape(guarded: Any) -> None:
    answer = guarded.run("request", "check", "iis-restart", "ledger-test/prod", "--at", "12:00", "--json")
    assert answer.code == 0
    assert set(answer.data) == {
        "operation",
        "place",
        "planned_at",
        "decision",
        "slots",
        "steps",
        "estimate_s",
        "warning",
    }
    assert answer.data["decision"]["verdict"] == "allow"
    assert len(answer.data["slots"]) == 5


@pytest.mark.req("IIS-3", "INT-11")
def test_a_cancel_after_the_cutoff_is_refused_and_one_before_it_is_not(site: Any) -> None:
    submit = ("request", "submit", "iis-restart", "ledger-test/prod", "--yes", "--at")
    assert site.run(*submit, "+29m").code == 0
    assert site.run(*submit, "+40m").code == 0
    late = site.run("request", "cancel", "1", "--reason", "not today")
    assert late.code == 3
    assert "cutoffs: " in late.err
    assert "30 minutes" in late.err
    in_time = site.run("request", "cancel", "2", "--reason", "not today", "--json")
    assert (in_time.code, in_time.data["execution"]["name"]) == (0, "cancelled")
    assert site.run("request", "show", "1", "--json").data["execution"]["name"] == "waiting"


@pytest.mark.req("IIS-3")
def test_following_a_cancelled_request_ends_with_1(site: Any) -> None:
    site.run("request", "submit", "iis-restart", "ledger-test/prod", "--yes", "--at", "+2h")
    site.run("request", "cancel", "1", "--reason", "not today")
    answer = site.run("request", "follow", "1")
    assert answer.code == 1
    assert "not today" in answer.out
