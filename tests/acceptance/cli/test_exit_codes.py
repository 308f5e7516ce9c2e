"""One table of exit codes; each is reached by a real command."""

import sqlite3
from collections.abc import Callable
from typing import Any

import click
import pytest

from commands.exits import CODES, DONE, FAILED, NOT_FOUND, REFUSED, UNREACHABLE, USAGE, code_of
from domain.decision import Decision, Reason, Refused, Verdict
from domain.errors import Broke, Conflict, Denied, Mistake, NotFound, StoreDown, TimedOut, Unreachable
from domain.text import Text

_NO = Refused(
    Decision(verdict=Verdict.REFUSE, reasons=(Reason(policy="p", verdict=Verdict.REFUSE, text=Text("", "")),))
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_NO, REFUSED),
        (Denied(Text("", "")), REFUSED),
        (NotFound(Text("", "")), NOT_FOUND),
        (Mistake(Text("", "")), USAGE),
        (Conflict(Text("", "")), USAGE),
        (click.UsageError("no such option"), USAGE),
        (StoreDown(Text("", "")), UNREACHABLE),
        (Unreachable(Text("", "")), UNREACHABLE),
        (TimedOut(Text("", "")), UNREACHABLE),
        (Broke(Text("", "")), FAILED),
        (ValueError("a bug of ours"), FAILED),
        (KeyboardInterrupt(), FAILED),
    ],
    ids=lambda v: type(v).__name__,
)
def test_an_error_has_the_exit_code_of_its_kind(error: BaseException, code: int) -> None:
    assert code_of(error) == code


def test_a_special_kind_of_error_stands_before_its_general_one() -> None:
    kinds = [kind for kind, _ in CODES]
    for at, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) for later in kinds[at + 1 :]), f"{kind.__name__} hides a later row"


def test_what_is_done_ends_with_0(site: Any) -> None:
    assert site.run("place", "list").code == DONE == 0


def test_a_broken_audit_chain_ends_with_1_and_says_where(site: Any) -> None:
    assert site.run("audit", "verify").code == DONE
    with sqlite3.connect(site.home / "yunwei.db") as store:
        store.execute("UPDATE event SET actor = 'nobody' WHERE seq = 2")
    store.close()
    answer = site.run("audit", "verify", "--json")
    assert (answer.code, answer.data["broken_at"]) == (FAILED, 2)
    assert "breaks at event 2" in site.run("audit", "verify").out


@pytest.mark.parametrize(
    "words", [("request", "lsit"), ("request", "list", "--limt", "3"), ("request", "show", "x"), ("token", "issue")]
)
def test_what_cannot_be_parsed_ends_with_2_and_shows_how_it_is_used(site: Any, words: tuple[str, ...]) -> None:
    answer = site.run(*words)
    assert answer.code == USAGE == 2
    assert answer.out == ""
    assert "Usage: yunwei" in answer.err
    assert "--help" in answer.err


def test_a_refusal_of_a_policy_ends_with_3(site: Any) -> None:
    assert site.run("request", "submit", "iis-restart", "ledger-test/shared", "--yes").code == REFUSED == 3


def test_a_missing_right_ends_with_3(site: Any) -> None:
    assert site.run("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+2h", "--yes").code == DONE
    answer = site.run("request", "accept", "1")
    assert answer.code == REFUSED
    assert "operator" in answer.err


@pytest.mark.parametrize(
    "words",
    [("request", "show", "99"), ("request", "follow", "99"), ("user", "disable", "nobody"), ("token", "revoke", "x")],
)
def test_what_does_not_exist_ends_with_4(site: Any, words: tuple[str, ...]) -> None:
    assert site.run(*words).code == NOT_FOUND == 4


def test_a_request_of_another_tenant_does_not_exist(site: Any) -> None:
    assert site.run("request", "submit", "iis-restart", "ledger-test/prod", "--at", "+2h", "--yes").code == DONE
    answer = site.run("request", "show", "1", "--as", "otto")
    assert (answer.code, answer.out) == (NOT_FOUND, "")


def test_a_missing_estate_file_ends_with_4_and_is_named(site: Any) -> None:
    answer = site.run("place", "list", "--estate", "nowhere.yml")
    assert answer.code == NOT_FOUND
    assert "nowhere.yml" in answer.err


def test_a_store_that_cannot_be_reached_ends_with_5(site: Any) -> None:
    answer = site.run("request", "list", "--store", "postgresql+psycopg://127.0.0.1:1/none")
    assert answer.code == UNREACHABLE == 5
    assert "Unreachable" in answer.err or "store" in answer.err


def test_an_account_that_is_not_named_is_asked_for_with_what_to_do(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YUNWEI_USER")
    answer = site.run("request", "list")
    assert answer.code == USAGE
    assert "--as NAME" in answer.err
    assert "YUNWEI_USER" in answer.err
    assert "user add" in answer.err


@pytest.mark.parametrize(
    "state", ["failed", "cancelled", "missed", "refused", "needs-attention", "rejected", "withdrawn"]
)
def test_following_ends_with_1_for_every_end_but_success(state: str, follow_to: Callable[[str], int]) -> None:
    assert follow_to(state) == FAILED


def test_following_ends_with_0_for_success(follow_to: Callable[[str], int]) -> None:
    assert follow_to("succeeded") == DONE


@pytest.fixture
def follow_to(capsys: pytest.CaptureFixture[str]) -> Callable[[str], int]:
    """Follow a request that is running at the first look and in `state` at the second."""
    from commands.following import exit_code, follow
    from commands.screen import Screen

    def run(state: str) -> int:
        states = iter(["running", state, state])
        label = {"zh": state, "en": state}

        def read(after: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            work = {"name": next(states), "label": label, "percent": 50, "outcome": None}
            event = {"seq": 1, "at": "2026-11-24T00:00:00+00:00", "kind": "claimed", "actor": "yunwei", "facts": {}}
            return {"number": 1, "execution": work}, [event] if after == 0 else []

        last = follow(read, Screen("en", json=False), None, 30.0)
        assert capsys.readouterr().out.count("claimed") == 1
        return exit_code(last)

    return run
