"""A statement that is to be ended is ended, also where the way to the server is gone for a moment."""

from collections.abc import Callable
from contextlib import closing

import pytest

from domain.errors import Stopped, TimedOut, Unreachable
from domain.text import Text
from executors.mssql_link import Link
from executors.mssql_watch import watched
from tests.contract.mssql.conftest import Estate, Watcher
from tests.contract.mssql.test_attempts import session


def after(refusals: int, estate: Estate) -> Callable[[], Link]:
    """A second session, once it was refused so often."""
    left = [refusals]

    def second() -> Link:
        if left[0]:
            left[0] -= 1
            raise Unreachable(Text("满", "no worker thread is free"))
        return session(estate)

    return second


@pytest.mark.req("CORE-6", "INT-7")
def test_a_stop_is_tried_again_when_the_server_had_no_room_for_it(estate: Estate) -> None:
    call = Watcher()
    call.stop.set()
    with (
        closing(session(estate)) as link,
        pytest.raises(Stopped),
        watched(link, after(3, estate), call, percent=False),
    ):
        link.tell("WAITFOR DELAY '00:01:00'")


@pytest.mark.req("CORE-6")
def test_the_time_limit_is_tried_again_too(estate: Estate) -> None:
    with (
        closing(session(estate)) as link,
        pytest.raises(TimedOut),
        watched(link, after(2, estate), Watcher(timeout_s=0.1), percent=False),
    ):
        link.tell("WAITFOR DELAY '00:01:00'")
