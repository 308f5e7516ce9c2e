"""Data centers as cards: state, size, version, last backup, what is going on, greyed buttons with their reasons."""

from collections.abc import Callable

import pytest

from runner.survey import seen_of
from tests.acceptance.sql.conftest import OTHER, PROD, Stage, as_json, wait_until


def surveyed(stage: Stage) -> None:
    wait_until(lambda: seen_of(stage.product.store, PROD) is not None, "a worker has surveyed the servers")


@pytest.mark.req("DC-1")
def test_a_card_tells_state_size_version_last_backup_and_what_may_be_asked_now(stage: Stage) -> None:
    surveyed(stage)
    stage.done("backup", {"label": "卡片"})
    stage.done("rehearse", {})
    with stage.client("dora") as client:
        cards = client.get("/api/v1/data-centers").json()["items"]
        card = client.get(f"/api/v1/data-centers/{PROD}").json()
    assert [c["path"] for c in cards] == sorted(c["path"] for c in cards)
    assert {PROD, OTHER} <= {c["path"] for c in cards}
    assert (card["state"], card["access"], card["trouble"]) == ("ONLINE", "MULTI_USER", None)
    assert card["bytes"] > 0
    assert card["version"].count(".") == 3
    assert card["last_backup"]["name"] == "卡片.bak"
    assert card["proven_at"] is not None
    offers = {o["operation"]: o for o in card["offers"]}
    assert offers["sql-update"]["allowed"] is False, "dora is data ops, and neither administrator nor IT ops"
    assert "IT" in offers["sql-update"]["why"]["zh"]


@pytest.mark.req("DC-1")
def test_work_that_is_planned_is_on_the_card(stage: Stage) -> None:
    number = stage.ask("backup", {}, planned_at="2026-12-01T12:00:00+08:00")
    with stage.client() as client:
        work = client.get(f"/api/v1/data-centers/{PROD}").json()["work"]
        assert (number, "backup", "waiting") in [
            (w["number"], w["operation"]["name"], w["state"]["name"]) for w in work
        ]
        client.post(f"/api/v1/requests/{number}/cancel", json={"reason": "test"})


@pytest.mark.req("DC-1", "DC-2")
def test_the_command_line_shows_cards_and_the_estimate_of_the_last_runs(
    stage: Stage, command: Callable[..., tuple[int, str]]
) -> None:
    surveyed(stage)
    stage.done("backup", {})
    assert PROD in command("data-center", "list")[1]
    code, out = command("data-center", "show", PROD)
    assert code == 0
    assert "✓ backup" in out
    found = as_json(command("request", "check", "backup", PROD, "--json"))
    assert 0 < found["estimate_s"] < 60, "by its last runs; before the first one it is a quarter of an hour"
    code, out = command("data-center", "show", "ledger-test/prod")
    assert code == 4
