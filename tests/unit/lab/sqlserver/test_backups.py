"""Backups and restores: real files, real states, honest ends."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lab.sqlserver import SqlServer
from lab.tds.answers import Columns, Hangup, Message, Row

BAK = "D:\\MSSQL\\Backup\\a.bak"
BACKUP = f"BACKUP DATABASE Shop TO DISK = N'{BAK}' WITH COPY_ONLY, CHECKSUM, FORMAT, INIT, NAME = N'run 1', STATS = 25"
RESTORE = f"RESTORE DATABASE Shop FROM DISK = N'{BAK}' WITH REPLACE, STATS = 50"
BESIDE = (
    f"RESTORE DATABASE Beside FROM DISK = N'{BAK}' WITH MOVE 'Shop' TO 'D:\\MSSQL\\DATA\\b.mdf', "
    "MOVE 'Shop_log' TO 'D:\\MSSQL\\LOG\\b.ldf'"
)


def numbers(client: Any, text: str) -> list[int]:
    return [a.number for a in client.run(text) if isinstance(a, Message)]


def test_a_backup_tells_its_progress_and_leaves_history(sa: Any) -> None:
    assert numbers(sa, BACKUP) == [3211, 3211, 3211, 3211, 4035, 4035, 3014]
    rows = sa.rows(
        "SELECT s.name, s.type, s.is_copy_only, s.has_backup_checksums, m.physical_device_name "
        "FROM msdb.dbo.backupset s "
        "JOIN msdb.dbo.backupmediafamily m ON m.media_set_id = s.media_set_id WHERE s.database_name = N'shop'"
    )
    assert rows == [("run 1", "D", True, True, BAK)]


@pytest.mark.parametrize(("option", "magic"), [("NO_COMPRESSION", b"TAPE"), ("COMPRESSION", b"MSSQLBAK")])
def test_a_restore_brings_back_exactly_what_was_there(
    sa: Any, master: Any, server: SqlServer, option: str, magic: bytes
) -> None:
    sa.run(f"{BACKUP}, {option}")
    assert server.disk.path(BAK).read_bytes().startswith(magic)
    sa.run("DELETE FROM T USE master")
    assert numbers(master, RESTORE)[-1] == 3014
    assert master.rows("SELECT id, n FROM Shop.dbo.T ORDER BY id") == [(1, "a"), (2, "b")]
    assert master.rows("SELECT destination_database_name, [replace] FROM msdb.dbo.restorehistory") == [("Shop", True)]


def test_the_blocks_of_the_file_have_right_check_sums(sa: Any, server: SqlServer) -> None:
    sa.run(BACKUP)
    data = server.disk.path(BAK).read_bytes()
    for at, kind in ((0, b"TAPE"), (512, b"SSET"), (len(data) - 512, b"ESET")):
        words = [int.from_bytes(data[at + n : at + n + 2], "little") for n in range(0, 52, 2)]
        check = 0
        for word in words[:-1]:
            check ^= word
        assert (data[at : at + 4], words[-1]) == (kind, check)


def test_noinit_appends_and_file_chooses(sa: Any, master: Any) -> None:
    sa.run(BACKUP)
    sa.run("DELETE FROM T WHERE id = 2")
    sa.run(f"BACKUP DATABASE Shop TO DISK = '{BAK}' WITH NAME = 'second'")
    names = [r[0] for r in sa.rows(f"RESTORE HEADERONLY FROM DISK = '{BAK}'")]
    assert names == ["run 1", "second"]
    sa.run("USE master")
    master.run(RESTORE + ", FILE = 2")
    assert master.rows("SELECT COUNT(*) FROM Shop.dbo.T") == [(1,)]
    assert master.errors(RESTORE + ", FILE = 3") == [3270, 3013]


def test_the_header_has_the_columns_of_the_server(sa: Any) -> None:
    sa.run(BACKUP)
    answers = sa.run(f"RESTORE HEADERONLY FROM DISK = '{BAK}'")
    names = [c.name for c in next(a for a in answers if isinstance(a, Columns)).columns]
    row = dict(zip(names, next(a for a in answers if isinstance(a, Row)).values, strict=True))
    assert (names[0], names[-1], len(names)) == ("BackupName", "EncryptorType", 56)
    assert (row["DatabaseName"], row["DatabaseVersion"], row["HasBackupChecksums"]) == ("Shop", 957, True)
    files = sa.rows(f"RESTORE FILELISTONLY FROM DISK = '{BAK}'")
    assert [(f[0], f[2]) for f in files] == [("Shop", "D"), ("Shop_log", "L")]


def test_one_changed_byte_is_found_by_verify_and_by_restore(sa: Any, master: Any, server: SqlServer) -> None:
    sa.run(BACKUP)
    verify = f"RESTORE VERIFYONLY FROM DISK = '{BAK}' WITH CHECKSUM"
    assert numbers(sa, verify) == [3262]
    path = server.disk.path(BAK)
    data = bytearray(path.read_bytes())
    data[9000] ^= 1
    path.write_bytes(data)
    assert sa.errors(verify) == [3203, 3013]
    assert master.errors(BESIDE) == [3203, 3013]
    assert master.rows("SELECT state_desc FROM sys.databases WHERE name = 'Beside'") == [("RESTORING",)]
    assert master.errors("RESTORE DATABASE Beside WITH RECOVERY") == [4333, 3013]


def test_an_interrupted_backup_leaves_a_file_without_a_set_and_no_history(sa: Any, server: SqlServer) -> None:
    stop = Event()
    running = sa.session.batch(BACKUP, stop)
    next(running)
    assert sa.session.percent == 25.0
    stop.set()
    assert list(running) == []
    assert server.disk.path(BAK).exists()
    assert sa.errors(f"RESTORE HEADERONLY FROM DISK = '{BAK}'") == [3241, 3013]
    assert sa.rows("SELECT COUNT(*) FROM msdb.dbo.backupset") == [(0,)]
    assert [e.kind for e in server.ledger.after(kind="backup aborted")] == ["backup aborted"]


def test_progress_shows_in_the_requests_while_it_runs_and_a_second_backup_is_refused(sa: Any, master: Any) -> None:
    running = sa.session.batch(BACKUP, Event())
    next(running)
    text = "SELECT command, percent_complete FROM sys.dm_exec_requests WHERE percent_complete > 0"
    assert master.rows(text) == [("BACKUP DATABASE", 25.0)]
    assert master.errors(BACKUP) == [3023, 3013]
    running.close()
    assert master.errors(BACKUP) == []


def test_an_abandoned_restore_leaves_the_database_restoring_also_after_a_restart(
    sa: Any, master: Any, server: SqlServer, tmp_path: Path
) -> None:
    sa.run(BACKUP + " USE master")
    running = master.session.batch(RESTORE, Event())
    next(running)
    running.close()
    assert sa.errors("USE Shop") == [927]
    again = SqlServer(tmp_path / "sql", name="SQL1", sa_password="pw")
    found = again.store.find("Shop")
    assert found is not None
    assert found.state == "RESTORING"
    assert master.errors("RESTORE DATABASE Shop WITH RECOVERY") == [4333, 3013]
    assert master.errors(RESTORE) == []
    assert sa.rows("SELECT COUNT(*) FROM Shop.dbo.T") == [(2,)]


def test_norecovery_then_recovery(sa: Any, master: Any) -> None:
    sa.run(BACKUP + " USE master")
    master.run(RESTORE + ", NORECOVERY")
    assert master.rows("SELECT state_desc FROM sys.databases WHERE name = 'Shop'") == [("RESTORING",)]
    assert master.errors("RESTORE DATABASE Shop WITH RECOVERY") == []
    assert master.rows("SELECT COUNT(*) FROM Shop.dbo.T") == [(2,)]


def test_the_refusals_of_backup(sa: Any, server: SqlServer) -> None:
    assert sa.errors("BACKUP DATABASE nix TO DISK = 'D:\\x.bak'") == [911, 3013]
    assert sa.errors("BACKUP DATABASE Shop TO DISK = 'D:\\no\\x.bak'") == [3201, 3013]
    assert sa.errors(f"BEGIN TRAN {BACKUP} ROLLBACK") == [3021, 3013]
    assert sa.errors("BACKUP DATABASE Shop TO DISK = 'D:\\a.bak', DISK = 'D:\\b.bak'") == [50000]
    assert sa.errors("BACKUP LOG Shop TO DISK = 'D:\\a.bak'") == [50000]
    server.faults.ask("disk_full", percent=40)
    assert sa.errors(BACKUP) == [3202, 3013]
    server.disk.free_bytes["D"] = 4096
    assert sa.errors(BACKUP) == [3202, 3013]


def test_the_refusals_of_restore(sa: Any, master: Any, server: SqlServer) -> None:
    sa.run(BACKUP)
    assert sa.errors(RESTORE) == [3102, 3013]
    assert master.errors(RESTORE) == [3101, 3013]
    assert master.errors(f"RESTORE DATABASE Beside FROM DISK = '{BAK}'") == [1834, 3156, 3013]
    assert master.errors(BESIDE.replace("MOVE 'Shop'", "MOVE 'nix'")) == [3234, 3013]
    assert master.errors(BESIDE.replace("DATA\\b", "no\\b")) == [5133, 3156, 3013]
    assert master.errors("RESTORE VERIFYONLY FROM DISK = 'D:\\nix.bak'") == [3201, 3013]
    server.create_database("Other")
    assert master.errors(RESTORE.replace("Shop", "Other").replace("REPLACE, ", "")) == [3154, 3013]
    sa.run("USE master ALTER DATABASE Shop SET RECOVERY FULL")
    assert master.errors(RESTORE.replace("REPLACE, ", "")) == [3159, 3013]
    server.disk.path(BAK).write_bytes(b"PK\x03\x04" * 999)
    assert master.errors(RESTORE) == [3241, 3013]


def test_a_backup_of_a_newer_server_is_refused(sa: Any, tmp_path: Path, server: SqlServer, connect: Any) -> None:
    sa.run(BACKUP)
    old = SqlServer(tmp_path / "old", name="OLD", version=(13, 0, 5026), sa_password="pw")
    old.disk.path(BAK).write_bytes(server.disk.path(BAK).read_bytes())
    client = type(sa)(old, "sa", "pw", "master", "")
    assert client.errors(BESIDE) == [3169, 3013]


def test_single_user_with_rollback_immediate_really_ends_the_others(sa: Any, master: Any) -> None:
    sa.run("BEGIN TRAN DELETE FROM T")
    assert master.errors("ALTER DATABASE Shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE") == []
    answers = sa.run("SELECT 1")
    assert [a.number for a in answers if isinstance(a, Message)] == [596]
    assert answers[-1] == Hangup()
    assert master.rows("USE Shop SELECT COUNT(*) FROM T") == [(2,)]


def test_the_single_place_goes_to_the_first_who_comes(sa: Any, master: Any, connect: Any) -> None:
    sa.run("ALTER DATABASE Shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    assert master.errors("USE Shop") == [924]
    sa.run("USE master")
    assert master.errors("USE Shop") == []
    assert master.errors("ALTER DATABASE Shop SET MULTI_USER") == []
    assert connect().rows("SELECT DB_NAME()") == [("Shop",)]


def test_a_rename_keeps_the_number_and_the_rows(sa: Any, master: Any, server: SqlServer) -> None:
    before = master.rows("SELECT DB_ID('Shop')")
    assert master.errors("ALTER DATABASE Shop MODIFY NAME = Laden") == [5030, 5069]
    sa.run("USE master")
    assert master.errors("ALTER DATABASE Shop MODIFY NAME = Laden") == []
    assert master.rows("SELECT DB_ID('Laden')") == before
    assert sa.rows("SELECT COUNT(*) FROM Laden.dbo.T") == [(2,)]
    assert server.ledger.after()[-1].detail["old"] == "Shop"


def test_kill_ends_a_running_restore_and_leaves_it_restoring(sa: Any, master: Any) -> None:
    sa.run(BACKUP + " USE master")
    running = sa.session.batch(RESTORE, Event())
    next(running)
    assert master.errors(f"KILL {sa.session.number}") == []
    assert list(running)[-1] == Hangup()
    assert master.rows("SELECT DATABASEPROPERTYEX('Shop', 'Status')") == [("RESTORING",)]


def test_checkdb_finds_what_a_fault_says_and_is_silent_when_asked(sa: Any, server: SqlServer) -> None:
    assert sa.texts("DBCC CHECKDB('Shop') WITH NO_INFOMSGS") == []
    assert numbers(sa, "DBCC CHECKDB(Shop)") == [8989]
    server.faults.ask("corrupt_pages", pages=2)
    assert numbers(sa, "DBCC CHECKDB(Shop) WITH NO_INFOMSGS") == [8928, 8928, 8989]


def test_the_words_of_a_chinese_backup(connect: Any, sa: Any) -> None:
    texts = connect(language="Simplified Chinese").texts(BACKUP)
    assert texts[0] == "已处理百分之 25。"
    assert texts[4].startswith("已为数据库 'Shop'，文件 'Shop' (位于文件 1 上)处理了")
    assert texts[-1].startswith("BACKUP DATABASE 成功处理了")
