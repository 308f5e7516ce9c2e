"""One configuration from the first process to the verdict."""

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from domain.errors import StoreDown
from intake.read import verify_audit
from runner.store.schema import job as jobs
from runner.store.schema import part
from tests.chaos.attendant import Attendant
from tests.chaos.customers import Customers
from tests.chaos.data_centers import colours_of, seen
from tests.chaos.history import DataCenters, History, jobs_of
from tests.chaos.leash import Leash
from tests.chaos.monkey import Monkey
from tests.chaos.oracle import ENDED, verdict
from tests.chaos.processes import wait_until
from tests.chaos.reconcile import times_s
from tests.chaos.report import Row, dump, row_of, spread
from tests.chaos.scene import Plan, Scene
from tests.chaos.wishes import wishes

JOBS_PER_S: Final = 1.8
LEAST_S: Final = 15.0
SETTLE_S: Final = 180.0
TELL_S: Final = 10.0


def run(plan: Plan, seed: int, count: int, folder: Path, leash: Leash) -> tuple[Row, bool]:
    """Run a configuration. Answers its figures, and whether all that must be 0 is 0."""
    began = time.monotonic()
    scene = Scene(plan, seed, folder, leash)
    try:
        scene.open()
        history, monkey = _perform(scene, count)
    finally:
        scene.close()
    found = verdict(history)
    more = spread(times_s(history.jobs.values(), monkey.kills))
    more |= {"died by themselves": _unexpected(scene), "seconds": round(time.monotonic() - began)}
    right = not any(found.values())
    if not right:
        dump(folder / "found.jsonl", seed, history, found)
    return row_of(plan.name, history, found, monkey.counts, more), right


def _perform(scene: Scene, count: int) -> tuple[History, Monkey]:
    over_s = max(LEAST_S, count / JOBS_PER_S)
    wanted = [scene.hand_in(wish) for wish in wishes(scene.seed, count, scene.ground(), over_s)]
    customers = Customers(scene.door(), wanted)
    monkey, attendant = Monkey(scene), Attendant(scene)
    for each in (attendant, customers, monkey):
        each.start()
    _watch(scene, customers, monkey, over_s)
    monkey.stop()
    customers.join(SETTLE_S)
    _settle(scene)
    attendant.stop()
    return _gather(scene, customers, attendant), monkey


def _watch(scene: Scene, customers: Customers, monkey: Monkey, over_s: float) -> None:
    """Let it happen: as long as wishes come in, and a while longer."""
    until = time.monotonic() + over_s
    while (left_s := until - time.monotonic()) > 0:
        say(f"{scene.plan.name}: {customers.done()} accepted, {dict(_counts(scene))}, {_brief(monkey)}")
        threading.Event().wait(min(left_s, TELL_S))


def _settle(scene: Scene) -> None:
    """Everything is healthy again: every job ends, or is an operator's."""

    def over() -> bool:
        left = {state: n for state, n in _counts(scene).items() if state not in ENDED or state == "needs-attention"}
        return not left

    try:
        wait_until(over, SETTLE_S, "every job has ended", every_s=0.5)
    except TimeoutError as slow:  # the oracle will call them lost
        say(f"{scene.plan.name}: {slow}; {dict(_counts(scene))}")


def _gather(scene: Scene, customers: Customers, attendant: Attendant) -> History:
    estate = scene.product.inventory.estate
    hosts = {path: tuple(h.name for h in place.environment.app_hosts) for path, place in estate.places.items()}
    return History(
        jobs=jobs_of(scene.product.store, hosts),
        asked=tuple(customers.asked),
        effects=tuple(scene.lab.ledger()),
        audit_ok=verify_audit(scene.product.desk).broken_at is None,
        evidence=tuple(vars(case) for case in attendant.attended),
        data=_data(scene),
    )


def _data(scene: Scene) -> DataCenters:
    colours = colours_of(scene.product.store.select(select(part.c.job, part.c.number, part.c.colour)))
    exchange, mailed = scene.folder / "lab" / "exchange", scene.mail.passwords()
    return seen(scene.sql(), scene.databases(), exchange, colours, mailed)


def _counts(scene: Scene) -> Counter[str]:
    query = select(jobs.c.state, func.count().label("n")).group_by(jobs.c.state)
    try:
        return Counter({row["state"]: row["n"] for row in scene.product.store.select(query)})
    except StoreDown:
        return Counter({"the store is away": 1})


def _unexpected(scene: Scene) -> int:
    """Processes that ended without being killed by us: they give up when the store is away as they start."""
    return sum(1 for death in scene.keeper.deaths if not death.killed)


def _brief(monkey: Monkey) -> dict[str, Any]:
    return {name: n for name, n in sorted(monkey.counts.items()) if not name.startswith("fault ")}


def say(words: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
