"""Logins, users, the catalog and application locks."""

from typing import Any

import pytest

from lab.sqlserver import SqlServer
from lab.tds.answers import Login, Refused


@pytest.fixture
def reader(sa: Any, server: SqlServer, connect: Any) -> Any:
    server.create_database("Secret")
    server.create_login("reader", "pw", databases={"Shop": ("db_datareader",)})
    return connect("reader")


@pytest.mark.parametrize(
    "text", ["USE Secret", "SELECT * FROM Secret.dbo.T", "EXEC('USE Secret')", "EXEC sp_executesql N'USE [Secret]'"]
)
def test_a_login_of_one_database_gets_into_no_other(reader: Any, text: str) -> None:
    assert reader.errors(text) == [916]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("INSERT T (n) VALUES ('x')", 229),
        ("DELETE FROM T", 229),
        ("UPDATE T SET q = 1", 229),
        ("CREATE TABLE X (a int)", 262),
        ("DROP TABLE T", 262),
        ("CREATE DATABASE X", 262),
        ("KILL 51", 6102),
    ],
)
def test_a_reader_reads_and_does_nothing_else(reader: Any, sa: Any, text: str, number: int) -> None:
    assert reader.errors(text) == [number]
    assert sa.rows("SELECT COUNT(*) FROM T") == [(2,)]
    assert reader.rows("SELECT COUNT(*) FROM T") == [(2,)]


def test_a_reader_cannot_back_up_restore_or_alter(reader: Any) -> None:
    assert reader.errors("BACKUP DATABASE Shop TO DISK = 'D:\\MSSQL\\Backup\\r.bak'") == [262, 3013]
    assert reader.errors("RESTORE DATABASE Shop FROM DISK = 'D:\\MSSQL\\Backup\\r.bak'") == [3110, 3013]
    assert reader.errors("ALTER DATABASE Shop SET OFFLINE") == [5011, 5069]


def test_a_backup_operator_backs_up_and_an_owner_by_role_does_not_restore(
    sa: Any, server: SqlServer, connect: Any
) -> None:
    server.create_login("keeper", "pw", databases={"Shop": ("db_backupoperator",)})
    server.create_login("boss", "pw", databases={"Shop": ("db_owner",)})
    assert connect("keeper").errors("BACKUP DATABASE Shop TO DISK = 'D:\\MSSQL\\Backup\\k.bak'") == []
    boss = connect("boss", database="master")
    assert boss.errors("RESTORE DATABASE Shop FROM DISK = 'D:\\MSSQL\\Backup\\k.bak'") == [3110, 3013]


def test_refused_logins_say_why(server: SqlServer) -> None:
    with pytest.raises(Refused) as wrong:
        server.login(Login(user="sa", password="no"))
    assert [m.number for m in wrong.value.messages] == [18456]
    with pytest.raises(Refused) as missing:
        server.login(Login(user="sa", password="pw", database="nix"))
    assert [m.number for m in missing.value.messages] == [4060, 18456]
    assert server.sessions_now() == []


def test_an_orphan_after_a_restore_elsewhere_is_cured_by_alter_user(sa: Any, server: SqlServer, connect: Any) -> None:
    server.create_login("app", "pw")
    sa.run("CREATE USER app FOR LOGIN app ALTER ROLE db_datareader ADD MEMBER app")
    assert connect("app").rows("SELECT COUNT(*) FROM T") == [(2,)]
    account = server.rights.find("app")
    assert account is not None
    account.sid = "0x" + "AB" * 16
    with pytest.raises(Refused):
        connect("app")
    assert sa.errors("ALTER USER app WITH LOGIN = app") == []
    assert connect("app").rows("SELECT COUNT(*) FROM T") == [(2,)]


def test_the_owner_and_trustworthy_show_in_the_catalog(sa: Any, server: SqlServer) -> None:
    server.create_login("low", "pw")
    assert sa.errors("ALTER AUTHORIZATION ON DATABASE::Shop TO low ALTER DATABASE Shop SET TRUSTWORTHY ON") == []
    assert sa.rows("SELECT is_trustworthy_on FROM sys.databases WHERE name = 'Shop'") == [(True,)]
    assert server.store.get("Shop").owner == "low"


def test_sessions_show_program_transactions_and_database(sa: Any, master: Any) -> None:
    sa.run("BEGIN TRAN")
    who = f"DECLARE @n int = {sa.session.number}"
    rows = master.rows(
        f"{who} SELECT program_name, open_transaction_count, DB_NAME(database_id) FROM sys.dm_exec_sessions "  # noqa: S608 -- a number of ours
        "WHERE session_id = @n"
    )
    assert rows == [("test", 1, "Shop")]


def test_files_and_volumes(sa: Any, server: SqlServer) -> None:
    server.disk.free_bytes["D"] = 12345
    rows = sa.rows(
        "SELECT f.physical_name, v.available_bytes FROM sys.master_files f "
        "CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) v WHERE f.database_id = DB_ID() AND f.type = 0"
    )
    assert rows == [("D:\\MSSQL\\DATA\\Shop.mdf", 12345)]
    path = "DECLARE @p nvarchar(260) = N'{}' SELECT * FROM sys.dm_os_file_exists(@p)"
    assert sa.rows(path.format("D:\\MSSQL\\DATA\\Shop.mdf")) == [(1, 0, 1)]
    assert sa.rows(path.format("D:\\MSSQL\\DATA\\nix.mdf")) == [(0, 0, 1)]


def test_properties(sa: Any) -> None:
    text = "SELECT SERVERPROPERTY('ProductVersion'), SERVERPROPERTY('EngineEdition'), @@SPID, SUSER_SNAME(), APP_NAME()"
    assert sa.rows(text) == [("16.0.1000.0", 2, sa.session.number, "sa", "test")]


def test_an_application_lock_is_one_sessions_until_it_ends(sa: Any, connect: Any) -> None:
    take = (
        "DECLARE @r int EXEC @r = sp_getapplock @Resource = 'run', @LockMode = 'Exclusive', @LockOwner = 'Session', "
        "@LockTimeout = 0 SELECT @r"
    )
    other = connect()
    assert sa.rows(take) == [(0,)]
    assert other.rows(take) == [(-1,)]
    assert other.rows("SELECT APPLOCK_TEST('public', 'run', 'Exclusive', 'Session')") == [(0,)]
    sa.session.close()
    assert other.rows(take) == [(0,)]


def test_a_server_opened_again_has_its_databases_logins_and_ledger(sa: Any, server: SqlServer, tmp_path: Any) -> None:
    server.create_login("app", "pw", databases={"Shop": ("db_datareader",)})
    again = SqlServer(tmp_path / "sql", name="SQL1")
    session = again.login(Login(user="app", password="pw", database="Shop"))
    assert session.database == "Shop"
    session.close()
    assert [e.kind for e in again.ledger.after()] == [e.kind for e in server.ledger.after()]
