"""Time, chance and turns: every worker, client and host process is a greenlet, and one seed says who goes next.

No threads and no real time. A greenlet gives up its turn at a `point` (around each transaction and each effect on a
wire) or in a `wait`. What the world does to it there (crash, freeze) is decided by its `harm`.
"""

import random
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from greenlet import GreenletExit, getcurrent, greenlet

ORIGIN = datetime(2026, 11, 23, tzinfo=UTC)
SECOND = 1_000_000


class Flag(Protocol):
    """An event, as far as a wait needs it."""

    def is_set(self) -> bool: ...


@dataclass(eq=False)
class Party:
    """What dies, freezes and thaws together: a worker's process, a client, a host."""

    name: str
    kind: str
    alive: bool = True
    frozen_until: int = 0
    thawed_at: int = -1  # when it last came back from a freeze that outlasted its leases
    actors: list["Actor"] = field(default_factory=list)


@dataclass(eq=False)
class Actor:
    """One greenlet of a party. `idle` waits may be skipped over when nothing is going on; `hold` is its job."""

    name: str
    party: Party
    turn: Any = None
    wake_at: int = 0
    flag: Flag | None = None
    idle: bool = False
    hold: Any = None


class World:
    """The hub: gives turns, moves the clock, keeps the trace and what went wrong."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.now_us = 0
        self.actors: list[Actor] = []
        self.parties: list[Party] = []
        self.current: Actor | None = None
        self.lines: list[str] = []
        self.violations: list[str] = []
        self.counts: dict[str, int] = {}
        self.turns = 0
        self.harm: Callable[[Actor, str], str] = lambda actor, label: ""
        self.landmarks: Callable[[], int | None] = lambda: None  # where idle time may jump to; None: do not jump
        self._struck: tuple[Actor, str] | None = None
        self._hub = getcurrent()

    # -- what happened ----------------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """A line of the trace."""
        name = self.current.name if self.current else "world"
        self.lines.append(f"{self.now_us / SECOND:>12.3f} {name:<14} {text}")

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def violate(self, invariant: str, text: str) -> None:
        """An invariant does not hold. The run goes on, so that its trace shows what follows."""
        self.tell(f"VIOLATION {invariant}: {text}")
        self.violations.append(f"{invariant}: {text}")

    @property
    def fingerprint(self) -> int:
        """A number that is the same for the same trace."""
        return zlib.crc32("\n".join(self.lines).encode())

    # -- parties and actors -----------------------------------------------------------------------------------

    def party(self, name: str, kind: str) -> Party:
        found = Party(name=name, kind=kind)
        self.parties.append(found)
        return found

    def spawn(self, party: Party, name: str, work: Callable[[], object], *, hold: Any = None) -> Actor:
        """A new actor; it has its first turn when the dice say so."""
        actor = Actor(name=name, party=party, hold=hold)
        actor.turn = greenlet(lambda: self._live(actor, work), parent=self._hub)
        party.actors.append(actor)
        self.actors.append(actor)
        return actor

    def kill(self, party: Party) -> None:
        """The process is gone: nothing of it ever runs again. Called from the hub or from another party."""
        party.alive = False
        if party in self.parties:
            self.parties.remove(party)
        for actor in list(party.actors):
            if actor.turn is not getcurrent() and actor.turn and not actor.turn.dead:
                actor.turn.parent = getcurrent()  # whoever kills gets the turn back
                actor.turn.throw(GreenletExit)
            self._forget(actor)

    def freeze(self, party: Party, for_s: float) -> None:
        """The process gets no turn for that long (a paused machine, a long collection of garbage)."""
        party.frozen_until = max(party.frozen_until, self.now_us + int(for_s * SECOND))

    def thaw(self, party: Party) -> None:
        """The clock has passed the end of the freeze: it goes on as if nothing had been."""
        party.frozen_until, party.thawed_at = 0, self.now_us
        self.count("zombies", any(a.hold for a in party.actors))
        self.tell(f"{party.name} thaws")

    # -- turns, as actors see them ----------------------------------------------------------------------------

    def point(self, label: str) -> None:
        """Somebody else may go first; this actor may not come back."""
        actor = self._me()
        self.tell(label)
        harm = self.harm(actor, label)
        if harm:
            self._struck = (actor, harm)
            self._yield(actor)
        elif self.dice.random() < 0.4:
            self._yield(actor)

    def wait(self, flag: Flag | None, seconds: float, *, idle: bool = False) -> None:
        """Until the flag is set or the time is over."""
        actor = self._me()
        actor.wake_at = self.now_us + max(0, int(seconds * SECOND))
        actor.flag, actor.idle = flag, idle
        self._yield(actor)
        actor.flag, actor.idle, actor.wake_at = None, False, 0

    def _me(self) -> Actor:
        if self.current is None or not self.current.party.alive:
            raise GreenletExit  # the dead do not take turns, whatever their `finally` tries
        return self.current

    def _yield(self, actor: Actor) -> None:
        self._hub.switch()
        if not actor.party.alive:
            raise GreenletExit

    def _live(self, actor: Actor, work: Callable[[], object]) -> None:
        try:
            work()
        except GreenletExit:
            return
        except Exception as error:
            where = "".join(traceback.format_exception(error)[-3:]).strip()
            self.violate("own-error", f"{actor.name} died of {error!r}\n{where}")

    # -- turns, as the hub gives them -------------------------------------------------------------------------

    def run(self, until: Callable[[], bool], most_turns: int) -> bool:
        """Give turns until `until` holds; False if it does not within `most_turns`."""
        last = self.turns + most_turns
        while not until():
            if self.turns >= last:
                return False
            self.turn()
        return True

    def turn(self) -> None:
        self.turns += 1
        now = self.now_us
        for party in self.parties:
            if party.frozen_until and party.frozen_until <= now:
                self.thaw(party)
        ready = [a for a in self.actors if not a.party.frozen_until and _is_ready(a, now)]
        if not ready:
            self._advance()
            return
        self._give(ready[0] if len(ready) == 1 else self.dice.choice(ready))
        self.now_us += self.dice.randrange(200, 20_000)

    def _give(self, actor: Actor) -> None:
        self.current = actor
        actor.turn.switch()
        self.current = None
        if actor.turn.dead:
            self._forget(actor)
        if self._struck:
            (struck, harm), self._struck = self._struck, None
            self.strike(struck.party, harm)

    def strike(self, party: Party, harm: str) -> None:
        """`crash`, or `freeze:SECONDS`."""
        self.tell(f"{party.name} {harm}")
        if harm == "crash":
            self.count("crashes")
            self.kill(party)
        else:
            self.count("freezes")
            self.freeze(party, float(harm.split(":")[1]))

    def _advance(self) -> None:
        """Nobody can go on: the clock moves to whoever wakes first, or over the idle time to what comes next."""
        landmark = self.landmarks()
        skipping = landmark is not None
        wakes = [a.wake_at for a in self.actors if not a.party.frozen_until and not (skipping and a.idle)]
        wakes += [p.frozen_until for p in self.parties if p.frozen_until and p.alive]
        wakes += [landmark] if landmark is not None else []
        if not wakes:
            raise RuntimeError("nobody will ever wake")
        jump = max(0, min(wakes) - self.now_us)
        self.now_us += jump
        if skipping:  # what the idle would have done meanwhile, they would have found nothing to do
            for actor in self.actors:
                actor.wake_at += jump if actor.idle and not actor.party.frozen_until else 0

    def _forget(self, actor: Actor) -> None:
        if actor in self.actors:
            self.actors.remove(actor)
        if actor in actor.party.actors:
            actor.party.actors.remove(actor)


def _is_ready(actor: Actor, now: int) -> bool:
    return actor.wake_at <= now or (actor.flag is not None and actor.flag.is_set())


class SimClock:
    """The world's time, as the core is given it."""

    speed = 1.0

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return at(self._world.now_us)

    def ahead(self, real_s: float) -> datetime:
        return at(self._world.now_us) + timedelta(seconds=real_s)

    def real_s(self, until: datetime) -> float:
        return (until - self.now()).total_seconds()


def at(now_us: int) -> datetime:
    """A moment of the world as a datetime."""
    return ORIGIN + timedelta(microseconds=now_us)


def us(moment: datetime) -> int:
    """A datetime as a moment of the world."""
    return (moment - ORIGIN) // timedelta(microseconds=1)
