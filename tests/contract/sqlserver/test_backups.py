"""Backups and restores over the wire: live progress, headers, files that are really there, history."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sqlserver.conftest import BAK, PYMSSQL, errors, said

pytestmark = pytest.mark.req("SQL-1")
BACKUP = (
    f"BACKUP DATABASE [Shop] TO DISK = N'{BAK}' WITH COPY_ONLY, CHECKSUM, COMPRESSION, FORMAT, INIT, "
    "NAME = N'job 7', STATS = 10"
)
MOVES = "MOVE N'Shop' TO N'D:\\MSSQL\\DATA\\b.mdf', MOVE N'Shop_log' TO N'D:\\MSSQL\\LOG\\b.ldf'"
BESIDE = f"RESTORE DATABASE [Beside] FROM DISK = N'{BAK}' WITH FILE = 1, {MOVES}, CHECKSUM, RECOVERY, STATS = 50"
OVER = f"RESTORE DATABASE [Shop] FROM DISK = N'{BAK}' WITH REPLACE, STATS = 25"


def execute(connection: Any, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
        while cursor.nextset():
            pass


@pytest.mark.parametrize("way", PYMSSQL)
def test_pymssql_hears_the_progress_of_a_backup_while_it_runs(lab: Any, way: str) -> None:
    lab.engine.step_s = 0.002
    connection, heard, live = lab.pymssql(way, database="master"), [], []

    def hear(_state: int, severity: int, _server: Any, _procedure: Any, _line: int, text: bytes) -> None:
        running = [s for s in lab.engine.sessions_now() if s.command == "BACKUP DATABASE"]
        live.append(running[0].percent if running else None)
        heard.append((severity, text.decode()))

    connection._conn.set_msghandler(hear)
    execute(connection, BACKUP)
    assert [text for _, text in heard][:10] == [f"{n}0 percent processed." for n in range(1, 11)]
    assert heard[-1][1].startswith("BACKUP DATABASE successfully processed")
    assert {severity for severity, _ in heard} == {0}
    assert None not in live[:5]  # the backup was still running when its progress came


def test_what_is_written_there_is_found_here(lab: Any) -> None:
    execute(lab.pymssql(database="master"), BACKUP)
    assert [f.name for f in lab.exchange.iterdir()] == ["Run 1.bak"]
    assert (lab.exchange / "Run 1.bak").read_bytes().startswith(b"MSSQLBAK")
    (lab.exchange / "Run 1.bak").rename(lab.exchange / "again.BAK")
    assert errors(lab.pytds(database="master").run("RESTORE VERIFYONLY FROM DISK = N'd:\\exchange\\AGAIN.bak'")) == []


def test_the_history_proves_the_backup(lab: Any) -> None:
    client = lab.pytds(database="master")
    assert errors(client.run(BACKUP)) == []
    assert client.rows(
        "SELECT s.type, s.is_copy_only, s.has_backup_checksums, s.is_damaged, s.database_name, f.physical_device_name "
        "FROM msdb.dbo.backupset AS s JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id "
        "WHERE s.name = N'job 7' AND s.backup_finish_date IS NOT NULL"
    ) == [("D", True, True, False, "Shop", BAK)]


def test_the_headers_of_a_backup_tell_what_it_is(lab: Any) -> None:
    client = lab.pytds(database="master")
    client.run(BACKUP)
    assert said(client.run(f"RESTORE VERIFYONLY FROM DISK = N'{BAK}' WITH CHECKSUM")) == [
        (3262, "The backup set on file 1 is valid.")
    ]
    (header,) = named(client, f"RESTORE HEADERONLY FROM DISK = N'{BAK}'")
    assert (header["BackupName"], header["BackupType"], header["Position"]) == ("job 7", 1, 1)
    assert (header["DatabaseName"], header["HasBackupChecksums"], header["IsCopyOnly"]) == ("Shop", True, True)
    files = named(client, f"RESTORE FILELISTONLY FROM DISK = N'{BAK}'")
    assert [(f["LogicalName"], f["Type"]) for f in files] == [("Shop", "D"), ("Shop_log", "L")]
    (label,) = named(client, f"RESTORE LABELONLY FROM DISK = N'{BAK}'")
    assert (label["FamilyCount"], label["FamilySequenceNumber"]) == (1, 1)


def named(client: Any, text: str) -> list[dict[str, Any]]:
    (shown,) = [e for e in client.run(text).events if hasattr(e, "columns")]
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]


def test_a_restore_beside_brings_up_a_second_database_and_says_so_in_the_history(lab: Any) -> None:
    client = lab.pytds(database="master")
    client.run(BACKUP)
    assert errors(client.run(BESIDE)) == []
    assert client.rows("SELECT state_desc, SUSER_SNAME(owner_sid) FROM sys.databases WHERE name = N'Beside'") == [
        ("ONLINE", "ops")
    ]
    assert client.rows("SELECT COUNT(*) FROM Beside.dbo.T_SAL_ORDER WHERE FNOTE = N'加急'") == [(1,)]
    assert client.rows(
        "SELECT h.destination_database_name, s.name FROM msdb.dbo.restorehistory AS h "
        "JOIN msdb.dbo.backupset AS s ON s.backup_set_id = h.backup_set_id"
    ) == [("Beside", "job 7")]


def test_a_restore_in_place_needs_the_database_for_itself(lab: Any) -> None:
    client, other = lab.pytds(database="master"), lab.pytds(user="script")
    client.run(BACKUP)
    other.run("DELETE FROM T_SAL_ORDER")
    assert errors(client.run(OVER)) == [3101, 3013]
    assert errors(client.run(f"ALTER DATABASE [Shop] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; {OVER}")) == []
    assert errors(client.run("ALTER DATABASE [Shop] SET MULTI_USER")) == []
    assert client.rows("SELECT COUNT(*) FROM Shop.dbo.T_SAL_ORDER") == [(3,)]


def test_the_cause_of_a_failed_backup_comes_before_3013(lab: Any) -> None:
    client = lab.pytds(database="master")
    for text, numbers in (
        (BACKUP.replace("Exchange", "nowhere"), [3201, 3013]),
        (BACKUP.replace("[Shop]", "[nix]"), [911, 3013]),
        (f"BEGIN TRAN; {BACKUP}; ROLLBACK", [3021, 3013]),
    ):
        assert errors(client.run(text)) == numbers
    lab.engine.faults.ask("disk_full", percent=40)
    ran = client.run(BACKUP)
    assert errors(ran) == [3202, 3013]
    assert "112(There is not enough space on the disk.)" in dict(said(ran))[3202]
    assert client.rows("SELECT COUNT(*) FROM msdb.dbo.backupset") == [(0,)]


def test_progress_can_be_asked_from_a_second_connection(lab: Any, beside: Any, eventually: Any) -> None:
    lab.engine.step_s = 0.01
    client, other = lab.pytds(database="master"), lab.pytds(database="master")
    work = beside(lambda: client.run(BACKUP))
    ask = (
        "SELECT r.percent_complete FROM sys.dm_exec_requests AS r JOIN sys.dm_exec_sessions AS s "
        "ON s.session_id = r.session_id WHERE r.command = 'BACKUP DATABASE' AND s.program_name = N'yunwei job 7'"
    )
    seen: list[float] = []
    assert eventually(lambda: seen.extend(r[0] for r in other.rows(ask)) or [p for p in seen if 0 < p < 100])
    assert errors(work.wait().result) == []


def test_an_upload_that_is_no_backup_is_refused_by_the_server_too(lab: Any) -> None:
    Path(lab.exchange / "x.bak").write_bytes(b"PK\x03\x04" * 500)
    client = lab.pytds(database="master")
    for what in ("HEADERONLY", "FILELISTONLY", "LABELONLY", "VERIFYONLY"):
        assert errors(client.run(f"RESTORE {what} FROM DISK = N'D:\\Exchange\\x.bak'")) == [3241, 3013]


def test_two_backups_of_one_database_do_not_run_together(lab: Any, beside: Any, eventually: Any) -> None:
    lab.engine.step_s, before = 0.01, threading.active_count()  # other tests of this process have threads, too
    client, other = lab.pytds(database="master"), lab.pytds(database="master")
    work = beside(lambda: client.run(BACKUP))
    assert eventually(lambda: any(s.command == "BACKUP DATABASE" for s in lab.engine.sessions_now()))
    assert errors(other.run(BACKUP.replace("Run 1", "Run 2"))) == [3023, 3013]
    assert errors(work.wait().result) == []
    assert threading.active_count() < before + 10
