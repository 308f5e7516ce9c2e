"""Statements as pymssql and python-tds see them: results, messages, cancel, transactions, types."""

# ruff: noqa: DTZ001  (SQL Server's dates have no zone)

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pymssql
import pytds
import pytest
from pytds.tds_base import Param
from pytds.tds_types import DeclarationsParser

from lab.tds.answers import Column, Columns, Done, Message, Returned, Row, SqlType, Verb

DEADLINE_S = 20
LONG = "长文本 €😀" * 2000  # 16 000 UTF-16 units and more: past 8000 bytes
VALUES: dict[SqlType, tuple[Any, ...]] = {
    SqlType.BIT: (True, False),
    SqlType.TINYINT: (0, 255),
    SqlType.SMALLINT: (-32768, 32767),
    SqlType.INT: (-(2**31), 2**31 - 1),
    SqlType.BIGINT: (-(2**63), 2**63 - 1),
    SqlType.FLOAT: (-0.1, 1e300),
    SqlType.DECIMAL: (Decimal("-12345678901234567890123456789012.345678"), Decimal("0.000001")),
    SqlType.MONEY: (Decimal("-922337203685477.5808"), Decimal("922337203685477.5807")),
    SqlType.NVARCHAR: ("", LONG),
    SqlType.VARCHAR: ("中文字符", "数据" * 8001),
    SqlType.VARBINARY: (b"", bytes(range(256)) * 40),
    SqlType.DATETIME: (datetime(1753, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 997000)),
    SqlType.DATETIME2: (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)),
    SqlType.DATE: (date(1, 1, 1), date(9999, 12, 31)),
    SqlType.UNIQUEIDENTIFIER: (UUID(int=1), UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
}


@pytest.fixture
def dbapi(serve: Any, login: tuple[str, str]) -> Iterator[Callable[..., Any]]:
    """Connects by pymssql."""
    opened: list[Any] = []

    def connect(**options: Any) -> Any:
        server = serve()
        where = {"server": "127.0.0.1", "port": str(server.port), "login_timeout": DEADLINE_S, "autocommit": True}
        opened.append(pymssql.connect(user=login[0], password=login[1], **{**where, **options}))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def tds(serve: Any, login: tuple[str, str]) -> Iterator[Callable[..., Any]]:
    """Connects by python-tds."""
    opened: list[Any] = []

    def connect(server: Any = None, **options: Any) -> Any:
        port = (server or serve()).port
        options = {"autocommit": True, "login_timeout": DEADLINE_S, **options}
        opened.append(pytds.connect("127.0.0.1", "", *login, port=port, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def rows(connection: Any, text: str, values: tuple[Any, ...] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


def typed(kind: SqlType) -> Column:
    return Column(name=kind.value, type=kind)


def all_types(_session: Any, _stop: threading.Event) -> Iterator[Any]:
    yield Columns(columns=tuple(typed(kind) for kind in VALUES))
    for turn in (0, 1):
        yield Row(tuple(values[turn] for values in VALUES.values()))
    yield Row((None,) * len(VALUES))
    yield Done(verb=Verb.SELECT, count=3)


EXPECTED = [tuple(values[turn] for values in VALUES.values()) for turn in (0, 1)] + [(None,) * len(VALUES)]


def test_every_type_and_null_reaches_pymssql(dbapi: Any, sql: Any) -> None:
    sql.script["types"] = all_types
    got = rows(dbapi(), "types")
    assert [tuple(row) for row in got] == EXPECTED


def test_every_type_and_null_reaches_python_tds(tds: Any, sql: Any) -> None:
    sql.script["types"] = all_types
    assert [tuple(row) for row in rows(tds(), "types")] == EXPECTED


def test_sized_text_is_told_apart_from_max(tds: Any, sql: Any) -> None:
    columns = (
        Column(name="名称", type=SqlType.NVARCHAR, size=10),
        Column(name="code", type=SqlType.VARCHAR, size=8),
        Column(name="hash", type=SqlType.VARBINARY, size=4),
        Column(name="", type=SqlType.NVARCHAR, size=5000),
    )
    sql.script["sized"] = lambda *_: iter(
        (
            Columns(columns=columns),
            Row(("😀金蝶", "四个汉字", b"\0\1\2\3", "x" * 5000)),
            Done(verb=Verb.SELECT, count=1),
        )
    )
    connection = tds()
    with connection.cursor() as cursor:
        cursor.execute("sized")
        assert [tuple(row) for row in cursor.fetchall()] == [("😀金蝶", "四个汉字", b"\0\1\2\3", "x" * 5000)]
        assert [c[0] for c in cursor.description] == ["名称", "code", "hash", ""]


@pytest.mark.parametrize("kind", VALUES)
def test_parameters_of_every_type_come_back_through_sp_executesql(kind: SqlType, tds: Any, sql: Any) -> None:
    names = {
        SqlType.DECIMAL: "DECIMAL(38, 6)",
        SqlType.NVARCHAR: "NVARCHAR(MAX)",
        SqlType.VARCHAR: "VARCHAR(MAX)",
        SqlType.VARBINARY: "VARBINARY(MAX)",
        SqlType.DATETIME2: "DATETIME2(7)",
    }
    declared = names.get(kind, kind.value.upper())
    connection = tds()
    for value in (*VALUES[kind], None):
        parameter = Param(type=DeclarationsParser().parse(declared), value=value)
        assert rows(connection, "echo %s", (parameter,)) == [(value,)]
    procedure, parameters = sql.sessions[0].asked[-1]
    assert procedure == "sp_executesql"
    assert parameters[0].value == "echo @P1"
    assert parameters[2].column.type is kind


def test_two_errors_of_one_statement_are_both_seen(dbapi: Any, tds: Any, sql: Any, failing_backup: Any) -> None:
    sql.script["backup"] = failing_backup
    connection, heard = dbapi(), []
    connection._conn.set_msghandler(lambda *said: heard.append((said[1], said[5].decode())))
    with pytest.raises(pymssql.Error) as failed:
        rows(connection, "backup")
    assert failed.value.args[0] == 3201
    assert [text for severity, text in heard if severity == 16] == [
        "Cannot open backup device 'X:\\a.bak'. 错误 3。",
        "BACKUP DATABASE is terminating abnormally.",
    ]
    with pytest.raises(pytds.Error, match=r"Cannot open backup device.*terminating abnormally") as told:
        rows(tds(), "backup")
    assert told.value.number == 3013
    assert rows(connection, "select 4") == [(4,)]


def test_progress_is_seen_while_the_statement_runs(dbapi: Any, sql: Any, gate: Any) -> None:
    progress = Message(number=3211, severity=0, state=1, text="10 percent processed.")
    backup = sql.script["backup"] = gate(progress)
    connection, heard = dbapi(), []

    def hear(_state: int, _severity: int, _server: bytes, _procedure: bytes, _line: int, text: bytes) -> None:
        heard.append(text.decode())
        if text.startswith(b"10 percent"):
            backup.opened.set()  # the statement goes on only because this was heard

    connection._conn.set_msghandler(hear)
    with connection.cursor() as cursor:
        cursor.execute("backup")
    assert "10 percent processed." in heard
    assert backup.ended.is_set()
    assert not backup.saw_stop


def test_a_row_is_seen_while_the_statement_runs(tds: Any, sql: Any, gate: Any) -> None:
    slow = sql.script["slow"] = gate(Columns(columns=(typed(SqlType.INT),)), Row((1,)))
    with tds().cursor() as cursor:
        cursor.execute("slow")
        assert tuple(cursor.fetchone()) == (1,)
        assert not slow.ended.is_set()
        slow.opened.set()
        assert cursor.fetchone() is None


def test_an_attention_stops_the_statement_and_the_connection_goes_on(tds: Any, sql: Any, gate: Any) -> None:
    slow = sql.script["slow"] = gate()
    connection = tds(timeout=0.3)
    with pytest.raises(pytds.TimeoutError):
        rows(connection, "slow")
    assert slow.ended.wait(DEADLINE_S)
    assert slow.saw_stop
    assert rows(connection, "select 5") == [(5,)]
    assert len(sql.sessions) == 1


def test_a_half_read_result_is_abandoned_and_the_connection_goes_on(dbapi: Any, tds: Any, sql: Any) -> None:
    def endless(_session: Any, stop: threading.Event) -> Iterator[Any]:
        yield Columns(columns=(typed(SqlType.NVARCHAR),))
        while not stop.is_set():
            yield Row(("x" * 100,))

    sql.script["endless"] = endless
    for connection in (dbapi(), tds()):
        with connection.cursor() as cursor:
            cursor.execute("endless")
            assert tuple(cursor.fetchone()) == ("x" * 100,)
        assert rows(connection, "select 6") == [(6,)]


def test_a_client_that_leaves_stops_its_statement_and_closes_its_session(
    serve: Any, sql: Any, gate: Any, raw: Any
) -> None:
    slow = sql.script["slow"] = gate()
    client = raw(serve())
    client.login()
    client.batch("slow")
    assert slow.started.wait(DEADLINE_S)
    client.sock.close()
    assert slow.ended.wait(DEADLINE_S)
    assert slow.saw_stop
    assert sql.sessions[0].closed.wait(DEADLINE_S)


def test_the_query_timeout_of_pymssql_drops_the_connection_and_stops_the_statement(
    dbapi: Any, sql: Any, gate: Any
) -> None:
    slow = sql.script["slow"] = gate()
    connection = dbapi(timeout=1)
    try:
        with pytest.raises(pymssql.OperationalError) as late:
            rows(connection, "slow")
    finally:
        connection._conn.query_timeout = 0  # it is one for the whole process: later tests would have that one second
    assert late.value.args[0] in (20003, 20047)
    assert slow.ended.wait(DEADLINE_S)
    assert slow.saw_stop
    assert sql.sessions[0].closed.wait(DEADLINE_S)


def test_python_tds_begins_and_commits_by_the_transaction_manager(tds: Any, sql: Any) -> None:
    connection = tds(autocommit=False)
    assert rows(connection, "select 1") == [(1,)]
    connection.commit()
    assert rows(connection, "select 2") == [(2,)]
    connection.rollback()
    said = [
        asked for asked in sql.sessions[0].asked if asked in ("begin", "commit", "rollback", "select 1", "select 2")
    ]
    assert said[:6] == ["begin", "select 1", "commit", "begin", "select 2", "rollback"]


def test_pymssql_commits_by_statements_and_its_next_batch_carries_the_new_transaction(dbapi: Any, sql: Any) -> None:
    sql.script["COMMIT TRAN BEGIN TRAN"] = lambda session, _stop: _both(session)
    connection = dbapi(autocommit=False)
    assert rows(connection, "select 1") == [(1,)]
    first = sql.sessions[0].open_transaction
    connection.commit()
    assert rows(connection, "select 2") == [(2,)]
    assert sql.sessions[0].open_transaction not in (0, first)


def _both(session: Any) -> Iterator[Any]:
    yield from session.transact("commit")
    yield from session.transact("begin")


def test_a_procedure_returns_its_status_and_outputs(tds: Any, dbapi: Any) -> None:
    with tds().cursor() as cursor:
        assert cursor.callproc("double", (pytds.output(value=21, param_type=int),)) == [42]
        assert cursor.get_proc_return_status() == 7
    with dbapi().cursor() as cursor:
        assert cursor.callproc("double", (pymssql.output(str, "ab"),)) == ("abab",)


def test_an_unknown_procedure_is_2812(dbapi: Any) -> None:
    connection = dbapi()
    with pytest.raises(pymssql.Error) as failed, connection.cursor() as cursor:
        cursor.callproc("sp_nothing", ("x",))
    assert failed.value.args[0] == 2812
    assert rows(connection, "select 1") == [(1,)]


def test_every_result_of_a_batch_is_told(tds: Any, sql: Any) -> None:
    sql.script["three"] = lambda *_: iter(
        (
            Done(verb=Verb.UPDATE, count=3),
            Columns(columns=(typed(SqlType.INT),)),
            Row((1,)),
            Done(verb=Verb.SELECT, count=1, inner=True),
            Returned(status=0),
            Done(verb=Verb.EXECUTE),
            Columns(columns=(typed(SqlType.INT),)),
            Done(verb=Verb.SELECT, count=0),
        )
    )
    with tds().cursor() as cursor:
        cursor.execute("three")
        counts, results = [cursor.rowcount], []
        while True:
            if cursor.description:
                results.append([tuple(row) for row in cursor.fetchall()])
            if not cursor.nextset():
                break
        assert results == [[(1,)], []]
        assert counts == [3]


def test_a_killed_session_says_596_and_the_connection_ends(dbapi: Any, tds: Any, sql: Any, killed: Any) -> None:
    sql.script["die"] = killed
    with pytest.raises(pymssql.Error) as failed:
        rows(dbapi(), "die")
    assert failed.value.args[0] == 596
    with pytest.raises(pytds.Error, match="kill state"):
        rows(tds(), "die")
    assert all(session.closed.wait(DEADLINE_S) for session in sql.sessions)
