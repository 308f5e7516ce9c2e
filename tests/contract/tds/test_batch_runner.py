"""A tenant's batch runs as in SSMS: what drivers lose is kept, and nothing is green without its last DONE."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymssql
import pytds
import pytest

from executors.mssql_batch import Counted, Limits, Ran, Said, Shown, run_batch
from executors.mssql_socket import WatchedSocket
from lab.tds.answers import Answer, Column, Columns, Done, Hangup, Message, Row, SqlType, Verb

pytestmark = pytest.mark.req("SQL-6")

DEADLINE_S = 20
N, NAME = Column(name="n", type=SqlType.INT), Column(name="name", type=SqlType.NVARCHAR, size=50)
DUPLICATE = Message(number=2627, severity=14, state=1, text="Violation of PRIMARY KEY constraint.", line=3)
TERMINATED = Message(number=3621, severity=0, state=0, text="The statement has been terminated.", line=3)
CONTEXT = Message(number=5701, severity=0, state=2, text="Changed database context to 'x'.")
LEVEL_9 = Message(number=50000, severity=9, state=1, text="only a word", line=2)
QUIET = Limits()


def script(*answers: Answer) -> Callable[..., Iterator[Answer]]:
    return lambda _session, _stop: iter(answers)


@contextmanager
def session(server: Any, login: tuple[str, str], **options: Any) -> Iterator[tuple[Any, WatchedSocket]]:
    """A session of python-tds on a watched socket."""
    watched = WatchedSocket(socket.create_connection(("127.0.0.1", server.port), DEADLINE_S))
    how: dict[str, Any] = {"port": server.port, "sock": watched, "autocommit": True, **options}
    with closing(pytds.connect("127.0.0.1", "", *login, **how)) as connection:
        yield connection._tds_socket.main_session, watched


@pytest.fixture
def run(sql: Any, serve: Any, login: tuple[str, str]) -> Callable[..., Ran]:
    """Runs one batch that the server answers with these answers."""

    def batch(*answers: Answer, limits: Limits = QUIET, heard: list[Said] | None = None) -> Ran:
        sql.script["batch"] = script(*answers)
        with session(serve(), login) as (connection, _):
            return run_batch(connection, "batch", limits, (heard if heard is not None else []).append)

    return batch


def numbers(ran: Ran) -> list[int]:
    return [e.number for e in ran.events if isinstance(e, Said)]


def counts(ran: Ran) -> list[int]:
    return [e.rows for e in ran.events if isinstance(e, Counted)]


def test_an_error_does_not_end_the_batch_and_everything_comes_in_its_order(run: Callable[..., Ran]) -> None:
    heard: list[Said] = []
    ran = run(
        Done(verb=Verb.UPDATE, count=3),
        DUPLICATE,
        TERMINATED,
        Done(verb=Verb.INSERT, failed=True),
        Columns(columns=(N, NAME)),
        Row((1, "甲")),
        Row((2, None)),
        Done(verb=Verb.SELECT, count=2),
        LEVEL_9,
        Done(verb=Verb.UPDATE, count=9),
        heard=heard,
    )
    shapes = [e.number if isinstance(e, Said) else type(e).__name__ for e in ran.events]
    assert shapes == ["Counted", 2627, 3621, "Shown", "Counted", 50000, "Counted"]
    assert counts(ran) == [3, 2, 9]
    assert ran.events[3] == Shown(columns=("n", "name"), rows=[(1, "甲"), (2, None)], total=2)
    assert ran.events[1] == Said(
        number=2627, severity=14, state=1, procedure="", line=3, text="Violation of PRIMARY KEY constraint."
    )
    assert ran.colour == "red"
    assert [s.number for s in heard] == [2627, 3621, 50000]


def test_a_message_of_severity_nine_is_information_to_us_and_an_abort_to_pymssql(
    run: Callable[..., Ran], sql: Any, serve: Any, login: tuple[str, str]
) -> None:
    answers = (LEVEL_9, Done(verb=Verb.UPDATE, count=9))
    assert run(*answers).colour == "green"
    sql.script["batch"] = script(*answers)
    connection = pymssql.connect("127.0.0.1", *login, port=str(serve().port), autocommit=True, tds_version="7.4")
    with closing(connection), connection.cursor() as cursor, pytest.raises(pymssql.Error):
        cursor.execute("batch")


def test_an_error_without_the_error_bit_is_red_all_the_same(run: Callable[..., Ran]) -> None:
    assert run(DUPLICATE, Done(verb=Verb.INSERT)).colour == "red"


def test_an_error_bit_without_a_message_is_red(run: Callable[..., Ran]) -> None:
    assert run(Done(verb=Verb.INSERT, failed=True), Done(verb=Verb.SELECT, count=1)).colour == "red"


def test_two_errors_are_both_kept_the_cause_first(run: Callable[..., Ran], failing_backup: Any) -> None:
    ran = run(*failing_backup(None, None))
    assert numbers(ran) == [3201, 3013]
    assert ran.colour == "red"


def test_the_word_about_the_changed_database_is_not_shown(run: Callable[..., Ran]) -> None:
    ran = run(CONTEXT, Done(verb=Verb.NONE))
    assert (ran.events, ran.colour) == ([], "green")


def test_what_is_over_the_limits_is_read_and_counted_but_not_kept(run: Callable[..., Ran]) -> None:
    many = [Row((n, "x")) for n in range(500)]
    prints = [Message(number=0, severity=0, state=1, text=str(n)) for n in range(50)]
    errors = [DUPLICATE] * 50
    results = [Columns(columns=(N, NAME)), *many, Done(verb=Verb.SELECT, count=500)] * 3
    limits = Limits(results=2, rows=10, messages=7)
    ran = run(*results, *prints, *errors, Done(verb=Verb.EXECUTE, count=1), limits=limits)
    shown = [e for e in ran.events if isinstance(e, Shown)]
    assert [(len(s.rows), s.total) for s in shown] == [(10, 500), (10, 500)]
    assert (len(numbers(ran)), counts(ran)) == (14, [500, 500, 500, 1])
    assert ran.dropped == 1 + 43 + 43
    assert (ran.finished, ran.colour) == (True, "red")


def test_the_session_goes_on_after_a_red_batch(sql: Any, serve: Any, login: tuple[str, str]) -> None:
    sql.script["bad"] = script(DUPLICATE, Done(verb=Verb.INSERT, failed=True))
    with session(serve(), login) as (connection, _):
        assert run_batch(connection, "bad", QUIET, lambda _: None).colour == "red"
        assert run_batch(connection, "select 7", QUIET, lambda _: None).events[0] == Shown(
            columns=("n",), rows=[(7,)], total=1
        )
    assert [text for text in sql.sessions[0].asked if text == "bad"] == ["bad"]


def test_a_batch_whose_last_word_never_came_is_unknown_and_keeps_what_came(
    sql: Any, serve: Any, login: tuple[str, str]
) -> None:
    sql.script["batch"] = script(Done(verb=Verb.UPDATE, count=3), DUPLICATE, Hangup(abrupt=True))
    with session(serve(), login) as (connection, _), pytest.raises(pytds.Error) as caught:
        run_batch(connection, "batch", QUIET, lambda _: None)
    ran: Ran = caught.value.ran  # type: ignore[attr-defined]
    assert (ran.colour, counts(ran), numbers(ran)) == ("unknown", [3], [2627])


def test_a_batch_whose_session_was_killed_is_red_because_the_server_said_so(
    run: Callable[..., Ran], killed: Any
) -> None:
    ran = run(*killed(None, None))
    assert (ran.colour, numbers(ran)) == ("red", [596])


def test_messages_are_heard_while_the_batch_runs(sql: Any, serve: Any, login: tuple[str, str], gate: Any) -> None:
    running = sql.script["batch"] = gate(LEVEL_9)
    heard: list[int] = []

    def say(said: Said) -> None:
        heard.append(said.number)
        assert not running.ended.is_set()
        running.opened.set()

    with session(serve(), login) as (connection, _):
        assert run_batch(connection, "batch", QUIET, say).colour == "green"
    assert heard == [50000]


def test_a_cancel_is_sent_while_waiting_and_believed_when_acknowledged(
    sql: Any, serve: Any, login: tuple[str, str], gate: Any
) -> None:
    running = sql.script["batch"] = gate(Done(verb=Verb.UPDATE, count=2))
    asked = threading.Event()
    with session(serve(), login) as (connection, watched):

        def waiting() -> None:
            if running.started.is_set() and not asked.is_set():
                asked.set()
                connection.put_cancel()

        watched.waiting = waiting
        ran = run_batch(connection, "batch", QUIET, lambda _: None)
        assert (ran.cancelled, ran.finished, ran.colour, counts(ran)) == (True, True, "red", [2])
        assert running.saw_stop
        watched.waiting = lambda: None
        assert run_batch(connection, "select 1", QUIET, lambda _: None).colour == "green"


def test_a_wire_given_up_while_waiting_leaves_the_batch_unknown(
    sql: Any, serve: Any, login: tuple[str, str], gate: Any
) -> None:
    sql.script["batch"] = gate(Done(verb=Verb.UPDATE, count=2))

    def give_up() -> None:
        raise TimeoutError("nothing came for too long")

    with session(serve(), login) as (connection, watched):
        watched.waiting = give_up
        with pytest.raises(TimeoutError) as caught:
            run_batch(connection, "batch", QUIET, lambda _: None)
    assert caught.value.ran.colour == "unknown"  # type: ignore[attr-defined]


def test_under_tls_a_cancel_works_as_well(
    sql: Any, serve: Any, login: tuple[str, str], gate: Any, authority: Any
) -> None:
    running = sql.script["batch"] = gate(LEVEL_9)
    server = serve(encryption="required")
    with session(server, login, cafile=str(authority[0]), validate_host=False) as (connection, watched):
        watched.waiting = lambda: (
            None if connection.in_cancel or not running.started.is_set() else connection.put_cancel()
        )
        ran = run_batch(connection, "batch", QUIET, lambda _: None)
    assert (ran.cancelled, numbers(ran)) == (True, [50000])
