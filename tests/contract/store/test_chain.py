"""Events are gapless and chained; whoever changes, removes, replaces or cuts off one is found out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, text, update

import intake.read
import runner.sweeper
from domain.event import Event, Kind
from domain.secret import DOTS, Secret
from intake.desk import Desk
from intake.read import Stretch, feed, head, verify_audit
from intake.submit import submit
from runner.store import chain
from runner.store.schema import event as events
from runner.store.store import Store
from runner.sweeper import Retention, Sweeper
from tests.stage import CHEN, LI, OPERATOR, HandClock, wish

pytestmark = pytest.mark.req("CORE-8")


@pytest.fixture
def history(desk: Desk) -> int:
    """The number of the newest of some twenty events; 11 to 13 are lines of output, the rest is kept for ever."""
    for kind in [Kind.ALARM] * 7 + [Kind.OUTPUT] * 3 + [Kind.ALARM] * 7:
        desk.store.write(
            lambda tx, kind=kind: tx.append(Event(kind=kind, at=tx.now(), job=1, facts={"line": "a secret plan"}))
        )
    verdict = verify_audit(desk)
    assert (verdict.broken_at, verdict.events) == (None, 20)
    return verdict.events


def tamper(store: Store, statement: Any) -> None:
    with store.engine.begin() as connection:
        assert connection.execute(statement).rowcount >= 1


def test_a_whole_chain_is_found_whole(desk: Desk, history: int) -> None:
    verdict = verify_audit(desk)
    assert (verdict.events, verdict.broken_at, len(verdict.head)) == (history, None, 64)


@pytest.mark.parametrize(
    ("column", "value"),
    [("body", '{"line":"all is well"}'), ("actor", "nobody"), ("kind", "rated"), ("at", 1), ("job", 2)],
)
def test_a_changed_column_is_found(desk: Desk, history: int, column: str, value: Any) -> None:
    tamper(desk.store, update(events).where(events.c.seq == 7).values({column: value}))
    verdict = verify_audit(desk)
    assert (verdict.broken_at, bool(verdict.why)) == (7, True)


def test_a_removed_event_is_found(desk: Desk, history: int) -> None:
    tamper(desk.store, delete(events).where(events.c.seq == 9))
    verdict = verify_audit(desk)
    assert (verdict.broken_at, verdict.why) == (10, "event 9 is missing")


def test_a_replaced_event_is_found_although_its_own_digest_is_right(desk: Desk, history: int) -> None:
    body = '{"line":"all is well"}'
    changed = {"body": body, "digest": chain.digest({"body": body})}
    tamper(desk.store, update(events).where(events.c.seq == 7).values(changed))
    assert verify_audit(desk).broken_at == 7


def test_a_cut_end_is_found(desk: Desk, history: int) -> None:
    tamper(desk.store, delete(events).where(events.c.seq > history - 2))
    verdict = verify_audit(desk)
    assert (verdict.broken_at, verdict.why) == (history - 1, "the end was cut off")


def test_an_event_cannot_be_hidden_as_expired_output(desk: Desk, history: int) -> None:
    tamper(desk.store, update(events).where(events.c.seq == 7).values(kind="output", body=None))
    assert verify_audit(desk).broken_at == 7


def test_a_blanked_text_that_should_be_kept_for_ever_is_found(desk: Desk, history: int) -> None:
    tamper(desk.store, update(events).where(events.c.seq == 7).values(body=None))
    assert verify_audit(desk).broken_at == 7


def test_output_past_its_time_is_blanked_and_the_chain_stays_whole(
    desk: Desk, history: int, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.sweeper, "BLANKED", 2)  # more than one transaction, if need be
    sweeper = Sweeper(desk.store, desk.catalog, Retention(output=timedelta(days=90)))
    clock.move(days=89)
    assert sweeper.forget() == 0
    clock.move(days=2)
    assert sweeper.forget() == 3
    assert sweeper.forget() == 0
    blank = [e["seq"] for e in desk.store.rows("events_between", after=0, last=2**62, most=100) if e["body"] is None]
    assert blank == [11, 12, 13]
    assert verify_audit(desk).broken_at is None


def test_numbers_have_no_gap_although_transactions_fail_between(desk: Desk) -> None:
    def write(tx: Any, fails: bool) -> None:
        tx.append(Event(kind=Kind.ALARM, at=tx.now()))
        if fails:
            raise LookupError

    for n in range(12):
        if n % 3 == 0:
            with pytest.raises(LookupError):
                desk.store.write(lambda tx: write(tx, True))
        else:
            desk.store.write(lambda tx: write(tx, False))
    seqs = [e["seq"] for e in desk.store.rows("events_between", after=0, last=2**62, most=100)]
    assert seqs == list(range(1, 3 + 8 + 1))
    assert verify_audit(desk).broken_at is None


@pytest.mark.req("CORE-11")
def test_two_processes_chain_their_events_into_one(
    desk: Desk, twin_desk: Desk, at_once: Callable[..., list[object]]
) -> None:
    each = 10
    works = [lambda d=d: [submit(d, LI, wish("free")) for _ in range(each)] for d in (desk, twin_desk) * 2]
    answers = at_once(works)
    assert all(isinstance(a, list) for a in answers), answers
    verdict = verify_audit(desk)
    assert (verdict.events, verdict.broken_at) == (3 + 4 * each, None)


def test_a_secret_is_stored_as_dots(desk: Desk) -> None:
    facts = {"deep": [{"password": Secret("hunter2")}], "plain": "x"}
    desk.store.write(lambda tx: tx.append(Event(kind=Kind.ALARM, at=tx.now(), facts=facts)))
    body = desk.store.rows("events_between", after=3, last=2**62, most=1)[0]["body"]
    assert DOTS in body
    with desk.store.engine.connect() as connection:
        assert "hunter2" not in str(connection.execute(text("SELECT * FROM event")).all())


def test_whatever_a_host_says_can_be_stored(desk: Desk) -> None:
    said = {"lone": "half \ud83d of a pair", "nul": "a\x00b", "number": float("nan"), "zh": "账套"}
    desk.store.write(lambda tx: tx.append(Event(kind=Kind.ALARM, at=tx.now(), facts=said)))
    body = desk.store.rows("events_between", after=3, last=2**62, most=1)[0]["body"]
    assert "half \\ud83d of a pair" in body
    assert "账套" in body
    assert verify_audit(desk).broken_at is None


def test_the_feed_of_a_tenant_says_how_far_it_looked_and_is_walked_in_stretches(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake.read, "MOST_WALKED", 4)
    for _ in range(6):
        submit(desk, CHEN, wish("free", "beta/prod"))
    submit(desk, LI, wish("free"))
    end, looked, seen, after = head(desk), 0, [], 0
    while True:
        found = feed(desk, LI, after)
        looked, seen, after = looked + 1, seen + found.events, found.position
        if not found.more:
            break
    assert [(e.tenant, e.kind) for e in seen] == [("acme", Kind.USER_CHANGED), ("acme", Kind.ASKED)]
    assert (after, looked) == (end, -(-end // 4))
    assert feed(desk, LI, end) == Stretch(events=[], position=end, more=False)
    assert [e.seq for e in feed(desk, OPERATOR, 0).events] == [1, 2, 3, 4]
