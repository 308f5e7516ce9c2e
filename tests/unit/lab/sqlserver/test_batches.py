"""Batches: control flow, errors and how far they reach, transactions, types."""

from datetime import datetime
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest

from lab.sqlserver import SqlServer
from lab.tds.answers import (
    Answer,
    Column,
    Columns,
    Done,
    Hangup,
    Message,
    Parameter,
    Returned,
    Row,
    SqlType,
    Transaction,
    Verb,
)  # fmt: skip


def counts(answers: list[Answer]) -> list[int | None]:
    return [a.count for a in answers if isinstance(a, Done) and a.verb != Verb.NONE]


def test_statements_need_no_semicolons_and_each_tells_its_count(sa: Any) -> None:
    answers = sa.run(
        "UPDATE T SET q = 4 SELECT * FROM T WHERE n = 'A' DELETE FROM T WHERE id = 1 INSERT T (n) SELECT 'z'"
    )
    assert counts(answers) == [2, 1, 1, 1]


def test_nocount_hides_the_counts(sa: Any) -> None:
    assert counts(sa.run("SET NOCOUNT ON UPDATE T SET q = 4")) == [None, None]


def test_a_statement_error_lets_the_batch_go_on_and_a_conversion_error_ends_it(sa: Any) -> None:
    answers = sa.run("SELECT 1/0\nPRINT 'one'\nSELECT CAST('a' AS int)\nPRINT 'two'")
    said = [(m.number, m.line) for m in answers if isinstance(m, Message)]
    assert said == [(8134, 1), (0, 2), (245, 3)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SELECT * FROM nix", 208),
        ("SELECT nix FROM T", 207),
        ("INSERT T (n) VALUES (NULL)", 515),
        ("INSERT T (n) VALUES ('too long')", 2628),
        ("INSERT T (id, n) VALUES (9, 'a')", 544),
        ("SET IDENTITY_INSERT T ON INSERT T (id, n) VALUES (1, 'a')", 2627),
        ("SELECT 1 + 'x'", 245),
        ("EXEC nix", 2812),
        ("USE nix", 911),
        ("COMMIT", 3902),
        ("ROLLBACK", 3903),
        ("SELECT @x", 137),
        ("SELECT nix(1)", 195),
        ("SELECT FROM WHERE", 102),
        ("DELETE sys.databases", 259),
        ("UPDATE sys.databases SET name = 'x'", 259),
        ("MERGE T USING T AS s ON 1 = 1 WHEN MATCHED THEN DELETE;", 50000),
        ("CREATE TABLE dbo.T (id int)", 2714),
        ("SELECT DATEADD(week2, 1, GETDATE())", 50000),
    ],
)
def test_errors_have_the_numbers_of_the_server(sa: Any, text: str, number: int) -> None:
    assert sa.errors(text) == [number]


def test_nothing_of_a_batch_with_a_syntax_error_runs(sa: Any) -> None:
    assert sa.errors("DELETE FROM T\nSELECT FROM WHERE") == [102]
    assert sa.rows("SELECT COUNT(*) FROM T") == [(2,)]


def test_a_check_and_a_foreign_key_are_547_and_the_row_is_not_there(sa: Any) -> None:
    sa.run("CREATE TABLE C (a int CHECK (a > 0), t int REFERENCES T(id), m decimal(10,2))")
    assert sa.errors("INSERT C VALUES (0, 1, 1)") == [547]
    assert sa.errors("INSERT C VALUES (1, 99, 1)") == [547]
    assert sa.rows("INSERT C VALUES (1, 1, 2.5) SELECT m FROM C") == [(Decimal("2.50"),)]


def test_try_catches_and_tells_the_error(sa: Any) -> None:
    text = "BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_SEVERITY() END CATCH PRINT 'on'"
    assert sa.rows(text) == [(8134, 16)]


def test_throw_in_catch_says_the_first_error_again_and_ends_the_batch(sa: Any) -> None:
    answers = sa.run("BEGIN TRY\nSELECT 1/0\nEND TRY BEGIN CATCH THROW END CATCH PRINT 'never'")
    assert [(m.number, m.line) for m in answers if isinstance(m, Message)] == [(8134, 2)]


def test_an_unknown_table_is_not_seen_by_the_same_scope_but_by_the_one_around(sa: Any) -> None:
    assert sa.errors("BEGIN TRY SELECT * FROM nix END TRY BEGIN CATCH PRINT 'no' END CATCH") == [208]
    inner = "BEGIN TRY EXEC('SELECT * FROM nix') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"
    assert sa.rows(inner) == [(208,)]


def test_xact_abort_rolls_all_back_and_ends_the_batch(sa: Any) -> None:
    answers = sa.run("SET XACT_ABORT ON BEGIN TRAN DELETE FROM T SELECT 1/0 PRINT 'never'")
    assert [a.event for a in answers if isinstance(a, Transaction)] == ["began", "rolled-back"]
    assert not [m for m in answers if isinstance(m, Message) and m.text == "never"]
    assert sa.rows("SELECT COUNT(*), @@TRANCOUNT FROM T") == [(2, 0)]


def test_a_doomed_transaction_refuses_writes_and_is_rolled_back_at_the_end(sa: Any) -> None:
    begin = "SET XACT_ABORT ON BEGIN TRAN DELETE FROM T "
    text = begin + "BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH PRINT XACT_STATE() END CATCH"
    assert sa.texts(text)[0] == "-1"
    assert sa.rows("SELECT COUNT(*) FROM T") == [(2,)]
    assert sa.errors(text + " DELETE FROM T") == [3930]  # noqa: S608
    assert sa.errors(text) == [3998]
    assert sa.rows("SELECT COUNT(*) FROM T") == [(2,)]


def test_loops_variables_and_dynamic_sql(sa: Any) -> None:
    text = """
        DECLARE @i int = 0, @s nvarchar(20) = N''
        WHILE 1 = 1
        BEGIN
            SET @i += 1
            IF @i = 2 CONTINUE
            IF @i > 4 BREAK
            ELSE SET @s = @s + CAST(@i AS nvarchar(5))
        END
        EXEC sp_executesql N'SET @o = @p * 2', N'@o int OUTPUT, @p int', @o = @i OUTPUT, @p = @i
        SELECT @s, @i"""
    assert sa.rows(text) == [("134", 10)]


def test_use_inside_exec_ends_with_it(sa: Any) -> None:
    assert sa.rows("EXEC('USE master') SELECT DB_NAME()") == [("Shop",)]


def test_raiserror_with_nowait_comes_while_the_batch_runs(sa: Any) -> None:
    stop = Event()
    running = sa.session.batch("RAISERROR('%d of %s', 0, 1, 3, 'x') WITH NOWAIT WAITFOR DELAY '00:10:00'", stop)
    first = next(running)
    assert isinstance(first, Message)
    assert (first.text, first.severity) == ("3 of x", 0)
    stop.set()
    assert list(running) == []


def test_an_error_of_class_20_ends_the_connection(sa: Any) -> None:
    answers = sa.run("RAISERROR('fatal', 20, 1) WITH LOG PRINT 'never'")
    assert [m.text for m in answers if isinstance(m, Message)] == ["fatal"]
    assert answers[-1] == Hangup()


def stopped_inside(client: Any, text: str) -> list[Answer]:
    """What a batch says that is stopped while it works or waits in the engine."""
    stop, inside, said = Event(), Event(), []
    engine, look = client.session.engine, client.session.engine._look
    engine._look = lambda: (inside.set(), look())
    work = Thread(target=lambda: said.extend(client.session.batch(text, stop)))
    work.start()
    assert inside.wait(20)
    stop.set()
    work.join(20)
    assert not work.is_alive()
    return said


def test_stop_ends_an_endless_query_and_the_session_goes_on(sa: Any) -> None:
    endless = "WITH c AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM c) SELECT COUNT(*) FROM c"
    assert stopped_inside(sa, endless) == []
    assert sa.rows("SELECT 1") == [(1,)]


def test_transactions_over_batches_are_real(sa: Any, connect: Any) -> None:
    sa.run("BEGIN TRAN UPDATE T SET q = 8")
    assert connect().rows("SELECT DISTINCT q FROM T") == [(3,)]
    sa.run("COMMIT")
    assert connect().rows("SELECT DISTINCT q FROM T") == [(8,)]


def test_a_second_writer_waits_for_the_lock_and_gives_up_with_1222(sa: Any, connect: Any) -> None:
    sa.run("BEGIN TRAN UPDATE T SET q = 8")
    other = connect()
    assert other.errors("SET LOCK_TIMEOUT 40 UPDATE T SET q = 9") == [1222]
    sa.run("ROLLBACK")
    assert other.errors("UPDATE T SET q = 9") == []


def test_a_waiting_writer_is_stopped_and_its_change_does_not_come_later(sa: Any, connect: Any) -> None:
    sa.run("BEGIN TRAN UPDATE T SET q = 8")
    assert stopped_inside(connect(), "UPDATE T SET q = 9") == []
    sa.run("COMMIT")
    assert sa.rows("SELECT DISTINCT q FROM T") == [(8,)]


def test_a_waiting_writer_that_is_killed_says_596(sa: Any, connect: Any) -> None:
    sa.run("BEGIN TRAN UPDATE T SET q = 8")
    other = connect()
    running = other.session.batch("PRINT 'now' UPDATE T SET q = 9", Event())
    next(running)
    assert connect().errors(f"KILL {other.session.number}") == []
    answers = list(running)
    assert [a.number for a in answers if isinstance(a, Message)] == [596]
    assert answers[-1] == Hangup()


def test_a_closed_session_is_rolled_back(sa: Any, connect: Any) -> None:
    other = connect()
    other.run("BEGIN TRAN DELETE FROM T")
    other.session.close()
    assert sa.rows("SELECT COUNT(*) FROM T") == [(2,)]


def test_updates_and_deletes_over_joins_and_temporary_tables(sa: Any) -> None:
    sa.run("CREATE TABLE #k (id int, v int) INSERT #k VALUES (1, 70)")
    sa.run("UPDATE t SET q = k.v FROM T t JOIN #k k ON k.id = t.id WHERE k.v > 1")
    assert sa.rows("SELECT id, q FROM T ORDER BY id") == [(1, 70), (2, 3)]
    sa.run("DELETE t FROM T t JOIN #k k ON k.id = t.id")
    assert sa.rows("SELECT id INTO #n FROM T SELECT id FROM #n") == [(2,)]


def test_temporary_tables_belong_to_their_session(sa: Any, connect: Any) -> None:
    sa.run("CREATE TABLE #k (id int)")
    assert connect().errors("SELECT * FROM #k") == [208]


def test_columns_have_their_declared_types(sa: Any) -> None:
    sa.run("CREATE TABLE K (b bit, d datetime, m money, u uniqueidentifier, v varbinary(8))")
    sa.run("INSERT K VALUES (1, '2026-01-02 03:04:05', 1.5, NEWID(), 0x0102)")
    answers = sa.run("SELECT * FROM K")
    columns = next(a for a in answers if isinstance(a, Columns)).columns
    row = next(a for a in answers if isinstance(a, Row)).values
    assert [c.type for c in columns] == ["bit", "datetime", "money", "uniqueidentifier", "varbinary"]
    assert row[0] is True
    assert row[1:3] == (datetime.fromisoformat("2026-01-02 03:04:05"), Decimal("1.5000"))
    assert row[4] == b"\x01\x02"


def test_an_expression_without_alias_has_no_name(sa: Any) -> None:
    columns = next(a for a in sa.run("SELECT MAX(q), 1, n, q + 1 AS x FROM T GROUP BY n, q") if isinstance(a, Columns))
    assert [c.name for c in columns.columns] == ["", "", "n", "x"]


def test_a_remote_call_takes_parameters_by_place_and_by_name_and_returns_outputs(sa: Any) -> None:
    text, whole = Column(name="", type=SqlType.NVARCHAR), Column(name="", type=SqlType.INT)
    parameters = (
        Parameter(name="", column=text, value="SET @b = @a + 1 SELECT @a"),
        Parameter(name="", column=text, value="@a int, @b int OUTPUT"),
        Parameter(name="@a", column=whole, value=4),
        Parameter(name="@b", column=whole, value=None, output=True),
    )
    answers = list(sa.session.call("sp_executesql", parameters, Event()))
    assert [a.values for a in answers if isinstance(a, Row)] == [(4,)]
    assert [a.outputs["@b"][1] for a in answers if isinstance(a, Returned)] == [5]


def test_faults_strike_once(sa: Any, server: SqlServer) -> None:
    server.faults.ask("deadlock", match="update")
    assert sa.errors("UPDATE T SET q = 1") == [1205]
    assert sa.errors("UPDATE T SET q = 1") == []
    server.faults.ask("drop_after_commit")
    answers = sa.run("BEGIN TRAN UPDATE T SET q = 77 COMMIT")
    assert answers[-1] == Hangup(abrupt=True)


@pytest.mark.parametrize(("fault", "value"), [("drop_before_commit", 3), ("drop_after_commit", 77)])
def test_a_dropped_line_around_commit_loses_or_keeps_the_change(
    sa: Any, connect: Any, server: SqlServer, fault: str, value: int
) -> None:
    server.faults.ask(fault)
    sa.run("BEGIN TRAN UPDATE T SET q = 77 COMMIT")
    assert connect().rows("SELECT DISTINCT q FROM T") == [(value,)]


def test_the_ledger_holds_changes_with_program_and_session(sa: Any, server: SqlServer) -> None:
    sa.run("UPDATE T SET q = 1")
    last = server.ledger.after()[-1]
    assert (last.kind, last.database, last.program, last.detail["rows"]) == ("update", "Shop", "test", 2)


def test_messages_are_chinese_for_a_chinese_session(connect: Any) -> None:
    assert connect(language="Simplified Chinese").texts("SELECT 1/0") == ["遇到以零作除数错误。"]
