"""kill -9 of the worker at each named moment: nothing happens twice, nothing is left undone."""

from typing import Any

import pytest

from domain.event import Kind

ONCE_EACH = ["app1", "app2"]
RESTART = "iis-restart/1"


@pytest.mark.req("CORE-1", "CORE-2", "CORE-11")
def test_killed_after_the_claim_and_before_any_effect_the_job_is_harmlessly_taken_over(stage: Any) -> None:
    stage.host().faults.ask("hang", match="lb-file/1")
    stage.workers()
    number = stage.ask()
    stage.await_kind(number, Kind.CLAIMED)
    stage.wait(lambda: not stage.host().faults.active(), "app1 hangs")
    stage.holder(number).kill()
    stage.await_state(number, "succeeded")
    assert stage.restarts(number) == ONCE_EACH
    assert Kind.RELEASED in stage.kinds(number)
    assert Kind.LOST not in stage.kinds(number)


@pytest.mark.req("CORE-2", "CORE-3")
def test_killed_after_the_begin_and_before_the_effect_the_late_command_finds_the_door_sealed(stage: Any) -> None:
    stage.host().faults.ask("slow", seconds=4.0, match=RESTART)  # on the host, but not yet at its marker
    stage.workers()
    number = stage.ask()
    stage.await_kind(number, Kind.STEP_BEGUN, step="restart:app1")
    stage.wait(lambda: not stage.host().faults.active(), "the command is on the host")
    stage.holder(number).kill()
    stage.await_kind(number, Kind.LOOKED, outcome="not-done", step="restart:app1")
    stage.await_state(number, "succeeded")
    stage.wait(lambda: not _powershells(stage), "the late command has come to its end")
    assert stage.restarts(number) == ONCE_EACH
    assert stage.tokens(number)[0].endswith("-run2-restart.app1")


@pytest.mark.req("CORE-2", "CORE-3", "CORE-11")
def test_killed_in_the_middle_of_the_effect_the_next_worker_waits_for_its_end_and_goes_on(stage: Any) -> None:
    stage.host().faults.ask("slow", seconds=3.0, where="stop")
    stage.workers()
    number = stage.ask()
    stage.wait(lambda: stage.restarts(number) == ["app1"], "the restart of app1 has begun")
    stage.holder(number).kill()
    stage.await_kind(number, Kind.LOST)
    stage.await_kind(number, Kind.LOOKED, outcome="done", step="restart:app1")
    stage.await_state(number, "succeeded")
    assert stage.restarts(number) == ONCE_EACH


@pytest.mark.req("CORE-2", "CORE-3")
def test_killed_after_the_effect_and_before_its_record_the_marker_proves_that_it_is_done(stage: Any) -> None:
    stage.host().faults.ask("slow", seconds=0.3, where="stop")
    stage.workers()
    number = stage.ask()
    stage.wait(lambda: stage.restarts(number) == ["app1"], "the restart of app1 has begun")
    stage.holder(number).freeze()  # it will not hear of the end
    stage.wait(lambda: not _powershells(stage), "the restart of app1 has ended")
    stage.holder(number).kill()
    looked = stage.await_kind(number, Kind.LOOKED, outcome="done", step="restart:app1")
    stage.await_state(number, "succeeded")
    assert looked.facts["evidence"]["phase"] == "ended"
    assert stage.restarts(number) == ONCE_EACH
    assert stage.audit_holds()


@pytest.mark.req("CORE-3")
def test_what_nobody_can_tell_is_put_before_an_operator_with_the_evidence(stage: Any) -> None:
    stage.host().faults.ask("die_mid_restart", when="before")
    stage.workers(1)
    number = stage.ask()
    told = stage.await_kind(number, Kind.UNDECIDED)
    assert stage.state(number) == "needs-attention"
    assert told.facts["evidence"]["phase"] == "begun"
    assert told.facts["evidence"]["alive"] is False
    assert stage.restarts(number) == []


def _powershells(stage: Any) -> list[Any]:
    return [
        p for p in stage.host().as_json()["processes"] if p["name"] in ("winrshost.exe", "cmd.exe", "powershell.exe")
    ]
