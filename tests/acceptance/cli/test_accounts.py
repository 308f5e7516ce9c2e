"""Accounts, tokens and workers at the command line."""

from typing import Any

import pytest


@pytest.mark.req("CARD-6")
def test_a_token_is_printed_once_and_kept_nowhere(site: Any) -> None:
    answer = site.run("token", "issue", "alice")
    token = answer.out.strip()
    assert token.startswith("yw_")
    assert answer.err == ""
    secret = token.split("_", 2)[2].encode()
    assert all(secret not in file.read_bytes() for file in site.home.rglob("*") if file.is_file())
    for words in (("token", "list"), ("token", "list", "--json"), ("events", "--as", "olga", "--json")):
        assert token not in site.run(*words).out


def test_a_revoked_token_says_so_in_the_list(site: Any) -> None:
    issued = site.run("token", "issue", "alice", "--scope", "read", "--json").data
    token_id = issued["token"].split("_")[1]
    assert site.run("token", "revoke", token_id).code == 0
    (row,) = site.run("token", "list", "--json").data["items"]
    assert (row["id"], row["scopes"]) == (token_id, ["read"])
    assert row["revoked_at"]
    assert "hash" not in row


def test_an_unknown_scope_is_a_mistake(site: Any) -> None:
    answer = site.run("token", "issue", "alice", "--scope", "everything", "--json")
    assert (answer.code, answer.data["error"]["faults"][0]["path"]) == (2, "scopes")


def test_a_disabled_account_asks_for_nothing_any_more(site: Any) -> None:
    assert site.run("user", "disable", "alice", "--as", "olga").code == 0
    answer = site.run("request", "list")
    assert answer.code == 3
    assert "disabled" in answer.err
    (row,) = [u for u in site.run("user", "list", "--json", "--as", "olga").data["items"] if u["name"] == "alice"]
    told = {"email": "", "phone": ""}
    assert row == {"name": "alice", "tenant": "ledger-test", "roles": ["enterprise-admin"], "active": False, **told}


def test_who_changed_an_account_is_recorded(site: Any) -> None:
    site.run("user", "add", "it", "--tenant", "other", "--role", "it-ops", "--as", "olga")
    last = site.run("events", "--as", "olga", "--json").data["items"][-1]
    assert (last["kind"], last["actor"], last["facts"]["name"]) == ("user-changed", "olga", "it")


def test_an_unknown_account_is_told_how_to_be_made(site: Any) -> None:
    answer = site.run("request", "list", "--as", "nobody")
    assert answer.code == 4
    assert "yunwei user add" in answer.err


def test_pausing_a_worker_that_is_not_there_is_told(site: Any) -> None:
    assert site.run("worker", "list", "--json").data == {"items": []}
    assert site.run("worker", "pause", "all").code == 4


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_script(site: Any, shell: str) -> None:
    answer = site.run("completion", shell)
    assert answer.code == 0
    assert "_YUNWEI_COMPLETE" in answer.out
