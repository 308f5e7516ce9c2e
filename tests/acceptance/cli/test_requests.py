"""The life of a request at the command line: everything that the HTTP API can do."""

from typing import Any

import pytest

SUBMIT = ("request", "submit", "iis-restart", "ledger-test/prod", "--yes")


@pytest.mark.req("CARD-6", "IIS-1")
def test_a_submit_is_accepted_automatically_and_waits_to_restart(site: Any) -> None:
    answer = site.run(*SUBMIT, "--at", "+2h", "--json")
    assert answer.code == 0
    assert set(answer.data) == {"number", "state", "planned_at", "decision"}
    item = site.run("request", "show", "1", "--json").data
    assert item["state"]["name"] == "processed"
    assert item["execution"]["label"] == {"zh": "等待重启中", "en": "waiting to restart"}
    assert site.run("request", "show", "1", "--lang", "zh").out.count("等待重启中") == 1


def test_an_option_is_drawn_from_each_field_of_the_operation(site: Any) -> None:
    help_text = site.run("request", "submit", "iis-restart", "--help").out
    assert "--order one-by-one|all-at-once" in help_text
    assert "One server after another, or all at once" in help_text
    assert site.run(*SUBMIT, "--at", "+2h", "--order", "all-at-once").code == 0
    assert site.run("request", "show", "1", "--json").data["params"] == {"order": "all-at-once"}


@pytest.mark.req("IIS-1")
def test_without_a_terminal_the_second_confirmation_is_an_option(site: Any) -> None:
    answer = site.run(*SUBMIT[:-1], "--at", "+2h")
    assert answer.code == 2
    assert "confirm: " in answer.err
    assert "--yes" in answer.err


@pytest.mark.req("CARD-6")
def test_the_same_key_answers_the_first_request_again_and_another_wish_is_a_mistake(site: Any) -> None:
    at = "2099-01-01T00:00:00+08:00"
    assert site.run(*SUBMIT, "--at", at, "--key", "k1").code == 3, "beyond the range: nothing is remembered"
    first = site.run(*SUBMIT, "--key", "k1", "--json").data
    again = site.run(*SUBMIT, "--key", "k1", "--json").data
    assert again == first
    other = site.run(*SUBMIT, "--key", "k1", "--description", "another", "--json")
    assert (other.code, other.data["error"]["faults"][0]["path"]) == (2, "Idempotency-Key")
    assert len(site.run("request", "list", "--json").data["items"]) == 1


def test_a_list_is_a_page_with_its_next_one(site: Any) -> None:
    for _ in range(3):
        site.run(*SUBMIT, "--at", "+2h")
    first = site.run("request", "list", "--limit", "2", "--json").data
    assert ([i["number"] for i in first["items"]], first["next"]) == ([3, 2], "2")
    rest = site.run("request", "list", "--limit", "2", "--before", first["next"], "--json").data
    assert ([i["number"] for i in rest["items"]], rest["next"]) == ([1], None)


def test_a_list_in_a_pipe_is_one_tab_separated_line_each(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h", "--description", "why")
    (line,) = site.run("request", "list", "--state", "processed", "--text", "WHY", "--from", "-1h").out.splitlines()
    assert line.split("\t")[:3] == ["1", "iis-restart", "ledger-test/prod"]
    assert len(line.split("\t")) == 7


@pytest.mark.parametrize(
    "words", [("--text", "nothing"), ("--to", "-1h"), ("--execution", "failed"), ("--place", "ledger-test/shared")]
)
def test_what_does_not_fit_the_filter_is_not_listed(site: Any, words: tuple[str, ...]) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    assert site.run("request", "list", *words).out == ""


def test_every_fault_of_a_filter_is_told(site: Any) -> None:
    answer = site.run("request", "list", "--from", "then", "--to", "2026-01-01T00:00:00", "--json")
    assert {f["path"] for f in answer.data["error"]["faults"]} == {"asked_from", "asked_to"}


def test_others_requests_are_in_no_list(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    assert site.run("request", "list", "--as", "otto", "--json").data["items"] == []
    assert len(site.run("request", "list", "--as", "olga", "--json").data["items"]) == 1


def test_an_edit_makes_a_version_and_names_the_revision_it_was_made_from(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    edited = site.run("request", "edit", "1", "--at", "+3h", "--description", "later", "--json")
    assert (edited.code, edited.data["version"], edited.data["description"]) == (0, 2, "later")
    stale = site.run("request", "edit", "1", "--at", "+4h", "--rev", "1")
    assert stale.code == 2
    assert "has changed since" in stale.err
    found = site.run("request", "versions", "1", "--json").data["items"]
    assert [v["version"] for v in found] == [1, 2]


@pytest.mark.req("INT-4")
def test_only_work_that_has_ended_can_be_rated(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    early = site.run("request", "rate", "1", "5")
    assert early.code == 2
    assert "only work that has ended can be rated" in early.err
    wrong = site.run("request", "rate", "1", "9", "--json")
    assert wrong.data["error"]["faults"][0]["path"] == "level"


def test_only_what_needs_attention_can_be_resolved(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    answer = site.run("request", "resolve", "1", "done", "--opinion", "looked", "--as", "olga")
    assert answer.code == 2
    assert "waiting" in answer.err
    wrong = site.run("request", "resolve", "1", "maybe", "--as", "olga", "--json")
    assert {f["path"] for f in wrong.data["error"]["faults"]} == {"word", "opinion"}


def test_the_events_of_a_request_are_told_and_listed(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    assert "asked" in site.run("request", "events", "1").out
    (event,) = site.run("request", "events", "1", "--json").data["items"]
    assert (event["kind"], event["actor"], event["job"]) == ("asked", "alice", 1)


def test_the_feed_shows_a_tenant_its_own_events_and_the_provider_all(site: Any) -> None:
    site.run(*SUBMIT, "--at", "+2h")
    everything = site.run("events", "--as", "olga", "--json").data["items"]
    assert [e["seq"] for e in everything] == [1, 2, 3, 4]
    assert [e["kind"] for e in site.run("events", "--as", "otto", "--json").data["items"]] == ["user-changed"]
    page = site.run("events", "--as", "olga", "--after", "1", "--limit", "2", "--json").data
    assert page["next"] == 3


def test_a_tenant_sees_its_own_places_only(site: Any) -> None:
    mine = site.run("place", "list", "--as", "otto", "--json").data["items"]
    assert [p["path"] for p in mine] == ["other/prod"]
    assert len(site.run("place", "list", "--as", "olga", "--json").data["items"]) == 3


def test_an_operation_is_described_with_its_parameters(site: Any) -> None:
    shown = site.run("operation", "show", "iis-restart", "--json").data
    assert shown["params"]["properties"]["order"]["default"] == "one-by-one"
    assert "重启IIS" in site.run("operation", "list", "--lang", "zh").out
