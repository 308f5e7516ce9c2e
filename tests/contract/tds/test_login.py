"""Logins of pymssql and python-tds under every encryption setting of both sides."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pymssql
import pytds
import pytest

DEADLINE_S = 20
WAYS = ("off", "request", "require", "default")


def connect(server: Any, login: tuple[str, str], **options: Any) -> Any:
    where = {"server": "127.0.0.1", "port": str(server.port), "login_timeout": DEADLINE_S}
    return pymssql.connect(user=login[0], password=login[1], **{**where, **options})


def one(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        return cursor.fetchall()


def refusal(server: Any, login: tuple[str, str]) -> str:
    """The error of a client that requires encryption, in a process of its own: FreeTDS reads its settings once."""
    code = (
        "import sys, pymssql\n"
        "port, user, word = sys.argv[1:]\n"
        "try: pymssql.connect('127.0.0.1', user, word, port=port, login_timeout=20, encryption='require')\n"
        "except pymssql.OperationalError as error: print(error.args[0][0])"
    )
    plain = {k: v for k, v in os.environ.items() if k != "FREETDSCONF"}
    words = [sys.executable, "-c", code, str(server.port), *login]
    return subprocess.run(words, env=plain, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["optional", "required", "none"])
def test_pymssql_is_let_in_unless_it_requires_what_the_server_has_not(
    mode: str, way: str, serve: Any, sql: Any, login: tuple[str, str]
) -> None:
    server = serve(encryption=mode)
    options = {} if way == "default" else {"encryption": way}
    if (mode, way) == ("none", "require"):
        assert refusal(server, login) == "20002", "it leaves before it signs in"
        assert sql.sessions == []
        return
    connection = connect(server, login, **options)
    assert one(connection) == [(1,)]
    connection.close()
    assert (sql.sessions[0].login.user, sql.sessions[0].login.password) == login


@pytest.mark.parametrize("mode", ["optional", "required", "none"])
@pytest.mark.parametrize("trusts", [False, True])
def test_python_tds_is_let_in_where_both_sides_can_agree(
    mode: str, trusts: bool, serve: Any, sql: Any, login: tuple[str, str], authority: Any
) -> None:
    server = serve(encryption=mode)
    options = {"cafile": str(authority[0]), "validate_host": False} if trusts else {}
    if (mode, trusts) in {("none", True), ("required", False)}:
        with pytest.raises(pytds.Error):
            pytds.connect("127.0.0.1", "", *login, port=server.port, login_timeout=DEADLINE_S, **options)
        assert sql.sessions == []
        return
    with pytds.connect("127.0.0.1", "", *login, port=server.port, **options) as connection:
        assert one(connection) == [(1,)]


def test_a_wrong_password_is_18456(serve: Any, sql: Any, login: tuple[str, str]) -> None:
    server = serve()
    with pytest.raises(pymssql.OperationalError) as refused:
        connect(server, (login[0], "wrong"))
    assert refused.value.args[0][0] == 18456
    with pytest.raises(pytds.OperationalError, match=r"Login failed for user 'operator'\."):
        pytds.connect("127.0.0.1", "", login[0], "wrong", port=server.port)
    assert sql.sessions == []


def test_an_unknown_database_says_4060_first(serve: Any, login: tuple[str, str]) -> None:
    server = serve()
    with pytest.raises(pytds.Error, match="Cannot open database"):
        pytds.connect("127.0.0.1", "AIS9", *login, port=server.port)
    with pytest.raises(pymssql.OperationalError) as refused:
        connect(server, login, database="AIS9")
    assert refused.value.args[0][0] == 18456


def test_the_session_learns_who_came(serve: Any, sql: Any, login: tuple[str, str]) -> None:
    connection = connect(serve(), login, database="AIS1", appname="yunwei")
    assert one(connection) == [(1,)]
    connection.close()
    said = sql.sessions[0].login
    assert (said.program, said.language, said.library) == ("yunwei", "us_english", "DB-Library")
    assert "use [AIS1]" in [str(asked).strip() for asked in sql.sessions[0].asked]


def test_two_hundred_sessions_at_once_each_get_their_own_answers(
    serve: Any, sql: Any, login: tuple[str, str], eventually: Callable[..., bool]
) -> None:
    server, wrong, together = serve(), [], threading.Barrier(200, timeout=60)

    def work(number: int) -> None:
        connection = connect(server, login, login_timeout=60)
        together.wait()  # all two hundred are in
        for turn in range(3):
            with connection.cursor() as cursor:
                cursor.execute(f"select {number * 10 + turn}")
                if cursor.fetchall() != [(number * 10 + turn,)]:
                    wrong.append(number)
        connection.close()

    failures: list[BaseException] = []
    threads = [threading.Thread(target=_kept, args=(work, n, failures)) for n in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert wrong == []
    assert len({session.number for session in sql.sessions}) == 200
    assert eventually(lambda: server.connections == 0)


def _kept(work: Callable[[int], None], number: int, failures: list[BaseException]) -> None:
    try:
        work(number)
    except Exception as error:
        failures.append(error)
