"""Backup, restore and rehearsal through the API and the command line, their refusals, and what faults leave behind."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from playbooks.restore import RestoreDataCenter
from tests.acceptance.sql.conftest import OTHER, PROD, Stage, as_json
from tests.codes import digits_in

ITEMS = "SELECT COUNT(*) FROM dbo.T_BD_MATERIAL"
Run = Callable[..., tuple[int, str]]


def backup(stage: Stage, place: str = PROD, **params: Any) -> dict[str, Any]:
    """A new backup's row."""
    number = stage.done("backup", params, place)
    rows = [dict(r) for r in stage.product.store.rows("artifacts_of_job", job=number)]
    assert [r["kind"] for r in rows] == ["backup"]
    return rows[0]


def usable(stage: Stage, place: str = PROD) -> None:
    """The data center is as users want it: under its own name, online, open to all, nothing of ours beside it."""
    database = stage.database(place)
    every = stage.rows("SELECT state_desc, user_access_desc, name FROM sys.databases", place)
    state = [row[:2] for row in every if row[2] == database]
    assert state == [("ONLINE", "MULTI_USER")]
    assert [d for d in stage.databases() if d.startswith("job")] == []
    assert stage.exchange() == []


@pytest.mark.req("DC-2", "CARD-3")
def test_a_backup_is_proven_stored_with_its_hash_and_leaves_the_exchange_folder_empty(stage: Stage) -> None:
    with stage.client() as client:
        wish = {"operation": "backup", "place": PROD, "params": {"label": "月末"}, "description": "结账前"}
        number = client.post("/api/v1/requests", json=wish).json()["number"]
    assert stage.ended(number).job.state == "succeeded"
    row = stage.product.store.rows("artifacts_of_job", job=number)[0]
    assert (row["name"], row["kind"], row["state"], row["place"]) == ("月末.bak", "backup", "ready", PROD)
    stored = stage.product.artifacts.list("ledger-test/backup")
    key = next(s.key for s in stored if str(s.key) == row["key"])
    with stage.product.artifacts.open(key) as opened:
        content = b"".join(opened)
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (row["sha256"], row["size"])
    usable(stage)


@pytest.mark.req("DC-2", "CARD-6")
def test_the_command_line_backs_up_and_shows_the_steps(stage: Stage, command: Run) -> None:
    code, out = command("request", "submit", "backup", PROD, "--wait")
    assert code == 0, out
    assert "its checksums are right" in out


@pytest.mark.req("DC-3")
@pytest.mark.parametrize("how", ["beside", "in-place"])
def test_a_restore_brings_back_what_was_lost_and_the_target_is_usable(stage: Stage, how: str) -> None:
    before = stage.rows(ITEMS)
    row = backup(stage)
    stage.rows("DELETE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID > 1100")
    assert stage.rows(ITEMS) != before
    number = stage.done("restore", {"artifact": row["id"], "how": how})
    assert stage.rows(ITEMS) == before
    usable(stage)
    own = [r for r in stage.product.store.rows("artifacts_of_job", job=number) if r["place"] == PROD]
    assert len(own) == 1, "the target was backed up first"


@pytest.mark.req("DC-3", "SQL-9")
def test_a_copy_of_another_data_center_shuts_that_ones_script_login_out_and_lets_its_own_in(stage: Stage) -> None:
    source = stage.rows("SELECT COUNT(*) FROM dbo.T_SAL_ORDER", PROD)
    stage.done("restore", {"from_data_center": PROD}, OTHER)
    assert stage.rows("SELECT COUNT(*) FROM dbo.T_SAL_ORDER", OTHER) == source
    users = {name for (name,) in stage.rows("SELECT name FROM sys.database_principals WHERE type = 'S'", OTHER)}
    logins = {place: stage.desk.decider.estate.script_login(place).user for place in (PROD, OTHER)}
    assert logins[OTHER] in users
    assert logins[PROD] not in users
    usable(stage, OTHER)


@pytest.mark.req("DC-3")
def test_a_rehearsal_proves_the_newest_backup_and_touches_nothing(stage: Stage) -> None:
    backup(stage)
    before = stage.rows(ITEMS), stage.databases()
    number = stage.done("rehearse", {})
    assert "check" in stage.steps(number)
    assert (stage.rows(ITEMS), stage.databases()) == before
    usable(stage)


@pytest.mark.req("DC-3")
def test_a_restore_into_a_full_disk_leaves_the_old_database_serving(stage: Stage) -> None:
    before, row = stage.rows(ITEMS), backup(stage)
    stage.faults().ask("leave_restoring", count=9, percent=30)
    try:
        number = stage.ask("restore", {"artifact": row["id"], "backup_first": False})
        assert stage.ended(number).job.state == "failed"
    finally:
        stage.faults().clear()
    assert stage.rows(ITEMS) == before
    usable(stage)


@pytest.mark.req("DC-3")
def test_a_restore_in_place_that_breaks_off_is_put_back_from_the_backup_taken_before(stage: Stage) -> None:
    row = backup(stage)
    stage.rows("DELETE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID = 1002")
    before = stage.rows(ITEMS)
    stage.faults().ask("leave_restoring", count=1, percent=30)
    number = stage.ask("restore", {"artifact": row["id"], "how": "in-place"})
    assert stage.ended(number).job.state == "failed"
    assert stage.rows(ITEMS) == before, "as it was before the restore"
    usable(stage)


@pytest.mark.req("DC-3", "INT-11")
def test_a_restore_says_everything_that_is_wrong_with_what_it_is_asked(stage: Stage) -> None:
    wishes: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {"params.artifact"}),
        ({"artifact": "0" * 16, "from_data_center": OTHER}, {"params.artifact"}),
        ({"artifact": "0" * 16}, {"params.artifact"}),
        ({"from_data_center": PROD}, {"params.from_data_center"}),
        ({"from_data_center": "other/prod/x", "how": "in-place", "backup_first": False},
         {"params.from_data_center", "params.backup_first"}),
    ]  # fmt: skip
    with stage.client() as client:
        for params, fields in wishes:
            body = {"operation": "restore", "place": PROD, "params": params, "confirm": True}
            answer = client.post("/api/v1/requests", json=body)
            assert answer.status_code == 422, answer.text
            assert {e["path"] for e in answer.json()["errors"]} == fields


@pytest.mark.req("INT-6")
def test_who_is_only_data_ops_may_not_restore(stage: Stage) -> None:
    with stage.client("dora") as client:
        body = {"operation": "restore", "place": PROD, "params": {"from_data_center": OTHER}, "confirm": True}
        assert client.post("/api/v1/requests", json=body).status_code == 403


@pytest.mark.req("SQL-8")
def test_there_is_no_way_back_from_a_request_without_a_backup(stage: Stage, command: Run) -> None:
    backup(stage)
    number = stage.done("rehearse", {})
    with stage.client() as client:
        assert client.post(f"/api/v1/requests/{number}/restore", json={"confirm": True}).status_code == 409
        assert client.get(f"/api/v1/requests/{number}/way-back").status_code == 409
    code, out = command("request", "restore", str(number), "--yes")
    assert code != 0
    assert "no backup" in out


@pytest.mark.req("SQL-8", "INT-10")
def test_the_way_back_takes_a_code_where_restores_ask_for_one(
    stage: Stage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = stage.done("backup", {})
    monkeypatch.setattr(RestoreDataCenter, "traits", replace(RestoreDataCenter.traits, code=True))
    back = ("request", "restore", str(number), "--yes")
    code, out = command(*back)
    assert (code, "codes" in out) == (3, True), out
    stage.forget_codes()
    assert command(*back, "--send-code")[0] == 0
    accepted = as_json(command(*back, "--code", digits_in(stage.product.store), "--json"))
    assert stage.ended(accepted["number"]).job.state == "succeeded", stage.told(accepted["number"])
    usable(stage)


@pytest.mark.req("CORE-7", "DC-3")
def test_a_dry_run_tells_the_steps_and_makes_nothing(stage: Stage, command: Run) -> None:
    row = backup(stage)
    found = as_json(command("request", "check", "restore", PROD, "--artifact", row["id"], "--json"))
    assert len(found["steps"]) == 13
    assert stage.database() in found["warning"]["en"], "it says what is overwritten"
    usable(stage)
