"""Those who ask: tenants' people who submit, edit, cancel, rate and repeat themselves, and the provider's operator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.decision import Refused
from domain.errors import Mistake, StoreDown, Trouble
from domain.job import State
from domain.request import Actor, Role
from intake.approve import accept, reject, resolve
from intake.change import cancel, edit, rate
from intake.desk import Desk
from intake.people import put_account
from intake.read import Filter, search, show
from intake.submit import Answer, check, submit, submit_many
from intake.workers import pause
from tests.sim.world import World, at

OPERATOR = Actor(name="op", tenant=None, roles=frozenset({Role.OPERATOR}))
PLACES = {
    "acme": ("acme/prod", "acme/prod/d1", "acme/prod/d2"),
    "bolt": ("bolt/prod", "bolt/test", "bolt/prod/d1", "bolt/test/d1", "bolt/test/d1"),
}
OF_DATA = ("sim-act", "sim-act", "sim-jolt", "sim-jolt", "sim-glance") + 5 * ("sim-build",)


@dataclass
class Told:
    """What the product has told its clients; it is held to it at the end. Tags name what was meant, keys repeat it."""

    accepted: dict[int, str] = field(default_factory=dict)
    called_off: dict[int, int] = field(default_factory=dict)  # and when
    keyed: set[str] = field(default_factory=set)


class Client:
    """One person of one tenant."""

    def __init__(self, world: World, desk: Desk, told: Told, tenant: str, name: str, actions: int) -> None:
        self.world, self.desk, self.told = world, desk, told
        self.me = Actor(name=name, tenant=tenant, roles=frozenset({Role.IT_OPS}))
        self._actions = actions
        self._tags = 0
        self._mine: list[int] = []
        self._sent: list[tuple[dict[str, Any], str]] = []
        self.over = False

    def live(self) -> None:
        dice = self.world.dice
        does: list[Callable[[], None]] = [self._submit] * 9 + [self._edit, self._cancel, self._cancel, self._rate]
        does += [self._repeat, self._check, self._submit_two]
        for _ in range(self._actions):
            self.world.wait(None, dice.choice((0.5, 5.0, 60.0, 600.0)) * dice.random())
            quietly(self.world, dice.choice(does))
        self.over = True

    def _submit(self) -> None:
        body = self._body()
        key = f"key-{body['description']}" if self.world.dice.random() < 0.7 else None
        if key is None:
            self._keep(submit(self.desk, self.me, body), body)
            return
        self.told.keyed.add(body["description"])
        self._sent.append((body, key))
        self._insist(body, key)

    def _insist(self, body: dict[str, Any], key: str) -> None:
        """A client that got no answer asks again, with the same key."""
        for _ in range(3):
            try:
                self._keep(submit(self.desk, self.me, body, key), body)
                return
            except StoreDown:
                self.world.wait(None, 2.0)

    def _repeat(self) -> None:
        """The same again, or something else under the same key."""
        if not self._sent:
            return
        body, key = self.world.dice.choice(self._sent)
        if self.world.dice.random() < 0.3:
            self._must_not(lambda: submit(self.desk, self.me, {**body, "email": "a@b.c"}, key), body)
            return
        self._insist(body, key)

    def _must_not(self, work: Callable[[], Answer], body: dict[str, Any]) -> None:
        """Another body under a used key is a mistake; under one that was refused at first it may pass."""
        known = set(self.told.accepted.values())
        try:
            answer = work()
        except (Mistake, Refused):
            return
        if body["description"] in known:
            self.world.violate("idempotent", f"another body under a used key was accepted as {answer.number}")
        self._keep(answer, body)

    def _submit_two(self) -> None:
        bodies: list[Mapping[str, Any]] = [self._body(), self._body()]
        for body, answer in zip(bodies, submit_many(self.desk, self.me, bodies), strict=True):
            if isinstance(answer, Answer):
                self._keep(answer, body)

    def _keep(self, answer: Answer, body: Mapping[str, Any]) -> None:
        tag = body["description"]
        before = self.told.accepted.setdefault(answer.number, tag)
        if before != tag:
            self.world.violate("idempotent", f"{tag} was answered with request {answer.number}, which is {before}")
        self._mine.append(answer.number)

    def _body(self) -> dict[str, Any]:
        dice = self.world.dice
        self._tags += 1
        tag = f"{self.me.name}-{self._tags}"
        place = dice.choice(PLACES[self.me.tenant or ""])
        of_data = place.count("/") == 2
        operation = dice.choice(OF_DATA) if of_data else "iis-restart"
        params: dict[str, Any] = {"tag": tag} if of_data else {}
        if not of_data and dice.random() < 0.25:
            params["order"] = "all-at-once"
        body = {"operation": operation, "place": place, "params": params, "description": tag, "confirm": True}
        return {**body, "planned_at": self._some_time()} if dice.random() < 0.8 else body

    def _some_time(self) -> str:
        ahead_s = self.world.dice.choice((5, 60, 60, 900, 5400)) * self.world.dice.random()
        return (at(self.world.now_us) + timedelta(seconds=ahead_s + 1)).isoformat()

    def _check(self) -> None:
        check(self.desk, self.me, self._body())

    def _edit(self) -> None:
        if self._mine:
            number = self.world.dice.choice(self._mine)
            rev = show(self.desk, self.me, number).job.rev
            edit(self.desk, self.me, number, rev, {"planned_at": self._some_time()})

    def _cancel(self) -> None:
        if self._mine:
            number = self.world.dice.choice(self._mine)
            call_off(self.world, self.desk, self.told, self.me, number)

    def _rate(self) -> None:
        if self._mine:
            rate(self.desk, self.me, self.world.dice.choice(self._mine), {"level": 5})


class OperatorOnDuty:
    """The provider's operator: accepts, rejects, stops, pauses; decides what nobody else can, sometimes wrongly."""

    def __init__(self, world: World, desk: Desk, told: Told) -> None:
        self.world, self.desk, self.told = world, desk, told
        self.shift_over = False
        self.accepts = True

    def live(self) -> None:
        dice = self.world.dice
        while not self.shift_over:
            self.world.wait(None, dice.choice((5.0, 30.0, 120.0, 600.0)))
            does = dice.choice((self._answer, self._answer, self._answer, self._decide, self._stop_one, self._pause))
            quietly(self.world, does)

    def _in(self, *states: State) -> list[int]:
        return [i.job.number for i in search(self.desk, OPERATOR, Filter(states=states))]

    def _answer(self) -> None:
        for number in self._in(State.PENDING):
            if self.world.dice.random() < 0.85:
                quietly(self.world, lambda number=number: accept(self.desk, OPERATOR, number, {}))  # type: ignore[misc]
            else:
                reject(self.desk, OPERATOR, number, {"opinion": "no"})
                self.told.called_off[number] = self.world.now_us

    def _decide(self) -> None:
        for number in self._in(State.NEEDS_ATTENTION):
            word = self.world.dice.choice(("done", "run-again", "failed"))
            self.world.tell(f"job {number} is resolved: {word}")
            quietly(
                self.world,
                lambda n=number, w=word: resolve(self.desk, OPERATOR, n, {"word": w, "opinion": "seen"}),  # type: ignore[misc]
            )

    def decide_all(self) -> None:
        """Every question gets its answer (in the quiet at the end)."""
        quietly(self.world, self._decide)

    def _stop_one(self) -> None:
        busy = self._in(State.RUNNING, State.WAITING)
        if busy:
            call_off(self.world, self.desk, self.told, OPERATOR, self.world.dice.choice(busy))

    def _pause(self) -> None:
        pause(self.desk, "op", "all", paused=True)
        self.world.wait(None, 40.0)
        while True:
            try:
                pause(self.desk, "op", "all", paused=False)
                return
            except Trouble:
                self.world.wait(None, 5.0)


def call_off(world: World, desk: Desk, told: Told, actor: Actor, number: int) -> None:
    """Cancel; what the product confirms as called off has no effect from then on."""
    if cancel(desk, actor, number, {"reason": "changed my mind"}) in (State.CANCELLED, State.WITHDRAWN):
        told.called_off[number] = world.now_us


def quietly(world: World, work: Callable[[], object]) -> None:
    """Refusals, mistakes and a store that is away are answers; anything else is a bug and is not caught."""
    try:
        work()
    except Trouble as trouble:
        world.tell(f"is told: {trouble.code}: {trouble}")
        if trouble.code == "overtaken":
            raise


def enrol(desk: Desk) -> None:
    """The accounts, before the first turn."""
    put_account(desk, "sim", "op", None, ["operator"])
    for tenant in PLACES:
        for n in (1, 2):
            put_account(desk, "sim", f"{tenant}{n}", tenant, ["it-ops"])
