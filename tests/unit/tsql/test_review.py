"""What a reviewer is shown of a script: each rule is a row, with its line in the script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tsql.test_batches_always import scripts
from tsql.batches import Batch, split
from tsql.review import Finding, Weight, review
from tsql.words import words

pytestmark = pytest.mark.req("SQL-7")


def findings(script: str) -> list[Finding]:
    return list(review([b for b in split([script]) if isinstance(b, Batch)], "AIS_01"))


def codes(script: str) -> list[str]:
    return [f.code for f in findings(script)]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DROP DATABASE x", "database"),
        ("create /* so */ database x", "database"),
        ("ALTER\nDATABASE CURRENT SET SINGLE_USER", "database"),
        ("SHUTDOWN WITH NOWAIT", "server"),
        ("KILL 51", "server"),
        ("EXEC sp_configure 'xp_cmdshell', 1", "server"),
        ("EXEC master..xp_cmdshell 'dir'", "procedure"),
        ("EXEC [xp_cmdshell] 'dir'", "procedure"),
        ("EXEC sp_OACreate 'x'", "procedure"),
        ("EXEC sp_addsrvrolemember 'a', 'sysadmin'", "procedure"),
        ("EXEC sp_addlinkedserver 'a'", "procedure"),
        ("BACKUP DATABASE x TO DISK = 'x'", "backup"),
        ("RESTORE DATABASE x FROM DISK = 'x'", "backup"),
        ("CREATE LOGIN a WITH PASSWORD = 'x'", "accounts"),
        ("ALTER ROLE db_owner ADD MEMBER a", "accounts"),
        ("GRANT CONTROL SERVER TO a", "accounts"),
        ("EXECUTE AS LOGIN = 'sa'", "accounts"),
        ("CREATE ASSEMBLY a FROM 0x", "assembly"),
        ("BULK INSERT t FROM 'x'", "outside"),
        ("SELECT * FROM OPENROWSET('x', 'y', 'z')", "outside"),
        ("CREATE TRIGGER g ON DATABASE FOR CREATE_TABLE AS PRINT 'x'", "trigger"),
        ("DISABLE TRIGGER g ON ALL SERVER", "trigger"),
        ("USE master", "other-database"),
        ("USE [AIS_02]", "other-database"),
        ("SELECT * FROM AIS_02.dbo.t", "other-database"),
        ("SELECT * FROM [AIS_02]..t", "other-database"),
        ("SELECT 1 WHERE 1 = (SELECT 1 FROM srv.AIS_01.dbo.t)", "other-database"),
        ("EXEC AIS_02.dbo.p", "other-database"),
        ("SELECT AIS_02.dbo.f(1)", "other-database"),
        ("SELECT 1 FROM t, AIS_02.dbo.u", "other-database"),
        ("MERGE t USING AIS_02.dbo.u ON 1 = 1 WHEN MATCHED THEN DELETE;", "other-database"),
    ],
)
def test_a_forbidden_statement_is_refused_with_its_line(statement: str, code: str) -> None:
    found = findings(f"SELECT 1\nGO\n\n-- more\n{statement}\n")
    assert code in [f.code for f in found]
    assert {f.weight for f in found if f.code == code} == {Weight.FORBIDDEN}
    assert found[0].line == 5


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE t SET a = 1", "update-without-where"),
        ("UPDATE t SET a = CASE WHEN b = 1 THEN 2 ELSE 3 END", "update-without-where"),
        ("DELETE FROM t", "delete-without-where"),
        ("DELETE t", "delete-without-where"),
        ("UPDATE t SET a = 1 SELECT * FROM t WHERE b = 1", "update-without-where"),
        ("UPDATE t SET a = (SELECT 1 WHERE 1 = 1)", "update-without-where"),
        ("IF 1 = 1 DELETE t ELSE DELETE u WHERE a = 1", "delete-without-where"),
        ("UPDATE t WITH (TABLOCK) SET a = 1", "update-without-where"),
        ("UPDATE t SET a = 1 SET @x = 1 SELECT 1 WHERE 1 = 1", "update-without-where"),
        ("CREATE PROCEDURE p AS DELETE t", "delete-without-where"),
        ("SET NOCOUNT ON DELETE t", "delete-without-where"),
        ("SET IDENTITY_INSERT t ON UPDATE t SET a = 1", "update-without-where"),
        ("DROP TABLE t", "drop-table"),
        ("DROP TABLE IF EXISTS dbo.t", "drop-table"),
        ("TRUNCATE TABLE t", "truncate-table"),
    ],
)
def test_a_risky_statement_needs_a_yes(statement: str, code: str) -> None:
    assert [(f.code, f.weight, f.line) for f in findings(f"\n{statement}\n")] == [(code, Weight.RISKY, 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a = 1 WHERE b = 2",
        "UPDATE t WITH (ROWLOCK) SET a = 1 WHERE b = 2",
        "UPDATE x SET a = 1 FROM t x JOIN u y ON x.i = y.i",
        "UPDATE t SET a = CASE WHEN b = 1 THEN 2 ELSE 3 END WHERE c = 1",
        "WITH x AS (SELECT 1 a) DELETE FROM x WHERE a = 1",
        "CREATE TRIGGER g ON t AFTER UPDATE, DELETE AS IF UPDATE(a) SELECT 1",
        "MERGE t USING u ON t.i = u.i WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE;",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a) ON DELETE CASCADE ON UPDATE CASCADE",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a) ON DELETE SET NULL ON UPDATE NO ACTION",
        "UPDATE STATISTICS t",
        "DROP TABLE #t",
        "DROP TABLE IF EXISTS #t",
        "SELECT 'DROP DATABASE x; KILL 5'",
        "-- SHUTDOWN\nSELECT 1 /* xp_cmdshell */",
        "SELECT [kill], [backup database] FROM t",
        "SELECT dbo.t.a FROM dbo.t JOIN dbo.u ON dbo.t.a = dbo.u.a",
        "USE AIS_01",
        "SELECT * FROM ais_01.dbo.t",
        "SELECT * FROM tempdb..x",
        "SELECT 1 OPTION (USE HINT('x'))",
        "SELECT n.c.value('.', 'int') FROM x.nodes('/a') n(c)",
        "SELECT 1 FROM t CROSS APPLY t.a.nodes('/x') n(c)",
        "EXEC sp_rename 'a', 'b'",
        "SET IDENTITY_INSERT t ON",
    ],
)
def test_ordinary_work_is_left_alone(statement: str) -> None:
    assert codes(statement) == []


@pytest.mark.parametrize("option", ["NOEXEC", "PARSEONLY", "FMTONLY"])
def test_a_switch_that_turns_the_rest_into_nothing_is_pointed_out(option: str) -> None:
    (found,) = findings(f"IF 1 = 1\n  SET {option} ON")
    assert (found.weight, found.line) == (Weight.NOTE, 2)
    assert option in found.text.en
    assert option in found.text.zh


def test_the_findings_come_in_the_order_of_the_script() -> None:
    found = findings("DELETE t\nUSE x\nGO\nDROP TABLE t\nSHUTDOWN\n")
    assert [(f.line, f.code) for f in found] == [
        (1, "delete-without-where"), (2, "other-database"), (4, "drop-table"), (5, "server"),
    ]  # fmt: skip


@given(scripts | st.text(max_size=60))
def test_the_review_reads_whatever_it_is_given(script: str) -> None:
    list(review([Batch(text=script, line=1)], "x"))
    lines = [w.line for w in words(script)]
    assert lines == sorted(lines)
