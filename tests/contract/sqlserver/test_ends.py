"""How work ends before its end: attention, KILL, a cut line, a server that goes away."""

from typing import Any

import pytest

from tests.contract.sqlserver.conftest import PYTDS, errors
from tests.contract.sqlserver.test_backups import BACKUP, BESIDE, OVER

pytestmark = pytest.mark.req("SQL-8")


def running(lab: Any, command: str) -> list[Any]:
    return [s for s in lab.engine.sessions_now() if s.command == command]


@pytest.mark.parametrize("way", PYTDS)
def test_an_attention_ends_a_wait_and_the_session_stays_usable(
    lab: Any, way: str, beside: Any, eventually: Any
) -> None:
    client = lab.pytds(way)
    number = client.rows("SELECT @@SPID")[0][0]
    work = beside(lambda: client.run("UPDATE T_SAL_ORDER SET FNOTE = N'x' WAITFOR DELAY '00:00:30' DELETE T_SAL_ORDER"))
    assert eventually(lambda: [s.number for s in running(lab, "WAITFOR")] == [number])
    client.session.put_cancel()
    ran = work.wait().result
    assert (ran.cancelled, ran.colour) == (True, "red")
    assert client.rows("SELECT COUNT(*) FROM T_SAL_ORDER WHERE FNOTE = N'x'") == [(3,)]


def test_kill_from_a_second_connection_rolls_back_and_ends_the_session(lab: Any, beside: Any, eventually: Any) -> None:
    client, other = lab.pytds(), lab.pytds(database="master")
    number = client.rows("BEGIN TRAN DELETE FROM T_SAL_ORDER SELECT @@SPID")[0][0]
    work = beside(lambda: client.run("WAITFOR DELAY '00:00:30'"))
    assert eventually(lambda: running(lab, "WAITFOR"))
    assert errors(other.run(f"KILL {number}")) == []
    assert work.wait().error is not None or errors(work.result) == [596]
    assert other.rows("SELECT COUNT(*) FROM Shop.dbo.T_SAL_ORDER") == [(3,)]
    assert eventually(lambda: number not in [s.number for s in lab.engine.sessions_now()])
    assert errors(other.run(f"KILL {number}")) == [6106]


@pytest.mark.parametrize("way", PYTDS)
def test_a_cut_line_rolls_the_transaction_back(lab: Any, way: str, eventually: Any) -> None:
    client, other = lab.pytds(way), lab.pytds(way)
    client.run("BEGIN TRAN DELETE FROM T_SAL_ORDER")
    client.watched.close()
    assert eventually(lambda: len(lab.engine.sessions_now()) == 2)  # the fixture's own one, and `other`
    assert other.rows("SELECT COUNT(*) FROM T_SAL_ORDER") == [(3,)]


def test_a_line_that_is_cut_in_a_backup_leaves_no_set_and_no_history(lab: Any, beside: Any, eventually: Any) -> None:
    lab.engine.step_s = 0.05
    client, other = lab.pytds(database="master"), lab.pytds(database="master")
    work = beside(lambda: client.run(BACKUP))
    assert eventually(lambda: running(lab, "BACKUP DATABASE"))
    client.watched.close()
    work.wait()
    assert eventually(lambda: not running(lab, "BACKUP DATABASE"))
    assert other.rows("SELECT COUNT(*) FROM msdb.dbo.backupset") == [(0,)]
    assert errors(other.run("RESTORE HEADERONLY FROM DISK = N'D:\\Exchange\\Run 1.bak'")) == [3241, 3013]
    lab.engine.step_s = 0.0
    assert errors(other.run(BACKUP)) == []


@pytest.mark.parametrize("text", [BESIDE, OVER])
def test_a_line_that_is_cut_in_a_restore_leaves_the_database_restoring_until_it_is_restored_again(
    lab: Any, text: str, beside: Any, eventually: Any
) -> None:
    name = "Beside" if text is BESIDE else "Shop"
    client, other = lab.pytds(database="master"), lab.pytds(database="master")
    lab.engine.end([s for s in lab.engine.sessions_now() if s.database == "Shop"], why="the fixture's session")
    client.run(BACKUP)
    lab.engine.step_s = 0.05
    work = beside(lambda: client.run(text))
    assert eventually(lambda: running(lab, "RESTORE DATABASE"))
    client.watched.close()
    work.wait()
    assert eventually(lambda: not running(lab, "RESTORE DATABASE"))
    lab.engine.step_s = 0.0
    assert other.rows("SELECT name FROM sys.databases WHERE state_desc = 'RESTORING'") == [(name,)]
    assert errors(other.run(f"USE [{name}]")) == [927]
    assert errors(other.run(f"RESTORE DATABASE [{name}] WITH RECOVERY")) == [4333, 3013]
    assert errors(other.run(text)) == []
    assert other.rows(f"SELECT COUNT(*) FROM [{name}].dbo.T_SAL_ORDER") == [(3,)]  # noqa: S608


@pytest.mark.parametrize(("fault", "left"), [("drop_before_commit", 3), ("drop_after_commit", 0)])
def test_a_lost_commit_is_done_or_undone_and_the_client_cannot_tell(lab: Any, fault: str, left: int) -> None:
    client = lab.pytds()
    lab.engine.faults.ask(fault)
    with pytest.raises(Exception):  # noqa: B017, PT011 -- whatever the driver makes of a lost line
        client.run("BEGIN TRAN DELETE FROM T_SAL_ORDER COMMIT")
    assert lab.pytds().rows("SELECT COUNT(*) FROM T_SAL_ORDER") == [(left,)]


def test_a_server_that_restarts_ends_all_sessions_and_keeps_what_was_committed(lab: Any) -> None:
    client = lab.pytds()
    client.run("DELETE FROM T_SAL_ORDER WHERE FID = 1 BEGIN TRAN DELETE FROM T_SAL_ORDER")
    lab.wires["required"].stop()
    assert lab.engine.sessions_now() == []
    lab.wires["required"].start()
    assert lab.pytds().rows("SELECT COUNT(*) FROM T_SAL_ORDER") == [(2,)]
