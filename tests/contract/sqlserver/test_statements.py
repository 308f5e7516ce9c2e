"""What both drivers see of statements, errors and transactions, over every kind of wire."""

from decimal import Decimal
from typing import Any

import pymssql
import pytest

from tests.contract.sqlserver.conftest import PYMSSQL, PYTDS, counts, errors, said

pytestmark = pytest.mark.req("SQL-6")


def rows(connection: Any, text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return list(cursor.fetchall())


@pytest.mark.parametrize("way", PYMSSQL)
def test_pymssql_reads_and_changes_rows(lab: Any, way: str) -> None:
    connection = lab.pymssql(way)
    assert rows(connection, "SELECT FID, FAMOUNT, FNOTE FROM T_SAL_ORDER ORDER BY FID") == [
        (1, Decimal("10.50"), "分批交货"),
        (2, Decimal("20.00"), None),
        (3, Decimal("30.00"), "加急"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE T_SAL_ORDER SET FNOTE = %s WHERE FID >= %d", ("O'Brien's 账套", 2))
        assert cursor.rowcount == 2
        cursor.execute("INSERT T_SAL_ORDER (FBILLNO) VALUES (N'XSDD4')")
        assert cursor.rowcount == 1
    assert rows(connection, "SELECT COUNT(*) FROM T_SAL_ORDER WHERE FNOTE = %s", "o'brien's 账套") == [(2,)]


@pytest.mark.parametrize("way", PYTDS)
def test_python_tds_sees_each_count_message_and_result_in_order(lab: Any, way: str) -> None:
    ran = lab.pytds(way).run(
        "PRINT N'开始'\nUPDATE T_SAL_ORDER SET FAMOUNT = 1 WHERE FID < 3\nSELECT FBILLNO FROM T_SAL_ORDER\n"
        "INSERT T_SAL_ORDER (FBILLNO) VALUES (N'XSDD4')\nDELETE FROM T_SAL_ORDER\n"
        "RAISERROR(N'%d 行', 10, 1, 4) WITH NOWAIT"
    )
    assert (ran.colour, counts(ran)) == ("green", [2, 3, 1, 4])
    assert [text for _, text in said(ran)] == ["开始", "4 行"]


@pytest.mark.parametrize("way", PYTDS)
def test_an_error_carries_number_severity_state_and_line_and_the_batch_goes_on(lab: Any, way: str) -> None:
    ran = lab.pytds(way).run(
        "UPDATE T_SAL_ORDER SET FNOTE = N'a'\n\nINSERT T_SAL_ORDER (FBILLNO) VALUES (N'XSDD1')\n"
        "RAISERROR(N'stop', 16, 3)\nSELECT 1/0\nUPDATE T_SAL_ORDER SET FNOTE = N'b'"
    )
    assert ran.colour == "red"
    shown = [(e.number, e.severity, e.state, e.line) for e in ran.events if hasattr(e, "severity") and e.severity > 10]
    assert shown == [(2627, 14, 1, 3), (50000, 16, 3, 4), (8134, 16, 1, 5)]
    assert counts(ran) == [3, 3]
    assert [n for n, _ in said(ran)] == [2627, 3621, 50000, 8134]


@pytest.mark.parametrize("way", PYMSSQL)
def test_pymssql_raises_with_the_number(lab: Any, way: str) -> None:
    connection = lab.pymssql(way)
    with pytest.raises(pymssql.ProgrammingError) as missing:
        rows(connection, "SELECT * FROM nix")
    assert missing.value.args[0] == 208
    with pytest.raises(pymssql.IntegrityError) as twice:
        rows(connection, "INSERT T_SAL_ORDER (FBILLNO) VALUES (N'XSDD1')")
    assert twice.value.args[0] == 2627
    assert rows(connection, "SELECT COUNT(*) FROM T_SAL_ORDER") == [(3,)]


@pytest.mark.parametrize("way", PYMSSQL)
def test_a_transaction_of_the_driver_is_committed_or_rolled_back(lab: Any, way: str) -> None:
    connection, other = lab.pymssql(way, autocommit=False), lab.pymssql(way)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM T_SAL_ORDER WHERE FID = 1")
    connection.rollback()
    assert rows(other, "SELECT COUNT(*) FROM T_SAL_ORDER") == [(3,)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM T_SAL_ORDER WHERE FID = 1")
    connection.commit()
    assert rows(other, "SELECT COUNT(*) FROM T_SAL_ORDER") == [(2,)]


@pytest.mark.parametrize("way", PYTDS)
def test_a_transaction_lives_from_batch_to_batch_and_temporary_tables_too(lab: Any, way: str) -> None:
    client, other = lab.pytds(way), lab.pytds(way)
    assert errors(client.run("BEGIN TRAN DELETE FROM T_SAL_ORDER SELECT FID INTO #kept FROM T_SAL_ORDER")) == []
    assert other.rows("SELECT open_transaction_count FROM sys.dm_exec_sessions WHERE open_transaction_count > 0") == [
        (1,)
    ]
    assert client.rows("SELECT @@TRANCOUNT, (SELECT COUNT(*) FROM #kept)") == [(1, 0)]
    assert errors(client.run("ROLLBACK CREATE TABLE #mine (n int) INSERT #mine VALUES (5)")) == []
    assert client.rows("SELECT n FROM #mine") == [(5,)]
    assert other.rows("SELECT COUNT(*) FROM T_SAL_ORDER") == [(3,)]
    assert errors(other.run("SELECT * FROM #mine")) == [208]


def test_the_language_of_the_session_is_that_of_its_messages(lab: Any) -> None:
    client = lab.pytds()
    assert client.run("SET LANGUAGE N'Simplified Chinese'").colour == "green"
    assert said(client.run("SELECT 1/0")) == [(8134, "遇到以零作除数错误。")]
    assert said(client.run("BACKUP DATABASE nix TO DISK = N'D:\\x.bak'"))[1] == (3013, "BACKUP DATABASE 正在异常终止。")
