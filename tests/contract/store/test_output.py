"""What a job says is stored in order; a flood waits for the store, and what cannot be kept is told to be missing."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

import runner.hold
import runner.patience
from domain.errors import StoreDown
from domain.text import Text
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claims
from runner.hold import MOST_REMARKS, Hold
from tests.stage import LI, wish

pytestmark = pytest.mark.req("CORE-6")


@pytest.fixture
def hold(desk: Desk, claims: Callable[..., Claims]) -> Hold:
    submit(desk, LI, wish())
    return Hold(desk.store, claims("w1").due(1)[0], "w1")


def said(desk: Desk, hold: Hold) -> list[dict[str, Any]]:
    """The facts of every output event of this job, in order."""
    found, after = [], 0
    while rows := desk.store.rows("job_events_after", job=hold.job.number, after=after, most=1000):
        found += [json.loads(r["body"]) for r in rows if r["kind"] == "output"]
        after = rows[-1]["seq"]
    return found


def test_a_flood_of_lines_waits_for_the_store_and_none_is_lost(desk: Desk, hold: Hold) -> None:
    lines = 2 * MOST_REMARKS + 10

    def talk() -> None:
        for n in range(lines):
            hold.say("stdout", f"line {n}")

    talker = threading.Thread(target=talk)
    talker.start()
    while talker.is_alive():
        hold.flush()
    hold.flush()
    assert [f["line"] for f in said(desk, hold)] == [f"line {n}" for n in range(lines)]


def test_when_nothing_can_be_stored_the_work_goes_on_and_the_log_says_where_lines_are_missing(
    desk: Desk, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.hold, "ROOM_S", 0.0)
    for n in range(MOST_REMARKS + 10):
        hold.say("stdout", f"line {n}")
    hold.flush()
    hold.say("stdout", "there is room again")
    hold.flush()
    told = said(desk, hold)
    assert len(told) == MOST_REMARKS + 2
    assert [f.get("incomplete") for f in told[-2:]] == [True, None]
    assert (told[-3]["line"], told[-1]["line"]) == (f"line {MOST_REMARKS - 1}", "there is room again")


def test_the_output_of_a_job_that_is_lost_waits_for_nobody(hold: Hold) -> None:
    for n in range(MOST_REMARKS):
        hold.say("stdout", f"line {n}")
    waiting = threading.Thread(target=lambda: hold.say("stdout", "one too many"))
    waiting.start()
    hold.stop(lost=True)
    waiting.join(runner.hold.ROOM_S / 2)
    assert not waiting.is_alive()


def test_lines_that_are_on_their_way_to_a_store_that_is_away_count_as_gathered(
    desk: Desk, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.hold, "ROOM_S", 0.0)
    monkeypatch.setattr(runner.patience, "STORE_PAUSES_S", ())
    write = desk.store.write

    def away(body: Callable[[Any], Any]) -> Any:
        def too_late(tx: Any) -> None:
            body(tx)
            for n in range(MOST_REMARKS):  # they are still said while the commit fails
                hold.say("stdout", f"later {n}")
            raise StoreDown(Text("不可用", "away"))

        return write(too_late)

    for n in range(MOST_REMARKS):
        hold.say("stdout", f"line {n}")
    monkeypatch.setattr(desk.store, "write", away)
    with pytest.raises(StoreDown):
        hold.flush()
    monkeypatch.setattr(desk.store, "write", write)
    hold.flush()
    told = said(desk, hold)
    assert len(told) == MOST_REMARKS + 1
    assert told[-1]["incomplete"]
