"""A bell on every transport: what is rung is heard, once, soon; and nothing that happens to it hurts anybody."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Mistake
from runner.bell import Bell, HueyBell, MemoryBell, bell_from

pytestmark = pytest.mark.req("CORE-11")
BOUND_S = 2.5


@dataclass
class Transport:
    """A bell's URL, and how to take its transport away and bring it back."""

    url: str
    stop: Callable[[], None] | None = None
    start: Callable[[], None] | None = None


@pytest.fixture(params=["memory", "sqlite", "postgres", "valkey"])
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    if request.param in ("memory", "sqlite"):
        return Transport("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/bell.db")
    server: Any = request.getfixturevalue(request.param)
    url = server.emptied().replace("+psycopg", "") if request.param == "postgres" else server.url
    return Transport(url, server.stop, server.start)


@pytest.fixture
def bell(transport: Transport) -> Iterator[Bell]:
    bell = bell_from(transport.url)
    hear_all(bell, 0)
    yield bell
    bell.close()


def hear_all(bell: Bell, wanted: int, wait_s: float = 15.0) -> list[int]:
    """Hear until `wanted` numbers came, and then once more: there must be none left."""
    heard: list[int] = []
    until = time.monotonic() + wait_s
    while len(heard) < wanted and time.monotonic() < until:
        heard += bell.hear(threading.Event())
    return heard + bell.hear(threading.Event())


def test_what_is_rung_is_heard_once(bell: Bell) -> None:
    for number in (7, 8, 9, 7):
        bell.ring(number)
    assert sorted(hear_all(bell, 4)) == [7, 7, 8, 9]


def test_what_one_hears_no_other_hears(transport: Transport, bell: Bell) -> None:
    other = bell if isinstance(bell, MemoryBell) else bell_from(transport.url)
    heard: list[int] = []
    enough = threading.Event()

    def listen(which: Bell) -> None:
        while not enough.is_set():
            heard.extend(which.hear(enough))
            if len(heard) >= 100:
                enough.set()
        which.close()  # a thread has connections of its own

    listeners = [threading.Thread(target=listen, args=(b,)) for b in (bell, other)]
    for listener in listeners:
        listener.start()
    for number in range(100):
        bell.ring(number)
    assert enough.wait(20), sorted(heard)
    for listener in listeners:
        listener.join(20)
    assert sorted(heard) == list(range(100))
    if other is not bell:
        other.close()


def test_silence_is_heard_within_the_bound(bell: Bell) -> None:
    began = time.monotonic()
    assert bell.hear(threading.Event()) == []
    assert time.monotonic() - began < BOUND_S


def test_a_ring_wakes_one_who_waits_long_before_the_bound(bell: Bell) -> None:
    heard: list[tuple[float, int]] = []

    def listen() -> None:
        until = time.monotonic() + 20
        while not heard and time.monotonic() < until:
            heard.extend((time.monotonic(), n) for n in bell.hear(threading.Event()))
        bell.close()

    listener = threading.Thread(target=listen)
    listener.start()
    rung_at = time.monotonic()
    bell.ring(1)
    listener.join(20)
    assert heard
    assert heard[0][0] - rung_at < BOUND_S / 2


def test_garbage_from_whomever_is_passed_over(bell: Bell) -> None:
    if not isinstance(bell, HueyBell):
        return  # nothing but this process can write to a bell in memory, and nothing but numbers
    for junk in (b"", b"job 7", b"\xff\x00", b"-3", b"7.5", b'{"id": 7}'):
        bell._storage.enqueue(junk)
    bell.ring(5)
    bell._storage.enqueue(b"9" * 10_000)
    bell.ring(6)
    assert hear_all(bell, 2) == [5, 6]


def test_a_transport_that_is_away_costs_nobody_more_than_its_rings(transport: Transport, bell: Bell) -> None:
    if transport.stop is None or transport.start is None:
        transport.stop, transport.start = lambda: None, lambda: None
    bell.ring(1)
    assert hear_all(bell, 1) == [1]
    transport.stop()
    try:
        began = time.monotonic()
        bell.ring(2)
        assert time.monotonic() - began < BOUND_S
        bell.hear(threading.Event())
        assert time.monotonic() - began < 2 * BOUND_S
    finally:
        transport.start()
    until, heard = time.monotonic() + 20, [0]
    while heard[-1] != 3 and time.monotonic() < until:
        bell.ring(3)
        heard += bell.hear(threading.Event())
    assert heard[-1] == 3


def test_a_bell_of_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(Mistake) as mistake:
        bell_from("amqp://127.0.0.1")
    assert "postgresql://" in str(mistake.value)
