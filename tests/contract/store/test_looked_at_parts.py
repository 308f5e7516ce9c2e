"""What only a look knows of a part adds to the record and corrects it, and never takes its messages away."""

from collections.abc import Callable

import pytest

from domain.text import Text
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claims
from runner.hold import Hold
from tests.stage import LI, wish

MakeClaims = Callable[..., Claims]


@pytest.mark.req("SQL-6", "CORE-2")
def test_a_look_corrects_colours_and_keeps_messages(desk: Desk, claims: MakeClaims) -> None:
    submit(desk, LI, wish())
    hold = Hold(desk.store, claims("w1").due(1)[0], "w1")
    hold.begin(0, 1)
    for number, colour in ((1, "green"), (2, "grey")):
        hold.part(number, {"colour": colour, "events": ["said"], "looked": False})
    hold.flush()
    for number, colour in ((1, "green"), (2, "green"), (3, "red")):
        hold.part(number, {"colour": colour, "events": [], "looked": True})
    hold.release(Text("还", "back"))
    rows = desk.store.rows("parts", job=hold.job.number, step="s0", after=0, most=9)
    assert [(r["number"], r["colour"], "said" in r["facts"]) for r in rows] == [
        (1, "green", True), (2, "green", False), (3, "red", False),
    ]  # fmt: skip


@pytest.mark.req("SQL-6")
def test_what_is_taken_back_in_the_same_commit_stays_taken_back(desk: Desk, claims: MakeClaims) -> None:
    submit(desk, LI, wish())
    hold = Hold(desk.store, claims("w1").due(1)[0], "w1")
    hold.begin(0, 1)
    hold.part(1, {"colour": "unknown", "events": [], "looked": True})
    hold.part(2, {"colour": "green", "events": ["said"], "looked": False})
    hold.part(2, {"colour": "grey", "events": [], "looked": True})
    hold.flush()
    rows = desk.store.rows("parts", job=hold.job.number, step="s0", after=0, most=9)
    assert [(r["number"], r["colour"]) for r in rows] == [(1, "unknown"), (2, "grey")]
