"""Microsoft's own ODBC driver 18 (inside mssql-python) against the wire. Skipped where the driver cannot be loaded."""

# ruff: noqa: DTZ001  (SQL Server's dates have no zone)

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lab.tds.answers import Column, Columns, Done, Message, Row, SqlType, Verb

mssql_python = pytest.importorskip("mssql_python", reason="pip install mssql-python (its driver: proprietary licence)")
DEADLINE_S = 20
# The driver garbles a long varchar of double-byte characters where its own buffer ends (pymssql and python-tds read
# the same bytes well), so the long one here is not made of them.
MODES = {
    "no": "Encrypt=no;TrustServerCertificate=yes",
    "optional": "Encrypt=optional;TrustServerCertificate=yes",
    "yes": "Encrypt=yes;TrustServerCertificate=yes",
}
ROW = (
    True,
    255,
    -1,
    2**31 - 1,
    -(2**63),
    0.5,
    Decimal("-1.500000"),
    Decimal("12.3400"),
    "长" * 9000,
    "中文" + "x" * 9000,
    b"\0" * 9000,
)
TIMES = (datetime(2026, 2, 3, 4, 5, 6, 7000), datetime(2026, 2, 3, 4, 5, 6, 123456), date(2026, 2, 3))
ID = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")


@pytest.fixture
def odbc(serve: Any, login: tuple[str, str]) -> Iterator[Callable[..., Any]]:
    """Connects by ODBC."""
    opened: list[Any] = []

    def connect(server: Any = None, encrypt: str = "no", **options: Any) -> Any:
        where = f"SERVER=127.0.0.1,{(server or serve()).port};UID={login[0]};PWD={{{login[1]}}};{MODES[encrypt]}"
        try:
            opened.append(mssql_python.connect(where, **{"autocommit": True, **options}))
        except mssql_python.OperationalError as error:
            if "Failed to load the driver" in str(error):
                pytest.skip("the ODBC driver needs libltdl.so.7 (apt-get install libltdl7)")
            raise
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def rows(connection: Any, text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, *values)
        return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("encrypt", MODES)
@pytest.mark.parametrize("mode", ["optional", "required", "none"])
def test_odbc_is_let_in_where_both_sides_can_agree(mode: str, encrypt: str, odbc: Any, serve: Any, sql: Any) -> None:
    server = serve(encryption=mode)
    if (mode, encrypt) == ("none", "yes"):
        with pytest.raises(mssql_python.OperationalError, match=r"[Ee]ncryption not supported"):
            odbc(server, encrypt)
        return
    assert rows(odbc(server, encrypt), "select 1") == [(1,)]


def test_every_type_reaches_odbc(odbc: Any, sql: Any) -> None:
    kinds = list(SqlType)
    value = dict(zip(kinds, (*ROW, *TIMES, ID), strict=True))
    sql.script["types"] = lambda *_: iter(
        (
            Columns(columns=tuple(Column(name=kind.value, type=kind) for kind in kinds)),
            Row(tuple(value.values())),
            Row((None,) * len(kinds)),
            Done(verb=Verb.SELECT, count=2),
        )
    )
    got = rows(odbc(), "types")
    assert dict(zip(kinds, got[0], strict=True)) == value
    assert got[1] == (None,) * len(kinds)


def test_parameters_come_back_by_prepared_execution(odbc: Any, sql: Any) -> None:
    values = (7, 2**40, 0.25, "名称😀", "长" * 9000, b"\1\2", Decimal("-12.345"), TIMES[1], TIMES[2], True, None)
    connection = odbc()
    got = rows(connection, "echo ?,?,?,?,?,?,?,?,?,?,?", *values)
    assert got == [values]
    assert sql.sessions[0].asked[-1][0] == "sp_executesql"


def test_odbc_commits_and_rolls_back(odbc: Any, sql: Any) -> None:
    connection = odbc(autocommit=False)
    assert rows(connection, "select 1") == [(1,)]
    first = sql.sessions[0].open_transaction
    assert first
    connection.commit()
    assert sql.sessions[0].open_transaction != first
    assert rows(connection, "select 2") == [(2,)]
    connection.rollback()
    assert "commit" in sql.sessions[0].asked
    assert "rollback" in sql.sessions[0].asked
    assert rows(connection, "select 3") == [(3,)]


def test_a_query_timeout_stops_the_statement_and_the_connection_goes_on(odbc: Any, sql: Any, gate: Any) -> None:
    slow = sql.script["slow"] = gate()
    connection = odbc()
    connection.timeout = 1
    with pytest.raises(mssql_python.Error, match="timeout"):
        rows(connection, "slow")
    assert slow.ended.wait(DEADLINE_S)
    assert slow.saw_stop
    assert rows(connection, "select 5") == [(5,)]
    assert len(sql.sessions) == 1


def test_messages_and_errors_are_told(odbc: Any, sql: Any, failing_backup: Any) -> None:
    def backup(_session: Any, _stop: threading.Event) -> Iterator[Any]:
        for percent in (10, 20):
            yield Message(number=3211, severity=0, state=1, text=f"{percent} percent processed.")
        yield Done(verb=Verb.NONE)

    sql.script.update(backup=backup, failing=failing_backup)
    connection = odbc()
    with connection.cursor() as cursor:
        cursor.execute("backup")
        assert ["processed" in text for _, text in cursor.messages] == [True, True]
    with pytest.raises(mssql_python.Error, match="Cannot open backup device"):
        rows(connection, "failing")
    assert rows(connection, "select 6") == [(6,)]
