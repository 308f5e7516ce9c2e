"""What is wrong with a request, a file or an account is told all at once, each fault with its path."""

from typing import Any

import pytest

WRONG = ("request", "submit", "iis-restart", "nowhere/x", "--order", "sideways", "--at", "soon", "--email", "nobody")
PATHS = {"place", "params.order", "planned_at", "email", "confirm"}


@pytest.mark.req("CARD-6", "INT-11")
def test_every_fault_of_a_submit_is_told_at_once(site: Any) -> None:
    answer = site.run(*WRONG)
    assert answer.code == 2
    for path in PATHS:
        assert f"\n  {path}: " in answer.err
    assert "one-by-one" in answer.err
    assert "--yes" in answer.err
    assert "22:30" in answer.err, "how times are written"
    assert site.run("request", "list").out == ""


@pytest.mark.req("CARD-6")
def test_the_same_faults_are_one_json_document_for_programs(site: Any) -> None:
    answer = site.run(*WRONG, "--json")
    error = answer.data["error"]
    assert (answer.code, error["exit"], error["code"], answer.err) == (2, 2, "mistake", "")
    assert {f["path"] for f in error["faults"]} == PATHS
    assert all(f["text"]["zh"] and f["text"]["en"] and f["code"] for f in error["faults"])


def test_an_unknown_operation_is_told_together_with_the_other_faults(site: Any) -> None:
    answer = site.run("request", "submit", "nope", "nowhere/x", "--json")
    assert {f["path"] for f in answer.data["error"]["faults"]} == {"operation", "place"}
    assert "iis-restart" in str(answer.data)


def test_a_usage_error_is_json_too(site: Any) -> None:
    answer = site.run("request", "--json", "lsit")
    assert answer.code == 2
    assert answer.data["error"]["code"] == "usage"


def test_the_estate_check_tells_every_mistake_with_its_path_and_line(site: Any) -> None:
    text = site.estate.read_text(encoding="utf-8")
    wrong = text.replace("Asia/Shanghai", "Asia/Shanghi").replace("production", "prodution").replace("[]", "nothing")
    site.estate.write_text(wrong, encoding="utf-8")
    answer = site.run("estate", "check")
    assert answer.code == 2
    assert "tenants[0].zone (line 5): " in answer.err
    assert "policies.closed_windows" in answer.err
    assert answer.err.count(".kind") == 3
    assert site.run("place", "list").code == 2, "the product does not start either"


def test_a_right_estate_is_counted(site: Any) -> None:
    answer = site.run("estate", "check", "--json")
    assert answer.data == {"file": str(site.estate), "tenants": 2, "environments": 3, "hosts": 3}


def test_the_estate_as_ansible_data_holds_no_secret(site: Any) -> None:
    answer = site.run("estate", "ansible", "--json")
    assert "app1.prod.ledger-test" in answer.data["_meta"]["hostvars"]
    assert "NOWHERE" not in answer.out


def test_every_fault_of_an_account_is_told(site: Any) -> None:
    answer = site.run("user", "add", "a b", "--tenant", "nobody", "--role", "king", "--json")
    assert {f["path"] for f in answer.data["error"]["faults"]} == {"name", "tenant", "roles"}


def test_settings_that_are_wrong_are_told_by_their_names(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNWEI_SLOTS", "many")
    monkeypatch.setenv("YUNWEI_LEASE_S", "-1")
    answer = site.run("request", "list")
    assert answer.code == 2
    assert "YUNWEI_SLOTS" in answer.err
    assert "YUNWEI_LEASE_S" in answer.err


def test_text_from_users_cannot_steer_the_terminal(site: Any) -> None:
    words = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+2h", "--yes")
    assert site.run(*words, "--description", "one\ttwo\nthree").code == 0
    shown = site.run("request", "show", "1").out
    assert "one two three" in shown
    answer = site.run("request", "submit", "iis-restart", "\x1b[31mred/x", "--yes")
    assert "\x1b" not in answer.err
