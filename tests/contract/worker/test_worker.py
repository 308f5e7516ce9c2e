"""What a worker does with a job, whatever store and bell it works on."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.command import Call, Command, Reading
from domain.errors import Severed, Stopped
from domain.event import Kind
from domain.job import FINAL, State
from domain.text import Text
from intake.approve import resolve
from intake.change import cancel
from intake.read import verify_audit
from intake.submit import submit, submit_many
from intake.workers import pause, workers
from tests.stage import LI, OPERATOR, wish

ENDED = (Kind.SUCCEEDED, Kind.FAILED, Kind.CANCELLED, Kind.UNDECIDED, Kind.MISSED, Kind.REFUSED)


def in_s(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.req("CORE-6", "CARD-5")
def test_an_immediate_job_runs_each_step_once_and_every_move_is_told(shop: Any) -> None:
    shop.worker()
    number = submit(shop.desk, LI, wish(params={"steps": 3})).number
    shop.ears.wait(number, *ENDED)
    assert [e[:2] for e in shop.wire.effects] == [(number, "s0"), (number, "s1"), (number, "s2")]
    moves = [k for k in shop.ears.kinds(number) if k in (Kind.ASKED, Kind.CLAIMED, *ENDED)]
    assert moves == [Kind.ASKED, Kind.CLAIMED, Kind.SUCCEEDED]
    job = shop.job(number)
    assert (job.state, job.percent, job.tries) == (State.SUCCEEDED, 100, 1)
    assert verify_audit(shop.desk).broken_at is None


@pytest.mark.req("CORE-4")
def test_a_planned_job_starts_at_its_time_and_never_before(shop: Any) -> None:
    shop.worker()
    numbers = [submit(shop.desk, LI, wish("free", planned_at=in_s(0.6 + n * 0.05))).number for n in range(6)]
    for number in numbers:
        shop.ears.wait(number, *ENDED)
        job = shop.job(number)
        assert job.started_at >= job.planned_at
        assert job.started_at - job.planned_at < timedelta(seconds=3)


@pytest.mark.req("INT-1", "INT-7")
def test_a_job_cancelled_before_its_start_never_starts(shop: Any) -> None:
    shop.worker()
    number = submit(shop.desk, LI, wish(planned_at=in_s(1.5))).number
    after = submit(shop.desk, LI, wish("free", planned_at=in_s(1.8))).number
    assert cancel(shop.desk, LI, number, {"reason": "another day"}) is State.CANCELLED
    shop.ears.wait(after, *ENDED)
    assert [e[0] for e in shop.wire.effects] == [after]
    assert shop.job(number).state is State.CANCELLED


@pytest.mark.req("CORE-6")
def test_a_running_job_is_stopped_by_a_cancel_and_ends_after_what_had_begun_was_looked_at(shop: Any) -> None:
    shop.worker()

    def until_stopped(command: Command, call: Call) -> Reading:
        gate = shop.wire.gate("s0")
        gate.pass_through(call)
        raise Stopped(Text("停", "stopped, and verified"))

    shop.wire.acts["s0"] = until_stopped
    number = submit(shop.desk, LI, wish(params={"steps": 2})).number
    assert shop.wire.gate("s0").reached.wait(20)
    assert cancel(shop.desk, OPERATOR, number, {"reason": "wrong environment"}) is State.STOPPING
    assert shop.ears.wait(number, *ENDED).kind is Kind.CANCELLED
    assert (shop.wire.looks, shop.wire.effects) == ([(number, "s0")], [])


@pytest.mark.req("CORE-12", "CORE-2")
def test_a_worker_that_stops_hands_its_job_over_between_two_steps(shop: Any) -> None:
    first, gate = shop.worker(), shop.wire.gate("s0")
    number = submit(shop.desk, LI, wish(params={"steps": 3})).number
    assert gate.reached.wait(20)
    first._stopping.set()  # it claims no more
    second = shop.worker()
    for hold in first._held():
        hold.asked_to_release.set()
    gate.opened.set()
    assert first.stop(grace_s=10) == []
    shop.workers.remove(first)
    shop.ears.wait(number, *ENDED)
    assert [e[:2] for e in shop.wire.effects] == [(number, "s0"), (number, "s1"), (number, "s2")]
    assert Kind.RELEASED in shop.ears.kinds(number)
    assert Kind.LOST not in shop.ears.kinds(number)
    assert [w["id"] for w in workers(shop.desk)] == [second.id]


@pytest.mark.req("CORE-2")
def test_a_worker_that_has_nothing_stops_at_once(shop: Any) -> None:
    worker = shop.worker()
    shop.workers.remove(worker)
    assert worker.stop(grace_s=10) == []
    assert workers(shop.desk) == []


@pytest.mark.req("CORE-12")
def test_a_claim_that_is_on_its_way_when_a_worker_stops_is_handed_over(shop: Any) -> None:
    worker = shop.worker(start=False)
    claims, reached, go_on = worker._claims.next, threading.Event(), threading.Event()

    def slow(free: int) -> Any:
        found = claims(free)
        if found.claimed:
            reached.set()
            assert go_on.wait(20)
        return found

    worker._claims.next = slow
    worker.start()
    number = submit(shop.desk, LI, wish(params={"steps": 2})).number
    assert reached.wait(20)
    left: list[list[int]] = []
    stopper = threading.Thread(target=lambda: left.append(worker.stop(grace_s=10)))
    stopper.start()
    assert worker._stopping.wait(20)
    go_on.set()
    stopper.join(20)
    shop.workers.remove(worker)
    assert left == [[]]
    assert shop.job(number).state in (State.WAITING, State.SUCCEEDED)
    shop.worker()
    shop.ears.wait(number, *ENDED)
    assert [e[1] for e in shop.wire.effects] == ["s0", "s1"]


def lose_worker_in_step(shop: Any, **params: Any) -> int:
    """A worker dies while its first step is on the wire; the wire's thread hangs on, as on a remote host."""
    first, gate = shop.worker(), shop.wire.gate("s0")
    number = submit(shop.desk, LI, wish(params=params)).number
    assert gate.reached.wait(20)
    shop.kill(first)
    return int(number)


@pytest.mark.req("CORE-1", "CORE-2", "CORE-3")
def test_a_lost_workers_step_is_looked_at_and_never_done_again(shop: Any) -> None:
    number = lose_worker_in_step(shop, steps=2)
    shop.worker()
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    shop.wire.gate("s0").opened.set()  # the dead worker's thread wakes, and may not go on
    kinds = shop.ears.kinds(number)
    assert [k for k in kinds if k in (Kind.LOST, Kind.RELEASED)] == [Kind.LOST, Kind.RELEASED]
    assert Counter(e[1] for e in shop.wire.effects) == {"s0": 1, "s1": 1}
    assert shop.wire.looks == [(number, "s0")]
    assert shop.job(number).epoch == 3  # claimed, looked at, claimed again for what was left


@pytest.mark.req("CORE-1", "CORE-2")
def test_a_step_that_provably_did_not_happen_is_done_under_a_new_token(shop: Any) -> None:
    shop.wire.found = "not-done"
    number = lose_worker_in_step(shop, steps=1)
    shop.wire.gates.clear()
    shop.worker()
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    tokens = [e[2] for e in shop.wire.effects]
    assert [t.split("-", 1)[1] for t in tokens] == ["run1-s0", "run2-s0"]
    assert all(t.startswith(f"job{number}.") for t in tokens)


@pytest.mark.req("CORE-2")
def test_what_nobody_can_tell_goes_to_an_operator_whose_word_counts(shop: Any) -> None:
    shop.wire.found = "cannot-tell"
    number = lose_worker_in_step(shop, steps=2)
    shop.worker()
    assert shop.ears.wait(number, *ENDED).kind is Kind.UNDECIDED
    assert shop.job(number).state is State.NEEDS_ATTENTION
    assert resolve(shop.desk, OPERATOR, number, {"word": "done", "opinion": "I looked"}) is State.WAITING
    assert shop.ears.wait(number, Kind.SUCCEEDED).kind is Kind.SUCCEEDED
    assert [e[1] for e in shop.wire.effects] == ["s0", "s1"]


@pytest.mark.req("CORE-2")
def test_a_harmless_step_of_a_lost_worker_is_simply_done_again(shop: Any) -> None:
    def hang_once(command: Command, call: Call) -> Reading:
        gate = shop.wire.gate("s0")
        first = not gate.reached.is_set()
        if first:
            gate.pass_through(call)
        return Reading(facts={})

    shop.wire.acts["s0"] = hang_once
    first, gate = shop.worker(), shop.wire.gate("s0")
    number = submit(shop.desk, LI, wish("free", params={"steps": 1, "destructive": False})).number
    assert gate.reached.wait(20)
    shop.kill(first)
    shop.worker()
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    kinds = shop.ears.kinds(number)
    assert Kind.RELEASED in kinds
    assert Kind.LOST not in kinds
    gate.opened.set()


@pytest.mark.req("CORE-1")
def test_a_wire_that_breaks_after_sending_leads_to_a_look_not_to_a_second_sending(shop: Any) -> None:
    sent: list[str] = []

    def cut(command: Command, call: Call) -> Reading:
        sent.append("s0")
        raise Severed(Text("断", "the wire broke"))

    shop.wire.acts["s0"] = cut
    shop.worker()
    number = submit(shop.desk, LI, wish()).number
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    assert (sent, shop.wire.looks) == (["s0"], [(number, "s0")])


@pytest.mark.req("CORE-12")
def test_a_paused_worker_claims_nothing_until_it_is_resumed(shop: Any) -> None:
    worker = shop.worker()
    pause(shop.desk, "operator", worker.id, paused=True)
    beaten = shop.desk.store.row("account", name="li")
    assert beaten is not None
    _wait_for(lambda: worker._paused)
    number = submit(shop.desk, LI, wish()).number
    running = shop.worker(start=False)
    assert (shop.job(number).state, running.holds()) == (State.WAITING, [])
    pause(shop.desk, "operator", "all", paused=False)
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    shop.workers.remove(running)


def _wait_for(condition: Callable[[], object], wait_s: float = 20.0) -> None:
    tick = threading.Event()
    for _ in range(int(wait_s / 0.02)):
        if condition():
            return
        tick.wait(0.02)
    raise AssertionError("it did not come true")


@pytest.mark.req("CORE-1", "CORE-11")
def test_many_jobs_with_two_workers_each_run_once(shop: Any) -> None:
    shop.worker()
    shop.worker()
    answers = submit_many(shop.desk, LI, [wish("free") for _ in range(60)])
    numbers = [a.number for a in answers]
    for number in numbers:
        assert shop.ears.wait(number, *ENDED, wait_s=60).kind is Kind.SUCCEEDED
    assert Counter(e[0] for e in shop.wire.effects) == dict.fromkeys(numbers, 1)
    assert verify_audit(shop.desk).broken_at is None


@pytest.mark.req("CORE-1")
@pytest.mark.parametrize(("kind", "steps"), [(Kind.RESUMED, 1), (Kind.RELEASED, 2)])
def test_a_way_out_of_doubt_whose_answer_was_lost_is_gone_all_the_same(shop: Any, kind: Kind, steps: int) -> None:
    number = lose_worker_in_step(shop, steps=steps)
    store = shop.forgetful_store(kind)
    shop.worker(store=store)
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    assert store.forgot
    assert Counter(e[1] for e in shop.wire.effects) == {f"s{n}": 1 for n in range(steps)}


@pytest.mark.req("CORE-6")
def test_whatever_a_target_says_a_job_can_tell_of_it_and_end(shop: Any) -> None:
    def odd(command: Command, call: Call) -> Reading:
        call.say("stdout", "half \ud83d of a pair, and \x00")
        call.say("stdout", "x" * 50_000)
        return Reading(facts={"n": float("inf")})

    shop.wire.acts["s0"] = odd
    shop.worker()
    number = submit(shop.desk, LI, wish()).number
    assert shop.ears.wait(number, *ENDED).kind is Kind.SUCCEEDED
    assert shop.job(number).state in FINAL
    assert verify_audit(shop.desk).broken_at is None
