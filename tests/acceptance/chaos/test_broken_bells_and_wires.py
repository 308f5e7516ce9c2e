"""The bell's storage vanishes, the wire is cut: everything still happens, and once."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.event import Kind
from tests.services import Valkey

JOBS = 20


@pytest.mark.req("CORE-1", "CORE-11")
def test_every_job_runs_once_although_the_embedded_bell_is_deleted(new_stage: Callable[..., Any]) -> None:
    stage = new_stage(environments=6)
    stage.workers()
    half = _ask(stage, JOBS // 2)
    for file in (stage.folder / "home").glob("bell.db*"):
        file.unlink()
    _all_once(stage, half + _ask(stage, JOBS // 2))


@pytest.mark.services
@pytest.mark.req("CORE-1", "CORE-11")
def test_every_job_runs_once_although_the_bells_server_goes_away_and_comes_back_empty(
    new_stage: Callable[..., Any], valkey: Valkey
) -> None:
    stage = new_stage(environments=6, bell=valkey.url)
    stage.workers()
    half = _ask(stage, JOBS // 4)
    valkey.stop()
    away = _ask(stage, JOBS // 4)
    valkey.start()
    _all_once(stage, half + away + _ask(stage, JOBS // 4))


@pytest.mark.req("CORE-2", "CORE-3")
@pytest.mark.parametrize("order", ["one-by-one", "all-at-once"])
def test_a_connection_cut_before_or_after_the_effect_repeats_nothing(new_stage: Callable[..., Any], order: str) -> None:
    cuts = [(action, point) for action in ("Create", "Command", "Send", "Receive") for point in ("before", "after")]
    stage = new_stage(environments=len(cuts))
    jobs = {}
    for number, (action, point) in enumerate(cuts, 1):
        place = "ledger-test/prod" + ("" if number == 1 else f"-{number}")
        stage.host(f"app{2 * number - 1}").faults.ask("cut", action=action, point=point)
        jobs[stage.ask(place, order)] = place
    stage.workers(1)
    for job, place in jobs.items():
        stage.wait(lambda n=job: stage.state(n) not in ("waiting", "running"), f"{place} has ended")
        assert len(stage.restarts(job)) == len(set(stage.restarts(job)))
        assert (stage.state(job), len(stage.restarts(job))) == ("succeeded", 2) or _honest(stage, job)


def _honest(stage: Any, job: int) -> bool:
    """Half of an all-at-once restart provably did not happen: it failed, and says of which server."""
    (end,) = [e for e in stage.events(job) if e.kind is Kind.FAILED]
    told = {host.rsplit("/", 1)[1]: said["outcome"] for host, said in end.facts["evidence"].items()}
    assert sorted(h for h, outcome in told.items() if outcome == "done") == sorted(stage.restarts(job))
    return True


def _ask(stage: Any, count: int) -> list[int]:
    places = [f"ledger-test/prod{suffix}" for suffix in ("", *(f"-{n}" for n in range(2, 7)))]
    return [stage.ask(places[n % len(places)], "all-at-once" if n % 3 == 0 else "one-by-one") for n in range(count)]


def _all_once(stage: Any, jobs: list[int]) -> None:
    for job in jobs:
        stage.await_state(job, "succeeded")
        assert len(stage.restarts(job)) == len(set(stage.restarts(job))) == 2
    assert stage.audit_holds()
