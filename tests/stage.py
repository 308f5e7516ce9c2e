"""A small estate, operations that only exist here, and a wire that does what a test says: the core's stage."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from domain.artifact import ArtifactStore
from domain.catalog import Catalog
from domain.command import Call, Command, PowerShell, Reading
from domain.event import Event, Kind
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Target, Traits
from domain.places import DataCenter, Environment, Estate, Place, Standing, Tenant
from domain.places import Kind as EnvironmentKind
from domain.request import Actor, Role
from domain.rulebook import Quota, Rulebook
from domain.text import Text
from intake.desk import Desk
from intake.people import put_account
from messages.outbox import MAIL, SMS, Outbox
from messages.words import Words
from runner.bell import Bell, MemoryBell
from runner.decider import Decider
from runner.store.store import Store
from tests.contract.objects.memory import MemoryStore

NOON: Final = datetime(2026, 11, 23, 4, tzinfo=UTC)
LI: Final = Actor(name="li", tenant="acme", roles=frozenset({Role.IT_OPS}))
CHEN: Final = Actor(name="chen", tenant="beta", roles=frozenset({Role.IT_OPS}))
OPERATOR: Final = Actor(name="operator", tenant=None, roles=frozenset({Role.OPERATOR}))
DAILY: Final = 3


class HandClock:
    """A clock that stands still until it is moved; real seconds pass on it one by one."""

    speed = 1.0

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def ahead(self, real_s: float) -> datetime:
        return self._at + timedelta(seconds=real_s)

    def real_s(self, until: datetime) -> float:
        return (until - self._at).total_seconds()

    def move(self, **lengths: float) -> None:
        self._at += timedelta(**lengths)


_TRAITS: Final[dict[str, Any]] = {
    "target": Target.ENVIRONMENT,
    "takes": timedelta(minutes=1),
    "grace": timedelta(hours=1),
    "cutoff": timedelta(0),
}


@dataclass(frozen=True, kw_only=True)
class Work(Operation):
    """As many destructive steps as asked, alone on its environment."""

    name: ClassVar[str] = "work"
    title: ClassVar[Text] = Text("操作", "Work")
    traits: ClassVar[Traits] = Traits(**_TRAITS)
    notes: ClassVar[dict[str, Text]] = {
        "steps": Text("步骤数", "How many steps"),
        "destructive": Text("是否有影响", "Whether the steps change anything"),
        "harmless": Text("无影响的步骤数", "How many of the first steps change nothing all the same"),
        "tidies": Text("收尾步骤数", "How many of the last steps only tidy up"),
        "undoes": Text("是否清理", "Whether the steps leave something behind, and take it away again"),
        "note": Text("备注", "What a test notes in it"),
    }
    steps: int = 1
    destructive: bool = True
    undoes: bool = False
    harmless: int = 0
    tidies: int = 0
    note: str = ""

    def plan(self, place: Place) -> Iterator[Step]:
        for n in range(self.steps):
            key, tidies = f"s{n}", n >= self.steps - self.tidies
            changes = self.destructive and n >= self.harmless and not tidies
            do = PowerShell(host=place.path, script=key, fence=key)
            look = PowerShell(host=place.path, script=f"look-{key}", fence=key)
            undo = PowerShell(host=place.path, script=f"undo-{key}", fence=key)
            yield Step(
                key=key,
                title=Text(f"步骤 {n}", f"Step {n}"),
                do=do,
                look=look if changes else None,
                undo=undo if self.undoes else None,
                timeout_s=30.0,
                destructive=changes,
                effect_on=key,
                tidies=tidies,
            )

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return Judgement(outcome=Outcome(reading.facts["outcome"]), text=Text("看过", "looked"), evidence=reading.facts)


def _like(name: str, **traits: Any) -> type[Work]:
    about = {"name": name, "traits": Traits(**{**_TRAITS, **traits}), "__doc__": f"Work called {name}."}
    return dataclass(frozen=True, kw_only=True)(type(name.title(), (Work,), about))


OPERATIONS: Final[tuple[type[Operation], ...]] = (
    Work,
    _like("read", lock=Lock.SHARED),
    _like("free", lock=Lock.NONE),
    _like("data-work", target=Target.DATA_CENTER),
    _like("data-read", target=Target.DATA_CENTER, lock=Lock.SHARED),
    _like("counted", lock=Lock.NONE, quota_class="counted"),
    _like("pending", accepted="by-provider", lock=Lock.NONE),
    _like("ask-late", misfire=Misfire.ASK, grace=timedelta(minutes=5)),
    _like("skip-late", grace=timedelta(minutes=5)),
    _like("guarded", code=True),
    _like("guarded-counted", code=True, lock=Lock.NONE, quota_class="counted"),
)


def estate() -> Estate:
    """acme: prod (data centers one, two) and test; beta: prod."""
    return Estate(tenants=(_tenant("acme", "prod", "test"), _tenant("beta", "prod")))


def _tenant(name: str, *environments: str) -> Tenant:
    rooms = tuple(_environment(name, e) for e in environments)
    zone = ZoneInfo("Asia/Shanghai")
    return Tenant(name=name, title=name, zone=zone, standing=Standing.FORMAL, expires=None, environments=rooms)


def _environment(tenant: str, name: str) -> Environment:
    path = f"{tenant}/{name}"
    data = tuple(DataCenter(name=d, path=f"{path}/{d}", title=d, database=d) for d in ("one", "two"))
    kind = EnvironmentKind.PRODUCTION if name == "prod" else EnvironmentKind.TEST
    return Environment(
        name=name, path=path, title=name, kind=kind, entitlements=frozenset(), app_hosts=(), data_centers=data
    )


def desk_on(
    store: Store,
    bell: Bell | None = None,
    operations: tuple[type[Operation], ...] = OPERATIONS,
    artifacts: ArtifactStore | None = None,
) -> Desk:
    """A desk with no closed windows, a quota of DAILY for `counted`, and its three accounts."""
    rules = Rulebook(closed_windows=(), quotas={"counted": (Quota(period="day", limit=DAILY),)})
    decider = Decider(estate=estate(), rules=rules)
    desk = Desk(
        store=store,
        catalog=Catalog(operations),
        decider=decider,
        bell=bell or MemoryBell(),
        artifacts=artifacts or MemoryStore(),
        outbox=outbox_on(decider.estate, operations),
    )
    for actor in (LI, CHEN, OPERATOR):
        put_account(desk, "stage", actor.name, actor.tenant, [r.value for r in actor.roles])
    return desk


def outbox_on(places: Estate, operations: tuple[type[Operation], ...]) -> Outbox:
    """An outbox whose channels are all set, so that what is put waits for a sender."""
    return Outbox(words=Words(catalog=Catalog(operations), estate=places), channels=frozenset({MAIL, SMS}))


def wish(operation: str = "work", place: str = "acme/prod", **more: Any) -> dict[str, Any]:
    """The body of a submit."""
    return {"operation": operation, "place": place, "confirm": True, **more}


class Gate:
    """A point at which the wire waits, and lets a test look around."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self, call: Call) -> None:
        call.on_stop(self.opened.set)
        self.reached.set()
        if not self.opened.wait(60):
            raise AssertionError("nobody opened the gate")


class ScriptedWire:
    """Carries every command of `Work`. `effects` are the destructive steps that happened, as (job, step, run)."""

    def __init__(self) -> None:
        self.effects: list[tuple[int, str, str]] = []
        self.looks: list[tuple[int, str]] = []
        self.gates: dict[str, Gate] = {}
        self.acts: dict[str, Callable[[Command, Call], Reading]] = {}
        self.found = "done"  # what a look finds
        self._guard = threading.Lock()

    def run(self, command: Command, call: Call) -> Reading:
        if not isinstance(command, PowerShell):
            raise TypeError(f"the scripted wire cannot carry {type(command).__name__}")
        job, step = command.args["job"], command.script
        if step.startswith("look-"):
            self.looks.append((job, step.removeprefix("look-")))
            return Reading(facts={"outcome": self.found})
        if step in self.acts:
            return self.acts[step](command, call)
        with self._guard:
            self.effects.append((job, step, command.args["token"]))
        if step in self.gates:
            self.gates[step].pass_through(call)
        return Reading(facts={})

    def close(self) -> None:
        """Nothing is held."""

    def gate(self, step: str) -> Gate:
        """From now on `step` waits at this gate after its effect."""
        return self.gates.setdefault(step, Gate())


class Ears:
    """Hears committed events of any number of stores and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = threading.Condition()

    def hear(self, events: list[Event]) -> None:
        with self._news:
            self.events.extend(events)
            self._news.notify_all()

    def wait(self, job: int, *kinds: Kind, wait_s: float = 40.0) -> Event:
        """The first event of this job of one of these kinds. Fails loudly after `wait_s`."""

        def found() -> Event | None:
            return next((e for e in self.events if e.job == job and e.kind in kinds), None)

        with self._news:
            if not self._news.wait_for(found, timeout=wait_s):
                told = [e.kind.value for e in self.events if e.job == job]
                raise AssertionError(f"job {job} was not {[k.value for k in kinds]} within {wait_s} s; it was {told}")
            event = found()
        assert event is not None
        return event

    def kinds(self, job: int) -> list[Kind]:
        with self._news:
            return [e.kind for e in self.events if e.job == job]
