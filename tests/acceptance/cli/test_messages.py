"""Messages and contacts at the command line."""

from typing import Any

import pytest


@pytest.fixture
def cancelled(site: Any) -> int:
    """A request of alice's that she has cancelled."""
    words = ("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+10h", "--yes")
    number: int = site.run(*words, "--email", "a@acme.example", "--json").data["number"]
    assert site.run("request", "cancel", str(number), "--reason", "later").code == 0
    return number


@pytest.mark.req("INT-3")
def test_what_is_to_be_told_is_listed_and_can_be_sent_again(site: Any, cancelled: int) -> None:
    (message,) = site.run("message", "list", "--number", str(cancelled), "--as", "olga", "--json").data["items"]
    assert (message["state"], message["kind"], message["recipient"]) == ("off", "cancelled", "a@acme.example")
    assert f"Request {cancelled}" in site.run("message", "list", "--as", "olga").out
    again = site.run("message", "retry", str(message["id"]), "--as", "olga", "--json")
    assert (again.code, again.data["state"]) == (0, "waiting")
    assert site.run("message", "retry", str(message["id"]), "--as", "olga").code == 2
    assert site.run("message", "retry", "99", "--as", "olga").code == 4


def test_messages_are_for_operators(site: Any, cancelled: int) -> None:
    assert site.run("message", "list").code == 3


def test_a_contact_is_set_and_its_phone_is_shown_by_its_last_digits(site: Any) -> None:
    words = ("user", "contact", "alice", "--email", "a@acme.example", "--phone", "+8613812345678", "--as", "olga")
    assert site.run(*words).code == 0
    (row,) = [u for u in site.run("user", "list", "--json", "--as", "olga").data["items"] if u["name"] == "alice"]
    assert (row["email"], row["phone"]) == ("a@acme.example", "••••5678")
    assert "13812345678" not in site.run("events", "--as", "olga", "--json").out
    assert site.run("user", "contact", "alice", "--phone", "", "--as", "olga", "--json").data["phone"] == ""
    assert site.run("user", "contact", "nobody", "--phone", "", "--as", "olga").code == 4
    assert site.run("user", "contact", "alice", "--as", "olga").code == 2


def test_a_mistake_in_the_mail_setting_is_told_before_anything_starts(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNWEI_MAIL", "smtp://ops:hunter2@mail")
    answer = site.run("worker", "list")
    assert answer.code == 2
    assert "YUNWEI_MAIL" in answer.err
    assert "hunter2" not in answer.err + answer.out
