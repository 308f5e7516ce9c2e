"""SIGSTOP past the lease and SIGCONT: the zombie neither acts nor writes. In mid-transaction it holds nobody up."""

import sys
import threading
from typing import Any

import pytest

from domain.event import Kind
from runner.clock import SteadyClock
from runner.store.store import Store
from tests.chaos.leash import Leash
from tests.chaos.processes import Running
from tests.services import Postgres

HOLDER = """
import json, os, signal, sys
from domain.errors import StoreDown
from runner.clock import SteadyClock
from runner.store.store import Store

def hold(tx):
    tx.rows("chain_head")
    print(json.dumps({"holding": True}), flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    tx.rows("chain_head")

try:
    Store(sys.argv[1], SteadyClock()).write(hold)
    print(json.dumps({"wrote": True}), flush=True)
except StoreDown:
    print(json.dumps({"wrote": False}), flush=True)
"""


@pytest.mark.req("CORE-2", "CORE-3", "CORE-11")
def test_a_worker_thawed_after_its_lease_neither_acts_nor_writes(stage: Any) -> None:
    stage.host().faults.ask("slow", seconds=3.0, match="iis-restart/1")
    stage.workers()
    number = stage.ask()
    stage.await_kind(number, Kind.STEP_BEGUN, step="restart:app1")
    stage.wait(lambda: not stage.host().faults.active(), "the command is on the host")
    zombie = stage.holder(number)
    stage.freeze(zombie)
    stage.await_state(number, "succeeded")
    told = stage.events(number)
    for other in stage.others(zombie):
        other.stop()
    zombie.thaw()
    again = stage.ask()  # nobody else is left: the zombie is alive and well
    stage.await_state(again, "succeeded")
    assert stage.events(number) == told
    assert stage.restarts(number) == ["app1", "app2"]
    assert stage.restarts(again) == ["app1", "app2"]
    assert stage.audit_holds()


@pytest.mark.req("CORE-2")
def test_a_worker_frozen_before_its_begin_cannot_begin_after_its_lease(stage: Any) -> None:
    stage.host().faults.ask("slow", seconds=4.0, match="lb-file/1")
    stage.workers()
    number = stage.ask()
    stage.wait(lambda: not stage.host().faults.active(), "app1 is being drained")
    zombie = stage.holder(number)
    stage.freeze(zombie)
    stage.await_state(number, "succeeded")
    for other in stage.others(zombie):
        other.stop()
    zombie.thaw()
    again = stage.ask()
    stage.await_state(again, "succeeded")
    begun = [e for e in stage.events(number) if e.kind is Kind.STEP_BEGUN]
    assert [e.facts["step"] for e in begun] == ["restart:app1", "restart:app2"]
    assert stage.restarts(number) == ["app1", "app2"]


@pytest.mark.services
@pytest.mark.req("CORE-11")
def test_a_process_frozen_inside_a_transaction_does_not_hold_up_the_others(
    postgres: Postgres, leash: Leash, tmp_path: Any
) -> None:
    with postgres.database() as url:
        command = [sys.executable, "-c", HOLDER, url]
        frozen = Running(leash, "holder", command, tmp_path / "holder.log")
        try:
            frozen.ready()
            assert _writes(url), "the frozen process keeps the chain's row, and so everybody, for ever"
            frozen.thaw()
            assert frozen.ready() == {"wrote": False}
        finally:
            frozen.kill()


def _writes(url: str, timeout_s: float = 20.0) -> bool:
    """Whether somebody else can still write to the store."""
    done = threading.Event()

    def write() -> None:
        store = Store(url, SteadyClock())
        store.write(lambda tx: tx.rows("chain_head"))
        store.close()
        done.set()

    threading.Thread(target=write, daemon=True).start()
    return done.wait(timeout_s)
