"""A tenant's script from the first byte to the way back: handed in, planned, backed up, run, shown, undone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.sql.conftest import PROD, SCRIPT, Stage, as_json, wait_until
from tests.codes import digits_in

PRICE = "SELECT FPRICE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID = 1001"
ITEMS = "SELECT COUNT(*) FROM dbo.T_BD_MATERIAL"


def hand_in(stage: Stage, text: str, who: str = "dana", place: str = PROD) -> str:
    with stage.client(who) as client:
        answer = client.post("/api/v1/scripts", params={"place": place}, content=text.encode())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.req("SQL-2", "SQL-3", "SQL-5", "SQL-6", "SQL-8", "CARD-3", "DC-3")
def test_a_script_runs_after_its_backup_shows_its_batches_and_one_command_brings_the_rows_back(
    stage: Stage, command: Callable[..., tuple[int, str]]
) -> None:
    before = stage.rows(PRICE), stage.rows(ITEMS)
    script = hand_in(stage, SCRIPT)
    number = stage.ask("sql-update", {"script": script, "on_error": "continue"})
    assert stage.ended(number).job.state == "failed"
    assert stage.steps(number) == ["look:backup", "backup:backup", "verify:backup", "stow:backup", "drop:backup"]
    with stage.client() as client:
        page = client.get(f"/api/v1/requests/{number}/parts").json()
    assert page["counts"] == {"green": 3, "red": 1, "grey": 0, "unknown": 0}
    assert [(p["colour"], p["line"]) for p in page["items"]] == [("green", 1), ("green", 3), ("red", 6), ("green", 10)]
    error = next(e for e in page["items"][2]["events"] if e["kind"] == "message")
    assert (error["number"], error["severity"], error["script_line"]) == (208, 16, 8)
    counts = [e["rows"] for e in page["items"][1]["events"] if e["kind"] == "count"]
    assert counts[0] == 10
    assert stage.rows(ITEMS) == [(119,)]

    code, out = command("request", "batches", str(number), "--colour", "red")
    assert code == 0
    assert "line 8 of the script" in out
    code, out = command("request", "restore", str(number), "--yes", "--wait")
    assert code == 0, out
    assert (stage.rows(PRICE), stage.rows(ITEMS)) == before
    assert stage.exchange() == []


@pytest.mark.req("SQL-6")
def test_the_first_error_stops_a_script_and_what_follows_is_grey(stage: Stage) -> None:
    number = stage.ask("sql-update", {"script": hand_in(stage, SCRIPT), "backup_first": False})
    assert stage.ended(number).job.state == "failed"
    with stage.client() as client:
        page = client.get(f"/api/v1/requests/{number}/parts").json()
    assert [p["colour"] for p in page["items"]] == ["green", "green", "red", "grey"]


@pytest.mark.req("SQL-6")
def test_one_transaction_leaves_nothing_behind_when_a_batch_is_red(stage: Stage) -> None:
    before = stage.rows(PRICE)
    params = {"script": hand_in(stage, SCRIPT), "backup_first": False, "transaction": "one"}
    number = stage.ask("sql-update", params)
    assert stage.ended(number).job.state == "failed"
    assert stage.rows(PRICE) == before


@pytest.mark.req("SQL-5")
def test_nothing_of_a_script_runs_when_its_backup_fails(stage: Stage) -> None:
    before = stage.rows(PRICE)
    stage.faults().ask("disk_full", count=20, percent=40)
    try:
        number = stage.ask("sql-update", {"script": hand_in(stage, SCRIPT)})
        assert stage.ended(number).job.state == "failed"
    finally:
        stage.faults().clear()
    assert "run" not in stage.steps(number)
    assert stage.rows(PRICE) == before
    with stage.client() as client:
        assert client.get(f"/api/v1/requests/{number}/parts").json()["items"] == []


@pytest.mark.req("SQL-7")
def test_a_forbidden_or_broken_script_is_refused_whole_with_every_line(stage: Stage) -> None:
    text = "PRINT 1\nGO\nDROP DATABASE x\nGO\nSELECT * FROM other.dbo.t\n"
    with stage.client() as client:
        answer = client.post("/api/v1/scripts", params={"place": PROD}, content=text.encode())
        broken = client.post("/api/v1/scripts", params={"place": PROD}, content=b"PRINT 1\nGO\n/* never closed")
    assert answer.status_code == 422
    assert [(e["path"], e["code"]) for e in answer.json()["errors"]] == [
        ("line 3", "database"),
        ("line 5", "other-database"),
    ]
    assert broken.status_code == 422
    assert broken.json()["errors"][0]["path"] == "line 3"


@pytest.mark.req("SQL-1", "INT-6")
def test_who_is_not_data_ops_does_not_even_hand_a_script_in(stage: Stage) -> None:
    with stage.client("alice") as client:
        answer = client.post("/api/v1/scripts", params={"place": PROD}, content=b"PRINT 1")
    assert answer.status_code == 403


@pytest.mark.req("SQL-7")
def test_a_risky_script_needs_a_yes_of_its_own(stage: Stage) -> None:
    script = hand_in(stage, "UPDATE dbo.T_BD_CUSTOMER SET FCITY = N'深圳'\n")
    body: dict[str, Any] = {"operation": "sql-update", "place": PROD, "params": {"script": script}, "confirm": True}
    with stage.client() as client:
        answer = client.post("/api/v1/requests", json=body)
        assert answer.status_code == 422
        fault = answer.json()["errors"][0]
        assert (fault["path"], fault["code"]) == ("params.accept_risks", "unconfirmed")
        body["params"]["accept_risks"] = True
        assert client.post("/api/v1/requests", json=body).status_code == 403, "no code came with it"
        assert client.post("/api/v1/requests", json=stage.coded(body)).status_code == 201


@pytest.mark.req("SQL-7")
def test_a_long_list_of_findings_is_cut_and_says_so_at_both_doors(
    stage: Stage, command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    text = "SET NOEXEC ON\n" * 110 + "DELETE dbo.T_BD_CUSTOMER\n"
    with stage.client() as client:
        told = client.post("/api/v1/scripts", params={"place": PROD}, content=text.encode()).json()
    assert (len(told["findings"]), told["found"], told["risky"]) == (100, 111, 1)
    assert told["findings"][-1]["code"] == "delete-without-where"
    file = tmp_path / "long.sql"
    file.write_text(text)
    code, out = command("script", "add", PROD, str(file))
    assert code == 0
    assert "and 11 more that are not listed; 1 are risky in all" in out


@pytest.mark.req("SQL-1")
def test_only_data_ops_who_are_admins_or_it_ops_may_run_scripts(stage: Stage) -> None:
    script = hand_in(stage, "PRINT 1\n")
    body = {"operation": "sql-update", "place": PROD, "params": {"script": script}, "confirm": True}
    for who in ("dora", "alice"):
        with stage.client(who) as client:
            answer = client.post("/api/v1/requests", json=body)
        assert answer.status_code == 403
        assert "roles" in [r["policy"] for r in answer.json()["decision"]["reasons"] if r["verdict"] == "refuse"]


@pytest.mark.req("SQL-2")
def test_a_script_is_planned_at_most_a_day_ahead(stage: Stage) -> None:
    script = hand_in(stage, "PRINT 1\n")
    with stage.client() as client:
        body = {"operation": "sql-update", "place": PROD, "params": {"script": script}, "confirm": True}
        answer = client.post("/api/v1/requests", json={**stage.coded(body), "planned_at": "2099-01-01T00:00:00+08:00"})
    assert answer.status_code == 403
    assert [r["policy"] for r in answer.json()["decision"]["reasons"] if r["verdict"] == "refuse"] == ["planning"]


@pytest.mark.req("SQL-2")
def test_a_script_of_another_data_center_or_nobodys_is_no_script_here(stage: Stage) -> None:
    other = hand_in(stage, "PRINT 1\n", place="ledger-test/test/ledger1")
    with stage.client() as client:
        for script, code in ((other, "other-place"), ("0" * 16, "unknown")):
            body = {"operation": "sql-update", "place": PROD, "params": {"script": script}, "confirm": True}
            answer = client.post("/api/v1/requests", json=body)
            assert answer.status_code == 422
            assert [e["code"] for e in answer.json()["errors"]] == [code]


@pytest.mark.req("SQL-9")
def test_a_script_reaches_no_other_database_however_it_asks(stage: Stage) -> None:
    other = stage.database("ledger-test/test/ledger1")
    script = hand_in(stage, "EXEC(N'SELECT COUNT(*) FROM [OTHER].dbo.T_BD_MATERIAL')\n".replace("OTHER", other))
    number = stage.ask("sql-update", {"script": script, "backup_first": False})
    assert stage.ended(number).job.state == "failed"
    with stage.client() as client:
        part = client.get(f"/api/v1/requests/{number}/parts").json()["items"][0]
    assert part["colour"] == "red"
    assert next(e for e in part["events"] if e["kind"] == "message")["number"] == 916


@pytest.mark.req("SQL-6")
def test_a_transaction_left_open_is_rolled_back_and_red(stage: Stage) -> None:
    before = stage.rows(PRICE)
    text = "BEGIN TRANSACTION\nUPDATE dbo.T_BD_MATERIAL SET FPRICE = 0 WHERE FMATERIALID = 1001\nGO\n"
    number = stage.ask("sql-update", {"script": hand_in(stage, text), "backup_first": False})
    item = stage.ended(number)
    assert item.job.state == "failed"
    assert item.job.outcome is not None
    assert "left open" in item.job.outcome["text"]["en"]
    assert stage.rows(PRICE) == before


@pytest.mark.req("SQL-2", "SQL-5", "CARD-6")
def test_the_command_line_hands_a_script_in_and_runs_it(
    stage: Stage, command: Callable[..., Any], tmp_path: Any
) -> None:
    file = tmp_path / "更新.sql"
    file.write_bytes("PRINT N'好'\nGO 3\n".encode("gb18030"))
    refused, why = command("script", "add", PROD, str(file))
    assert refused == 2
    assert "gb18030" in why or "UTF-8" in why
    script = as_json(command("script", "add", PROD, str(file), "--encoding", "gb18030", "--json"))
    assert (script["batches"], script["runs"], script["name"]) == (1, 3, "更新.sql")
    words = ("request", "submit", "sql-update", PROD, "--script", script["id"])
    assert command(*words, "--yes")[0] == 3, "without a code a policy says no"
    stage.forget_codes()
    assert as_json(command(*words, "--send-code", "--json"))["to"].endswith("1234")
    code, out = command(*words, "--yes", "--wait", "--code", digits_in(stage.product.store))
    assert code == 0, out


@pytest.mark.req("SQL-4", "INT-10")
def test_a_planned_script_is_edited_with_a_new_code_and_revoked(stage: Stage) -> None:
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    first, second = hand_in(stage, "PRINT 'one'\n"), hand_in(stage, "PRINT 'two'\n")
    number = stage.ask("sql-update", {"script": first, "backup_first": False}, planned_at=later)
    with stage.client() as client:
        etag = client.get(f"/api/v1/requests/{number}").headers["ETag"]
        change = {"params": {"script": second, "backup_first": False}}
        path, head = f"/api/v1/requests/{number}", {"If-Match": etag}
        assert client.patch(path, json=change, headers=head).status_code == 403, "an edit voids the code"
        assert client.post("/api/v1/codes", json={"request": number, **change}).status_code == 202
        edited = client.patch(path, json={**change, "code": digits_in(stage.product.store)}, headers=head)
        assert edited.status_code == 200, edited.text
        assert edited.json()["params"]["script"] == second
        revoked = client.post(f"{path}/cancel", json={"reason": "不需要了"})
    assert revoked.json()["execution"]["label"]["zh"] == "已撤销"


@pytest.mark.req("SQL-4", "INT-7")
def test_within_ten_minutes_a_script_can_neither_be_edited_nor_revoked(stage: Stage) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=9)).isoformat()
    number = stage.ask("sql-update", {"script": hand_in(stage, "PRINT 'x'\n"), "backup_first": False}, planned_at=soon)
    with stage.client() as client:
        answer = client.post(f"/api/v1/requests/{number}/cancel", json={"reason": "late"})
    assert answer.status_code == 403
    assert "cutoffs" in [r["policy"] for r in answer.json()["decision"]["reasons"] if r["verdict"] != "allow"]


@pytest.mark.req("SQL-10", "INT-3")
def test_whoever_asked_is_told_by_mail_of_success_and_of_failure(stage: Stage) -> None:
    params = {"backup_first": False}
    good = stage.done("sql-update", {"script": hand_in(stage, "PRINT 'well'\n"), **params})
    bad = stage.ask("sql-update", {"script": hand_in(stage, "SELECT 1/0\n"), **params})
    assert stage.ended(bad).job.state == "failed"
    wait_until(lambda: len(_subjects(stage, good, bad)) == 2, "both mails have left")
    assert _subjects(stage, good, bad) == {
        good: f"Request {good}: SQL update, SQL update done",
        bad: f"Request {bad}: SQL update, SQL update failed",
    }


def _subjects(stage: Stage, *numbers: int) -> dict[int, str]:
    """The subjects of the mails that were handed over about these requests, to dana."""
    mails = [p for p in stage.mail.parcels if p.recipient == "dana@acme.example"]
    return {n: p.subject.en for n in numbers for p in mails if p.subject.en.startswith(f"Request {n}:")}
