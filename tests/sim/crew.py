"""The workers there are, the bell they hear, and what befalls them: crashes, freezes, outages, departures."""

from intake.desk import Desk
from tests.sim.wire import SimWire
from tests.sim.worker import SimWorker
from tests.sim.world import SECOND, Actor, World


class SimBell:
    """Rings get lost, come twice, or are about jobs that nobody rang for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.crew: Crew | None = None

    def ring(self, number: int) -> None:
        chance = self._world.dice.random()
        if chance < 0.15:
            self._world.tell(f"the ring for job {number} is lost")
            return
        rung = [number, number] if chance < 0.25 else [self._world.dice.randrange(1, 99)] if chance < 0.3 else [number]
        listening = [w for w in self.crew.here() if not w.party.frozen_until] if self.crew else []
        if listening:
            self._world.dice.choice(listening).rung(rung)

    def hear(self, stop: object) -> list[int]:
        return []

    def close(self) -> None:
        """Nothing is held."""


class Crew:
    """Keeps `size` workers running, each with a name of its own, until it is told to be calm."""

    def __init__(self, world: World, desk: Desk, wire: SimWire, risk: dict[str, float], size: int) -> None:
        self.world = world
        self._desk = desk
        self._wire = wire
        self._risk = risk
        self._size = size
        self._hired = 0
        self._workers: list[SimWorker] = []
        self._office = world.party("office", "office")
        self.calm = False
        world.harm = self.harm

    def here(self) -> list[SimWorker]:
        return [w for w in self._workers if w.party.alive]

    def hire(self) -> None:
        self._hired += 1
        worker = SimWorker(self.world, self._desk, self._wire, f"w{self._hired}")
        self._workers = [*self.here(), worker]
        worker.begin()

    def open(self) -> None:
        """Everybody starts; the office looks after them."""
        for _ in range(self._size):
            self.hire()
        self.world.spawn(self._office, "office", self._run_office)

    def rest(self) -> None:
        """From now on nothing bad happens: the frozen thaw, and enough are here."""
        self.calm = True
        for party in self.world.parties:
            if party.frozen_until:
                party.frozen_until = self.world.now_us
        while len(self.here()) < 2:
            self.hire()

    def harm(self, actor: Actor, label: str) -> str:
        """What befalls an actor at a point: nothing, mostly."""
        if self.calm or actor.party.kind != "worker":
            return ""
        risk = self._risk
        busy = 4.0 if actor.hold else 0.5  # more is to be learned from a worker that has work in hand
        chance = self.world.dice.random()
        if chance < risk["crash"] * busy:
            return "crash"
        if chance < (risk["crash"] + risk["freeze"]) * busy:
            return f"freeze:{self.world.dice.choice((8, 25, 25, 60, 300, 4000))}"
        return ""

    def _run_office(self) -> None:
        """Replace the dead after a while; sometimes everybody is away for long, or one leaves in good order."""
        while not self.calm:
            self.world.wait(None, self.world.dice.choice((20, 60, 60, 300)), idle=len(self.here()) == self._size)
            if self.calm:
                return
            chance = self.world.dice.random()
            if chance < self._risk["outage"]:
                self._outage()
            elif chance < self._risk["outage"] + self._risk["leave"] and len(self.here()) > 1:
                self.world.dice.choice(self.here()).leave(self.world.dice.choice((0.0, 30.0)))
            elif len(self.here()) < self._size:
                self.hire()

    def _outage(self) -> None:
        """All workers die, or hang, for minutes or hours: what was due meanwhile is late."""
        away_s = self.world.dice.choice((120, 600, 3600, 5 * 3600))
        self.world.tell(f"an outage of {away_s} s")
        self.world.count("outages")
        for worker in self.here():
            if self.world.dice.random() < 0.5:
                self.world.strike(worker.party, "crash")
            else:
                self.world.strike(worker.party, f"freeze:{away_s}")
        until = self.world.now_us + away_s * SECOND
        while self.world.now_us < until and not self.calm:
            self.world.wait(None, 60.0)
