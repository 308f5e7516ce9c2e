"""A busy application comes back at once when it is thrown off: it must not keep us out, nor be kept out for long."""

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pymssql
import pytest

from tests.contract.mssql.conftest import DATABASE, Estate


def application(estate: Estate) -> Any:
    """A session of an application in the data center."""
    return pymssql.connect(
        "127.0.0.1", "sa", "Sa-8!", DATABASE, port=str(estate.wire.port), autocommit=True, tds_version="7.4"
    )


@pytest.fixture
def busy(estate: Estate) -> Iterator[threading.Event]:
    """Three threads of an application that come back whenever they are thrown off; the event says that one was in."""
    over, was_in = threading.Event(), threading.Event()

    def work() -> None:
        while not over.is_set():
            with suppress(pymssql.Error), closing(application(estate)) as session, session.cursor() as cursor:
                cursor.execute("SELECT 1")
                was_in.set()
                cursor.execute("WAITFOR DELAY '00:00:00.050'")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert was_in.wait(20)
    yield was_in
    over.set()
    for thread in threads:
        thread.join()


def state_of(estate: Estate, name: str = DATABASE) -> list[tuple[Any, ...]]:
    asked = f"SELECT state_desc, user_access_desc FROM sys.databases WHERE name = N'{name}'"  # noqa: S608
    return estate.rows(asked, "master")


@pytest.mark.req("DC-3", "DC-5")
def test_names_are_swapped_under_a_busy_application_which_finds_the_new_database_open(
    estate: Estate, busy: threading.Event
) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    new = estate.run("restore-beside", file=file)["database"]["name"]
    assert estate.run("swap", database=DATABASE, new=new, old="job42.ff-old")["acted"] is True
    assert state_of(estate) == [("ONLINE", "MULTI_USER")]
    busy.clear()
    assert busy.wait(20), "the application is in again"
    assert estate.run("drop", database="job42.ff-old")["dropped"] is True


@pytest.mark.req("DC-3")
def test_a_busy_application_does_not_keep_a_restore_in_place_out(estate: Estate, busy: threading.Event) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    assert estate.run("restore-in-place", database=DATABASE, file=file)["acted"] is True
    assert state_of(estate) == [("ONLINE", "MULTI_USER")]


@pytest.mark.req("DC-3", "DC-5")
@pytest.mark.parametrize("verb", ["rename", "put-back", "drop"])
def test_whoever_has_taken_the_only_seat_is_thrown_off(verb: str, estate: Estate) -> None:
    with closing(application(estate)) as seated, seated.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE [{DATABASE}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]
        file = "job42.ff-none.bak"
        estate.run(verb, database=DATABASE, new="AIS9", file=file)
    left = {"rename": ("AIS9", [("ONLINE", "MULTI_USER")]), "drop": (DATABASE, [])}
    name, state = left.get(verb, (DATABASE, [("ONLINE", "MULTI_USER")]))
    assert state_of(estate, name) == state
