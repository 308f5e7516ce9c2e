"""Group commit: writers share a transaction, and neither their answers nor their failures are mixed up."""

import threading
from typing import Any

import pytest

from domain.event import Event, Kind
from runner.store.commit import Body, GroupCommit
from runner.store.store import Store
from runner.store.tx import Tx
from tests.stage import NOON


def write_event(tx: Tx, name: str) -> str:
    tx.append(Event(kind=Kind.ALARM, at=NOON, actor=name))
    return name


class Together:
    """Holds a store's first transaction open until all the others stand in line behind it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.answers: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []

    def first(self) -> None:
        def body(tx: Tx) -> str:
            self.reached.set()
            assert self.go_on.wait(20)
            return "first"

        self.start("first", body)
        assert self.reached.wait(20)

    def start(self, name: str, body: Body[Any]) -> None:
        def run() -> None:
            try:
                self.answers[name] = self.store.write(body)
            except Exception as error:
                self.answers[name] = error

        thread = threading.Thread(target=run)
        thread.start()
        self._threads.append(thread)

    def finish(self, in_line: int) -> dict[str, Any]:
        wait = threading.Event()
        for _ in range(2000):
            if len(self.store._group._line) == in_line:
                break
            wait.wait(0.005)
        assert len(self.store._group._line) == in_line
        self.go_on.set()
        for thread in self._threads:
            thread.join(30)
        assert not any(t.is_alive() for t in self._threads)
        return self.answers


@pytest.fixture
def commits(store: Store) -> list[int]:
    """Grows by the number of events of each commit."""
    seen: list[int] = []
    store.heard = lambda events: seen.append(len(events))
    return seen


def test_writers_that_come_at_once_share_a_commit_and_get_their_own_answers(store: Store, commits: list[int]) -> None:
    together = Together(store)
    together.first()
    names = [f"w{n}" for n in range(20)]
    for name in names:
        together.start(name, lambda tx, name=name: write_event(tx, name))
    answers = together.finish(in_line=20)
    assert answers == {"first": "first", **{n: n for n in names}}
    assert commits == [20]


def test_one_body_that_fails_fails_alone(store: Store) -> None:
    together = Together(store)
    together.first()

    def broken(tx: Tx) -> str:
        write_event(tx, "broken")
        raise LookupError("this one")

    together.start("broken", broken)
    for name in ("w1", "w2", "w3"):
        together.start(name, lambda tx, name=name: write_event(tx, name))
    answers = together.finish(in_line=4)
    assert isinstance(answers.pop("broken"), LookupError)
    assert answers == {"first": "first", "w1": "w1", "w2": "w2", "w3": "w3"}
    told = store.rows("events_between", after=0, last=2**62, most=100)
    assert sorted(e["actor"] for e in told) == ["w1", "w2", "w3"]
    assert [e["seq"] for e in told] == [1, 2, 3]


def test_the_leader_goes_home_while_others_keep_writing() -> None:
    group: GroupCommit
    batches, threads = 0, []

    def transaction(bodies: list[Body[Any]]) -> list[Any]:
        nonlocal batches
        batches += 1
        if batches < 200:  # during each commit somebody new gets in line
            thread = threading.Thread(target=group.run, args=(str,), daemon=True)
            thread.start()
            threads.append(thread)
            while not group._line:
                threading.Event().wait(0.0005)
        return [None for _ in bodies]

    group = GroupCommit(transaction)
    group.run(str)
    mine = batches
    for thread in threads:
        thread.join(10)
    assert mine < 100, f"the first writer was kept for {mine} commits of others"


def test_nothing_of_a_failed_body_is_kept(store: Store) -> None:
    def body(tx: Tx) -> None:
        write_event(tx, "never")
        tx.moved("quota_take", key="k", limit=5)
        raise LookupError

    with pytest.raises(LookupError):
        store.write(body)
    assert store.rows("events_between", after=0, last=2**62, most=10) == []
    assert store.row("quota_used", key="k") is None


def test_reading_goes_on_while_somebody_writes(store: Store) -> None:
    together = Together(store)
    together.first()
    read: list[Any] = []
    reader = threading.Thread(target=lambda: read.append(store.row("chain_end")))
    reader.start()
    together.finish(in_line=0)
    reader.join(20)
    assert [r["seq"] for r in read] == [0]
