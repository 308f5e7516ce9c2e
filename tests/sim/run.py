"""One run: a seed makes a world, its trouble and its people; then it becomes quiet, and everything is judged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from domain.catalog import Catalog
from intake.desk import Desk
from runner.decider import Decider
from tests.contract.objects.memory import MemoryStore
from tests.sim.clients import PLACES, Client, OperatorOnDuty, Told, enrol
from tests.sim.crew import Crew, SimBell
from tests.sim.estate import ESTATE, OPERATIONS, RULES
from tests.sim.oracle import Oracle
from tests.sim.store import SimStore
from tests.sim.verdict import Verdict, settled
from tests.sim.wire import SimWire
from tests.sim.world import SECOND, World
from tests.sim.yard import Yard
from tests.stage import outbox_on

MOST_TURNS = 15_000
QUIET_TURNS = 5_000  # a run needs some hundred
STARTS_H = (4.0, 12.6, 15.4, 15.8, 22.5)  # UTC: an ordinary day, before the freeze, before a tenant's closed window
_RISKS = {
    "crash": (0.0, 0.002, 0.01),
    "freeze": (0.0, 0.001, 0.005),
    "outage": (0.0, 0.02, 0.1),
    "leave": (0.0, 0.05),
    "unreachable": (0.0, 0.05, 0.3),
    "severed_before": (0.0, 0.05, 0.15),
    "severed_during": (0.0, 0.05, 0.2),
    "severed_after": (0.0, 0.05, 0.15),
    "unverified": (0.2, 0.2),
    "die": (0.0, 0.01, 0.05),
    "reboot": (0.0, 0.01, 0.03),
    "hang": (0.0, 0.01, 0.05),
    "stays_down": (0.0, 0.02),
    "disproves": (0.0, 0.2, 0.5),
    "down_before": (0.0, 0.002, 0.01),
    "down_after": (0.0, 0.002, 0.01),
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run found."""

    seed: int
    violations: tuple[str, ...]
    counts: dict[str, int]
    lines: tuple[str, ...]
    fingerprint: int


def simulate(seed: int) -> Result:
    """Run one seed to its end. The same seed gives the same run, on any machine."""
    scene = _Scene(seed)
    with _listening(scene.world):
        scene.trouble()
        scene.quiet()
        return scene.judged()


class _Ear(logging.Handler):
    """What the core logs as an error of its own, and then goes on from, is a violation here."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._world.violate("own-error", f"{record.getMessage()}: {error!r}")


@contextmanager
def _listening(world: World) -> Iterator[None]:
    log, ear = logging.getLogger("yunwei"), _Ear(world)
    log.addHandler(ear)
    log.propagate, before = False, log.propagate
    try:
        yield
    finally:
        log.removeHandler(ear)
        log.propagate = before


class _Scene:
    """Everything of one run."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        dice = self.world.dice
        self.world.now_us = int((dice.choice(STARTS_H) * 3600 + dice.uniform(0, 1200)) * SECOND)
        self.risk = {name: dice.choice(levels) for name, levels in _RISKS.items()}
        self.store = SimStore(self.world, self.risk)
        self.hosts = Yard(self.world, self.risk)
        self.oracle = Oracle(self.world, self.store, self.hosts)
        bell = SimBell(self.world)
        decider = Decider(estate=ESTATE, rules=RULES)
        catalog, artifacts = Catalog(OPERATIONS), MemoryStore()
        outbox = outbox_on(ESTATE, OPERATIONS)
        desk = {"store": self.store, "catalog": catalog, "decider": decider, "bell": bell}
        self.desk = Desk(**desk, artifacts=artifacts, outbox=outbox)
        wire = SimWire(self.world, self.hosts, self.risk)
        self.crew = bell.crew = Crew(self.world, self.desk, wire, self.risk, dice.choice((1, 2, 3)))
        self.told = Told()
        self.operator = OperatorOnDuty(self.world, self.desk, self.told)
        self.clients = self._people()

    def _people(self) -> list[Client]:
        dice = self.world.dice
        names = [(tenant, f"{tenant}{n}") for tenant in PLACES for n in (1, 2)]
        chosen = dice.sample(names, dice.choice((1, 2, 3)))
        return [Client(self.world, self.desk, self.told, t, n, dice.randrange(3, 8)) for t, n in chosen]

    def trouble(self) -> None:
        """Everybody works, and everything goes wrong."""
        enrol(self.desk)
        self.world.landmarks = self.oracle.landmark
        self.crew.open()
        people = self.world.party("people", "people")
        for client in self.clients:
            self.world.spawn(people, client.me.name, client.live)
        self.world.spawn(people, "op", self.operator.live)
        ends = self.world.now_us + self.world.dice.choice((600, 3600, 4 * 3600)) * SECOND
        self.world.run(lambda: self.world.now_us > ends and all(c.over for c in self.clients), MOST_TURNS)

    def quiet(self) -> None:
        """All is healthy again: what was accepted must come to an end, or to a question."""
        self.world.tell("QUIET from here on")
        for name in self.risk:
            self.risk[name] = 0.0
        for host in self.hosts.all.values():
            host.away_until, host.service = 0, 4
        self.operator.shift_over = True
        self.crew.rest()
        if self.world.dice.random() < 0.7:
            self._decide_everything()
        if not self.world.run(lambda: settled(self.oracle), QUIET_TURNS):
            self.world.tell("the quiet did not end")

    def _decide_everything(self) -> None:
        office = self.world.party("night office", "people")
        for _ in range(3):
            if not self.world.run(lambda: settled(self.oracle), QUIET_TURNS):
                return
            deciding = self.world.spawn(office, "night-op", self.operator.decide_all)
            self.world.run(lambda deciding=deciding: deciding.turn.dead, QUIET_TURNS)  # type: ignore[misc]

    def judged(self) -> Result:
        self.world.current = None
        Verdict(self.world, self.store, self.desk, self.hosts, self.oracle, self.told).judge()
        self._count()
        for party in list(self.world.parties):
            self.world.kill(party)
        self.store.close()
        world = self.world
        return Result(
            seed=world.seed,
            violations=tuple(world.violations),
            counts=world.counts,
            lines=tuple(world.lines),
            fingerprint=world.fingerprint,
        )

    def _count(self) -> None:
        states: dict[str, Any] = {}
        for row in self.oracle.rows.values():
            states[row.state] = states.get(row.state, 0) + 1
        for state, count in states.items():
            self.world.count(state if state != "needs-attention" else "left to a person", count)
        self.world.count("jobs", len(self.oracle.rows))
        self.world.count("turns", self.world.turns)
