"""A tenant's script runs batch after batch, as SSMS would run it, and what took effect is known."""

import threading

import pytest

from domain.command import Sql
from domain.errors import Overtaken, Severed, Trouble
from tests.contract.mssql.conftest import Estate, Watcher

THREE = """UPDATE dbo.T_BD_MATERIAL SET FQTY = FQTY + 1
GO
INSERT INTO dbo.T_BD_MATERIAL (FID, FNAME, FQTY) VALUES (1, N'重复', 0)
SELECT FID, FNAME FROM dbo.T_BD_MATERIAL ORDER BY FID
GO
PRINT N'完成'
GO
"""


@pytest.mark.req("SQL-5", "SQL-6")
def test_batches_run_in_order_and_show_green_and_red_with_the_scripts_lines(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script(THREE, call, on_error="continue")
    assert facts["counts"] == {"green": 2, "red": 1, "grey": 0, "unknown": 0}
    assert [p["colour"] for p in call.parts.values()] == ["green", "red", "green"]
    assert call.parts[1]["events"] == [{"kind": "count", "rows": 3}]
    error = facts["first_error"]
    assert (error["number"], error["severity"], error["script_line"], error["batch"]) == (2627, 14, 3, 2)
    shown = next(e for e in call.parts[2]["events"] if e["kind"] == "result")
    assert (shown["columns"], shown["total"], shown["rows"][0]) == (["FID", "FNAME"], 3, [1, "螺栓"])


@pytest.mark.req("SQL-6")
def test_the_first_error_stops_the_script_unless_it_was_told_to_go_on(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script(THREE, call)
    assert facts["counts"] == {"green": 1, "red": 1, "grey": 1, "unknown": 0}
    assert call.parts[3]["colour"] == "grey"


@pytest.mark.req("SQL-6")
def test_one_transaction_leaves_nothing_behind_when_one_batch_fails(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script(THREE, call, whole=True)
    assert (facts["rolled_back"], facts["counts"]) == (True, {"green": 0, "red": 1, "grey": 2, "unknown": 0})
    assert [(p["colour"], p["ended"]) for p in call.parts.values()] == [
        ("grey", "rolled-back"), ("red", ""), ("grey", ""),
    ]  # fmt: skip
    assert estate.rows("SELECT SUM(FQTY) FROM dbo.T_BD_MATERIAL") == [(60,)]
    assert estate.rows("SELECT COUNT(*) FROM dbo.yunwei_batch") == [(0,)]


@pytest.mark.req("SQL-6")
def test_a_transaction_that_the_script_leaves_open_is_rolled_back(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script("SELECT 1\nGO\nBEGIN TRAN\nDELETE FROM dbo.T_BD_MATERIAL\nGO\nSELECT 1\n", call)
    assert (facts["left_open"], facts["rolled_back"]) == (True, True)
    assert [(p["colour"], p["ended"]) for p in call.parts.values()] == [
        ("green", ""), ("red", "rolled-back"), ("red", "rolled-back"),
    ]  # fmt: skip
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]


@pytest.mark.req("SQL-6")
def test_what_runs_under_noexec_is_not_green(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script("SET NOEXEC ON\nGO\nDELETE FROM dbo.T_BD_MATERIAL\nGO\n", call)
    assert facts["counts"]["green"] == 0
    assert call.parts[2]["ended"] == "not-executed"


@pytest.mark.req("SQL-6")
def test_a_batch_with_a_count_runs_that_often(estate: Estate) -> None:
    call = Watcher()
    estate.script("UPDATE dbo.T_BD_MATERIAL SET FQTY = FQTY + 1 WHERE FID = 1\nGO 5\n", call)
    assert (call.parts[1]["times"], call.parts[1]["done"]) == (5, 5)
    assert estate.rows("SELECT FQTY FROM dbo.T_BD_MATERIAL WHERE FID = 1") == [(15,)]


@pytest.mark.req("CORE-1")
def test_an_attempt_that_is_sent_a_second_time_changes_nothing(estate: Estate) -> None:
    estate.script("UPDATE dbo.T_BD_MATERIAL SET FQTY = FQTY + 1")
    again = estate.script("UPDATE dbo.T_BD_MATERIAL SET FQTY = FQTY + 1")
    assert (again["acted"], again["phase"]) == (False, "ended")
    assert estate.rows("SELECT SUM(FQTY) FROM dbo.T_BD_MATERIAL") == [(63,)]


@pytest.mark.req("CORE-3")
def test_a_worker_of_an_earlier_epoch_is_refused_by_the_server(estate: Estate) -> None:
    estate.run("look-at-script", fence=estate.fence(run=2, epoch=3, seal=True), **estate.of_script("SELECT 1"))
    with pytest.raises(Overtaken):
        estate.script("DELETE FROM dbo.T_BD_MATERIAL", fence=estate.fence(run=1, epoch=2))
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]


@pytest.mark.req("SQL-9")
def test_the_scripts_login_reaches_no_other_database(estate: Estate) -> None:
    estate.engine.create_database("AIS2", recovery="FULL")
    facts = estate.script("EXEC('USE AIS2')\nGO\nSELECT * FROM yunwei.dbo.attempt\n", on_error="continue")
    assert facts["counts"]["red"] == 2


@pytest.mark.req("CORE-6")
def test_a_stop_is_acknowledged_by_the_server_and_rolled_back(estate: Estate) -> None:
    call = Watcher()
    script = "PRINT N'begun'\nGO\nUPDATE dbo.T_BD_MATERIAL SET FQTY = 0\nWAITFOR DELAY '00:00:30'\nGO\nSELECT 1\n"

    def stop() -> None:
        assert call.heard.wait(20)
        call.stop.set()

    thread = threading.Thread(target=stop)
    thread.start()
    facts = estate.script(script, call)
    thread.join()
    assert facts["stopped"] == "asked"
    assert facts["counts"]["grey"] >= 1


@pytest.mark.req("CORE-2")
def test_after_a_lost_wire_the_ledger_says_what_took_effect(estate: Estate) -> None:
    call = Watcher()
    script = "UPDATE dbo.T_BD_MATERIAL SET FQTY = 1\nGO\nUPDATE dbo.T_BD_MATERIAL SET FQTY = 2\nGO\nSELECT 1\n"
    estate.engine.faults.ask("drop_before_commit", 2)
    with pytest.raises(Trouble) as caught:
        estate.script(script, call)
    assert isinstance(caught.value, Severed)
    fence = estate.fence(seal=True)
    args = estate.of_script(script)
    look = estate.executor.run

    command = Sql(host="acme/prod/db1", verb="look-at-script", args=args, fence="run-script").fenced(fence)
    facts = look(command, call).facts
    assert facts["phase"] == "begun"
    assert facts["known"] is True
    changed = sum(p["colour"] == "green" for p in call.parts.values())
    assert estate.rows("SELECT COUNT(*) FROM dbo.yunwei_batch") == [(changed,)]


@pytest.mark.req("SQL-6", "CORE-2")
@pytest.mark.parametrize("whole", [False, True])
def test_a_look_at_an_attempt_that_ended_tells_each_batch_again(estate: Estate, whole: bool) -> None:
    """Whoever ran it may have lost the job, and could not write its last batches down."""
    first, later = Watcher(), Watcher()
    args = estate.of_script(f"{THREE}SELECT 1/0\nGO\nPRINT 'never'\n", whole=whole)
    estate.run("run-script", first, fence=estate.fence(), **args)
    command = Sql(host=estate.host.path, verb="look-at-script", args=args, fence="run-script")
    facts = estate.executor.run(command.fenced(estate.fence(epoch=2, seal=True)), later).facts
    assert facts["phase"] == "ended"
    assert [p["colour"] for p in later.parts.values()] == [p["colour"] for p in first.parts.values()]
    assert all(p["looked"] and p["events"] == [] for p in later.parts.values())


@pytest.mark.req("SQL-6")
def test_a_script_that_counts_nothing_is_green_all_the_same(estate: Estate) -> None:
    text = "SET NOCOUNT ON\nGO\nUPDATE dbo.T_BD_MATERIAL SET FQTY = 0 WHERE FID = 1\nGO 3\nPRINT 'x'\n"
    call = Watcher()
    facts = estate.script(text, call)
    assert facts["counts"] == {"green": 3, "red": 0, "grey": 0, "unknown": 0}
    assert call.parts[2]["done"] == 3
    rows = estate.rows("SELECT number, time, colour FROM dbo.yunwei_batch ORDER BY number, time")
    assert rows == [(1, 1, "green"), (2, 1, "green"), (2, 2, "green"), (2, 3, "green"), (3, 1, "green")]


@pytest.mark.req("SQL-6")
def test_a_batch_that_is_no_transaction_of_ours_follows_one_that_is(estate: Estate) -> None:
    """What was begun for the next batch is not taken for a transaction that the script left open."""
    own = "BEGIN TRANSACTION\nUPDATE dbo.T_BD_MATERIAL SET FQTY = 9\nCOMMIT TRANSACTION"
    facts = estate.script(f"PRINT 'a'\nGO\n{own}\nGO\nSELECT 1/0\nGO\nPRINT 'never'\n")
    assert facts["counts"] == {"green": 2, "red": 1, "grey": 1, "unknown": 0}
    assert facts["left_open"] is False
    assert estate.rows("SELECT DISTINCT FQTY FROM dbo.T_BD_MATERIAL") == [(9,)]


@pytest.mark.req("SQL-6")
def test_one_transaction_that_the_script_commits_itself_is_not_called_rolled_back(estate: Estate) -> None:
    call = Watcher()
    facts = estate.script("DELETE FROM dbo.T_BD_MATERIAL WHERE FID = 1\nGO\nCOMMIT\nGO\nSELECT 1", call, whole=True)
    assert (facts["rolled_back"], facts["escaped"]) == (False, True)
    assert [p["colour"] for p in call.parts.values()] == ["unknown", "red", "grey"]
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(2,)], "it stays"


@pytest.mark.req("SQL-6")
def test_one_transaction_that_the_script_rolls_back_itself_is(estate: Estate) -> None:
    facts = estate.script("DELETE FROM dbo.T_BD_MATERIAL\nGO\nROLLBACK\nGO\nSELECT 1", whole=True)
    assert (facts["rolled_back"], facts["counts"]["grey"]) == (True, 2)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]
