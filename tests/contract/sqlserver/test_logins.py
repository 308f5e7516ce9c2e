"""Who is let in, who is not, and with which words."""

import threading
from typing import Any

import pymssql
import pytds
import pytest

from tests.contract.sqlserver.conftest import PASSWORD, PYMSSQL, PYTDS, errors


@pytest.mark.parametrize("way", PYMSSQL)
def test_pymssql_is_told_a_wrong_password_and_a_database_that_is_not_there(lab: Any, way: str) -> None:
    with pytest.raises(pymssql.OperationalError, match="18456"):
        lab.pymssql(way, password="wrong")
    with pytest.raises(pymssql.OperationalError, match="18456"):
        lab.pymssql(way, database="nix")  # 4060 came first; pymssql keeps the last alone
    assert lab.pymssql(way, database="master")


@pytest.mark.parametrize("way", PYTDS)
def test_python_tds_is_told_a_wrong_password_and_a_database_that_is_not_there(lab: Any, way: str) -> None:
    with pytest.raises(pytds.Error, match="Login failed for user 'nobody'"):
        lab.pytds(way, user="nobody")
    with pytest.raises(pytds.Error, match='Cannot open database "nix" requested by the login'):
        lab.pytds(way, database="nix")
    with pytest.raises(pytds.Error, match='Cannot open database "Other"'):
        lab.pytds(way, user="script", database="Other")


@pytest.mark.parametrize("way", PYTDS)
def test_a_script_login_reaches_no_other_database_by_any_way(lab: Any, way: str) -> None:
    client = lab.pytds(way, user="script")
    for text in ("USE Other", "SELECT * FROM Other.dbo.T", "EXEC(N'USE [Other]')", "SELECT * FROM Other..T"):
        assert errors(client.run(text)) == [916], text
    assert errors(client.run("BACKUP DATABASE Shop TO DISK = N'D:\\Exchange\\x.bak'")) == [262, 3013]
    assert errors(client.run("ALTER DATABASE Shop SET SINGLE_USER")) == [5011, 5069]
    assert errors(client.run("KILL 51")) == [6102]
    assert client.rows("SELECT DISTINCT login_name FROM sys.dm_exec_sessions") == [("script",)]
    assert errors(client.run("CREATE TABLE X (n int) INSERT X VALUES (1) DROP TABLE X")) == []


def test_a_program_name_shows_to_those_who_may_see_sessions(lab: Any) -> None:
    lab.pymssql(user="script")
    found = lab.pytds().rows("SELECT login_name, program_name FROM sys.dm_exec_sessions ORDER BY login_name")
    assert found == [("ops", "yunwei job 7"), ("ops", "yunwei job 7"), ("script", "yunwei job 7")]


def test_many_sessions_at_once(lab: Any) -> None:
    found: list[Any] = []

    def one() -> None:
        connection = pymssql.connect(
            server="127.0.0.1", port=lab.port("required"), user="ops", password=PASSWORD, database="Shop"
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM T_SAL_ORDER")
            found.append(cursor.fetchall())

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[(3,)]] * 40
