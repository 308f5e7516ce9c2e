"""Free-text search finds just what walking over every request would find, whatever is on the shelves."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import inspect, text

import runner.shelves
from domain.job import State
from intake.approve import accept
from intake.change import edit
from intake.desk import Desk
from intake.read import Filter, search
from intake.submit import submit
from runner.shelves import SETTLED_S, Span, forget, grams, shelve, spans, telling_grams
from runner.store.migrate import is_migrated, migrate
from runner.store.store import Store
from runner.store.tx import Tx
from tests.stage import LI, OPERATOR, HandClock, wish

pytestmark = pytest.mark.req("INT-5")
SMALL = 8
WORDS = ("重启", "财务系统", "月末 100%", "a_b", "c:\\data", "Straße", "İZMİR", "两行\n文字", "backup", "x")


@pytest.fixture(autouse=True)
def _small_shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.shelves, "SHELF", SMALL)


@pytest.fixture
def said(desk: Desk) -> dict[int, str]:
    """Some shelves full of requests, each with a few words; by number."""
    dice = random.Random(5)
    texts = [" ".join(dice.choices(WORDS[:-1], k=dice.randrange(0, 3))) for _ in range(6 * SMALL)]
    return {submit(desk, LI, wish("free", description=t)).number: t for t in texts}


def plain(said: dict[int, str], term: str, before: int = 2**62) -> list[int]:
    """What walking over everything finds, newest first."""
    found = [n for n, t in said.items() if term.casefold() in f"{t}\n{LI.name}\n".casefold() and n < before]
    return sorted(found, reverse=True)


def found(desk: Desk, term: str, **wanted: object) -> list[int]:
    return [item.request.number for item in search(desk, LI, Filter(text=term, **wanted))]  # type: ignore[arg-type]


def shelved(desk: Desk, clock: HandClock, most: int = 99) -> int:
    clock.move(seconds=SETTLED_S + 1)
    return shelve(desk.store, most)


TERMS = [
    *WORDS,
    "重",
    "启 财",
    "末 1",
    "%",
    "_b",
    "\\",
    "STRASSE",
    "i̇z",
    "li",
    "nothing like it",
    "backup c:",
    "财务系统 财务系统",
]


@pytest.mark.parametrize("most", [0, 1, 3, 99])
def test_a_search_finds_what_a_walk_over_everything_finds(
    desk: Desk, said: dict[int, str], clock: HandClock, most: int
) -> None:
    shelved(desk, clock, most)
    for term in TERMS:
        assert found(desk, term) == plain(said, term)[:50], term
        assert found(desk, term, before=25, limit=3) == plain(said, term, 25)[:3], term
        assert found(desk, term, states=(State.WAITING, State.RUNNING), limit=5) == plain(said, term)[:5], term


def test_pages_follow_each_other_without_a_gap_or_a_double(desk: Desk, said: dict[int, str], clock: HandClock) -> None:
    shelved(desk, clock)
    for term in ("财务系统", "backup", "a_b"):
        pages, before = list[int](), 2**62
        while page := found(desk, term, limit=2, before=before):
            pages, before = pages + page, page[-1]
        assert pages == plain(said, term)


def test_shelves_that_lack_the_term_are_not_walked_over(desk: Desk, said: dict[int, str], clock: HandClock) -> None:
    assert shelved(desk, clock) == 6
    everything = Span(low=0, high=2**62)
    open_end = Span(low=6 * SMALL, high=2**62)  # the last shelf still takes numbers
    assert list(spans(desk.store, "nothing like it", everything)) == [open_end]
    assert list(spans(desk.store, "x", everything)) == [everything]  # one character: no gram to go by
    holding = {n // SMALL for n in plain(said, "İZMİR")}
    walked = [s for s in spans(desk.store, "İZMİR".casefold(), everything) if s != open_end]
    shelves = {n // SMALL for s in walked for n in range(s.low, min(s.high, 7 * SMALL))}
    assert holding <= shelves


def test_a_search_that_finds_traces_on_too_many_shelves_walks_the_rest_in_one_go(
    desk: Desk, said: dict[int, str], clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelved(desk, clock)
    monkeypatch.setattr(runner.shelves, "MOST_SPANS", 2)
    for term in WORDS:
        everything = list(spans(desk.store, term.casefold(), Span(low=0, high=2**62)))
        assert len(everything) <= 2
        assert found(desk, term) == plain(said, term)[:50]


def test_what_an_edit_or_an_opinion_says_is_found_at_once(desk: Desk, clock: HandClock) -> None:
    later = "2026-11-24T05:00:00+00:00"
    numbers = [submit(desk, LI, wish("pending", planned_at=later)).number for _ in range(2 * SMALL)]
    assert shelved(desk, clock) == 2
    rev = search(desk, LI, Filter(before=4, limit=1))[0].job.rev
    edit(desk, LI, numbers[2], rev, {"description": "现在改为星期五"})
    accept(desk, OPERATOR, numbers[12], {"opinion": "同意，请通知用户"})
    for _ in range(2):  # before and after the shelves are looked through again
        assert (found(desk, "星期五"), found(desk, "通知用户")) == ([numbers[2]], [numbers[12]])
        shelve(desk.store, 99)
    assert len(list(spans(desk.store, "nothing like it", Span(low=0, high=2 * SMALL)))) == 0


def test_a_shelf_whose_text_changes_while_it_is_looked_through_is_not_put_on_record(
    desk: Desk, said: dict[int, str], clock: HandClock, twin: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text changes after it was read: the shelving notices, and leaves that shelf for later."""
    gather = runner.shelves.grams
    last = 6 * SMALL - 1  # on the shelf that is looked through first
    late: list[Callable[[], None]] = [lambda: _change(twin, last, "新的内容")]

    def meanwhile(words: str) -> set[str]:
        if late:
            late.pop()()
        return gather(words)

    monkeypatch.setattr(runner.shelves, "grams", meanwhile)
    clock.move(seconds=SETTLED_S + 1)
    assert shelve(desk.store, 99) == 5
    assert found(desk, "新的内容") == [last]
    assert shelve(desk.store, 99) == 1
    assert found(desk, "新的内容") == [last]


def _change(store: Store, number: int, words: str) -> None:
    def body(tx: Tx) -> None:
        tx.moved("set_opinion", number=number, opinion="", search=words)
        forget(tx, number)

    store.write(body)


def test_changes_and_shelvings_at_the_same_time_leave_nothing_that_cannot_be_found(
    desk: Desk, twin: Store, said: dict[int, str], clock: HandClock, at_once: Callable[..., list[object]]
) -> None:
    clock.move(seconds=SETTLED_S + 1)
    for turn in range(20):
        words = f"第{turn}次修改"
        at_once([lambda w=words: _change(twin, 3, w), lambda: shelve(desk.store, 1)])
        shelve(desk.store, 99)
        assert found(desk, words) == [3]


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_shelving_waits_for_a_change_that_is_not_committed_yet(
    desk: Desk, twin: Store, said: dict[int, str], clock: HandClock
) -> None:
    clock.move(seconds=SETTLED_S + 1)
    last = 6 * SMALL - 1
    shelving = threading.Thread(target=lambda: shelve(desk.store, 1))

    def change(tx: Tx) -> None:
        tx.moved("set_opinion", number=last, opinion="", search="尚未提交")
        forget(tx, last)
        shelving.start()
        while shelving.is_alive() and not _somebody_waits(twin):
            pass

    twin.write(change)
    shelving.join(30)
    assert found(desk, "尚未提交") == [last]


def _somebody_waits(store: Store) -> bool:
    with store.engine.connect() as connection:
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(connection.execute(waiting).scalar_one())


def test_a_shelving_between_the_two_reads_of_a_search_hides_nothing(
    desk: Desk, said: dict[int, str], clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.move(seconds=SETTLED_S + 1)
    read, pending = desk.store.rows, ["shelve"]

    def meanwhile(name: str, /, **params: object) -> object:
        rows = read(name, **params)
        if name.startswith("shelves") and pending:
            pending.pop()
            shelve(desk.store, 99)
        return rows

    monkeypatch.setattr(desk.store, "rows", meanwhile)
    assert found(desk, "财务系统") == plain(said, "财务系统")[:50]


def test_a_text_that_changes_by_somebody_elses_edit_is_still_found(desk: Desk, clock: HandClock) -> None:
    wang = replace(LI, name="wang")
    later = "2026-11-24T05:00:00+00:00"
    numbers = [submit(desk, LI, wish("pending", planned_at=later)).number for _ in range(2 * SMALL)]
    shelved(desk, clock)
    for minute, who in enumerate((wang, LI, wang)):
        rev = search(desk, LI, Filter(before=4, limit=1))[0].job.rev
        edit(desk, who, numbers[2], rev, {"planned_at": f"2026-11-24T06:0{minute}:00+00:00"})
        shelve(desk.store, 99)
        assert found(desk, LI.name) == sorted(numbers, reverse=True)  # the submitter stays who it was
        assert found(desk, "wang") == []


def test_a_store_of_the_first_version_gets_its_shelves_by_migration(store: Store) -> None:
    with store.engine.begin() as connection:
        for table in ("search_gram", "search_shelf"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP INDEX job_by_tenant_state"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert not is_migrated(store)
    migrate(store)
    assert is_migrated(store)
    assert store.rows("shelves") == []
    assert "job_by_tenant_state" in {index["name"] for index in inspect(store.engine).get_indexes("job")}


def test_the_grams_of_a_term_are_grams_of_every_text_that_has_it() -> None:
    for term in TERMS:
        assert set(telling_grams(term)) <= grams(f"before {term} after")
        assert len(telling_grams(term)) <= runner.shelves.MOST_GRAMS
