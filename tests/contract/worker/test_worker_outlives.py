"""A worker outlives its jobs' mishaps, and a stop that was asked for is heard before the next sending."""

from typing import Any

import pytest

from domain.command import Call, Command, Reading
from domain.errors import Broke, Unreachable
from domain.event import Kind
from domain.text import Text
from intake.change import cancel
from intake.submit import submit
from runner.worker import Pace
from tests.stage import LI, OPERATOR, wish

ENDED = (Kind.SUCCEEDED, Kind.FAILED, Kind.CANCELLED, Kind.UNDECIDED, Kind.MISSED, Kind.REFUSED)
ONE_SLOT = Pace(slots=1, lease_s=1.5, look_s=0.3, sweep_s=0.2, write_s=0.1)


def breaking(**facts: Any) -> Any:
    def act(command: Command, call: Call) -> Reading:
        raise Broke(Text("坏", "broken"), started=False, **facts)

    return act


@pytest.mark.req("CORE-6")
def test_whatever_a_failure_says_is_recorded_as_the_outcome(shop: Any) -> None:
    shop.wire.acts["s0"] = breaking(n=float("inf"))
    shop.worker(pace=ONE_SLOT)
    number = submit(shop.desk, LI, wish()).number
    assert shop.ears.wait(number, *ENDED).kind is Kind.FAILED
    assert shop.job(number).outcome["n"] == "inf"


@pytest.mark.req("CORE-2")
def test_a_job_whose_end_cannot_be_written_is_looked_at_by_the_same_only_slot(shop: Any) -> None:
    shop.wire.acts["s0"] = breaking(n=object())  # no JSON, whatever one does
    shop.worker(pace=ONE_SLOT)
    number = submit(shop.desk, LI, wish()).number
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    assert shop.wire.looks == [(number, "s0")]


@pytest.mark.req("CORE-6")
def test_what_could_not_be_sent_is_not_sent_again_once_a_cancel_was_asked(shop: Any) -> None:
    sends: list[Command] = []

    def away(command: Command, call: Call) -> Reading:
        sends.append(command)
        shop.wire.gate("s0").pass_through(call)
        raise Unreachable(Text("断", "no route"), started=False)

    shop.wire.acts["s0"] = away
    shop.worker()
    number = submit(shop.desk, LI, wish()).number
    assert shop.wire.gate("s0").reached.wait(20)
    cancel(shop.desk, OPERATOR, number, {"reason": "wrong environment"})
    assert shop.ears.wait(number, *ENDED).kind is Kind.CANCELLED
    assert len(sends) == 1


@pytest.mark.req("CORE-3")
def test_a_worker_that_could_not_renew_its_lease_sends_nothing_more_not_even_what_is_harmless(shop: Any) -> None:
    first, gate = shop.worker(), shop.wire.gate("s0")
    number = submit(shop.desk, LI, wish(params={"steps": 2, "destructive": False})).number
    assert gate.reached.wait(20)
    (hold,) = first._held()
    shop.kill(first)  # as if frozen: its beat is gone, its job's thread goes on after the thaw
    second = shop.wire.gate("s1")
    shop.worker()
    shop.ears.wait(number, Kind.RELEASED)
    gate.opened.set()
    second.opened.set()
    shop.ears.wait(number, *ENDED)
    assert hold.over.wait(20)
    assert [e[1] for e in shop.wire.effects].count("s1") == 1
