"""A small estate, its rules, and the operations that are asked for there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from domain.command import PowerShell, Reading
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Target, Traits
from domain.places import (
    DataCenter,
    Environment,
    Estate,
    Host,
    Kind,
    LoadBalancer,
    Place,
    Site,
    Standing,
    Tenant,
    WinRM,
)
from domain.places import Restart as RestartRule
from domain.request import Role
from domain.rulebook import ClosedWindow, Freeze, Planning, Quota, Rulebook
from domain.secret import SecretRef
from domain.text import Text
from playbooks.iis_restart import RestartIIS

DAY_LIMIT = 2
MONTH_LIMIT = 4
ACT, LOOK, JOLT, GLANCE = "sim act", "sim look", "sim jolt", "sim glance"
OPEN, BUILD, INSPECT, PROVE = "sim open", "sim build", "sim inspect", "sim prove"
CLOSE, TIDY, TAKE_BACK = "sim close", "sim tidy", "sim take back"
_PEOPLE = frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR})
_SOMETHING = Text("试验", "a trial")


def _host(path: str) -> Host:
    winrm = WinRM(port=5985, transport="ntlm", tls=False, user="sim", password=SecretRef("env", "SIM"))
    return Host(name=path.rsplit("/", 1)[1], path=path, address="127.0.0.1", site_port=80, winrm=winrm)


def _environment(tenant: str, name: str, hosts: int, *, balanced: bool = False) -> Environment:
    path = f"{tenant}/{name}"
    data = tuple(DataCenter(name=d, path=f"{path}/{d}", title=d, database=d) for d in ("d1", "d2"))
    balancer = LoadBalancer(file="up.txt", settle=timedelta(seconds=5)) if balanced else None
    return Environment(
        name=name,
        path=path,
        title=name,
        kind=Kind.PRODUCTION,
        entitlements=frozenset({"dedicated-vip"}),
        app_hosts=tuple(_host(f"{path}/app{n}") for n in range(1, hosts + 1)),
        restart=RestartRule(timeout=timedelta(seconds=20)),
        site=Site(budget=timedelta(seconds=60)),
        load_balancer=balancer,
        data_centers=data,
    )


def _tenant(name: str, zone: str, environments: tuple[Environment, ...]) -> Tenant:
    where = ZoneInfo(zone)
    return Tenant(name=name, title=name, zone=where, standing=Standing.FORMAL, expires=None, environments=environments)


ESTATE = Estate(
    tenants=(
        _tenant("acme", "Asia/Shanghai", (_environment("acme", "prod", 2, balanced=True),)),
        _tenant("bolt", "Europe/Berlin", (_environment("bolt", "prod", 1), _environment("bolt", "test", 2))),
    )
)
_FREEZE = Freeze(
    starts=datetime(2026, 11, 23, 13, tzinfo=UTC), ends=datetime(2026, 11, 23, 13, 30, tzinfo=UTC), reason=_SOMETHING
)
RULES = Rulebook(
    closed_windows=(ClosedWindow(starts=time(0), ends=time(3, 30)),),
    freezes=(_FREEZE,),
    planning=Planning(lead=timedelta(0), range=timedelta(hours=12)),
    quotas={
        "restart": (Quota(period="day", limit=DAY_LIMIT), Quota(period="month", limit=MONTH_LIMIT)),
        "act": (Quota(period="day", limit=MONTH_LIMIT),),
        "build": (Quota(period="day", limit=MONTH_LIMIT),),
    },
    default_cutoff=timedelta(minutes=10),
)


@dataclass(frozen=True, kw_only=True)
class Act(Operation):
    """A fenced effect on a data center that the provider accepts first; asked about when it is late."""

    name: ClassVar[str] = "sim-act"
    title: ClassVar[Text] = _SOMETHING
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=2),
        quota_class="act",
        lock=Lock.SHARED,
        grace=timedelta(minutes=3),
        misfire=Misfire.ASK,
        cutoff=timedelta(0),
        accepted="by-provider",
    )
    notes: ClassVar[dict[str, Text]] = {"tag": _SOMETHING}

    tag: str = ""

    def plan(self, place: Place) -> Iterator[Step]:
        host = place.environment.app_hosts[0].path
        for key in ("act:one", "act:two"):
            do = PowerShell(host=host, script=ACT, args={"place": place.path}, fence=key)
            look = PowerShell(host=host, script=LOOK, fence=key)
            yield Step(key=key, title=_SOMETHING, do=do, look=look, timeout_s=60.0, destructive=True, effect_on=host)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        done = bool(reading.facts.get("acted"))
        return Judgement(outcome=Outcome.DONE if done else Outcome.CANNOT_TELL, text=_SOMETHING)

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return Judgement(outcome=_seen(reading.facts), text=_SOMETHING, evidence=reading.facts)


def _seen(facts: Any) -> Outcome:
    if facts.get("phase") == "begun" and facts.get("alive"):
        return Outcome.RUNNING
    known = {"void": Outcome.NOT_DONE, "ended": Outcome.DONE}
    return known.get(facts.get("phase"), Outcome.CANNOT_TELL)


@dataclass(frozen=True, kw_only=True)
class Jolt(Operation):
    """An effect on a data center without a fence and without a look: nobody can tell what became of it."""

    name: ClassVar[str] = "sim-jolt"
    title: ClassVar[Text] = _SOMETHING
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER, takes=timedelta(minutes=2), grace=timedelta(minutes=10), cutoff=timedelta(minutes=1)
    )
    notes: ClassVar[dict[str, Text]] = {"tag": _SOMETHING}

    tag: str = ""

    def plan(self, place: Place) -> Iterator[Step]:
        host = place.environment.app_hosts[0].path
        yield Step(key="glance", title=_SOMETHING, do=PowerShell(host=host, script=GLANCE), timeout_s=30.0)
        args = {"place": place.path, "tag": self.tag}
        do = PowerShell(host=host, script=JOLT, args=args)
        yield Step(key="jolt", title=_SOMETHING, do=do, timeout_s=60.0, destructive=True, effect_on=place.path)
        yield Step(key="glance:again", title=_SOMETHING, do=PowerShell(host=host, script=GLANCE), timeout_s=30.0)


@dataclass(frozen=True, kw_only=True)
class Glance(Operation):
    """Changes nothing and keeps nobody out; allowed at any hour."""

    name: ClassVar[str] = "sim-glance"
    title: ClassVar[Text] = _SOMETHING
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER, takes=timedelta(minutes=1), interrupts_users=False, lock=Lock.NONE, roles=_PEOPLE
    )
    notes: ClassVar[dict[str, Text]] = {"tag": _SOMETHING}

    tag: str = ""

    def plan(self, place: Place) -> Iterator[Step]:
        host = place.environment.app_hosts[0].path
        yield Step(key="glance", title=_SOMETHING, do=PowerShell(host=host, script=GLANCE), timeout_s=30.0)


@dataclass(frozen=True, kw_only=True)
class Build(Operation):
    """Opens two things of its own on a host, acts once, proves it and closes them: each but the proof has an undo.

    As on a database server: whatever it does there takes the job's lock first, and the proof says nothing of the act.
    """

    name: ClassVar[str] = "sim-build"
    title: ClassVar[Text] = _SOMETHING
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=5),
        quota_class="build",
        grace=timedelta(minutes=2),
        misfire=Misfire.SKIP,
        cutoff=timedelta(0),
    )
    notes: ClassVar[dict[str, Text]] = {"tag": _SOMETHING}

    tag: str = ""

    def plan(self, place: Place) -> Iterator[Step]:
        host = place.environment.app_hosts[0].path
        for thing in ("one", "two"):
            do, undo = _send(host, f"open:{thing}", OPEN, thing), _send(host, f"open:{thing}", CLOSE, thing)
            yield Step(key=f"open:{thing}", title=_SOMETHING, do=do, undo=undo, timeout_s=20.0)
        yield Step(
            key="act",
            title=_SOMETHING,
            do=_send(host, "act", BUILD),
            look=_send(host, "act", INSPECT),
            undo=_send(host, "act", TAKE_BACK),
            timeout_s=60.0,
            destructive=True,
            effect_on=host,
        )
        yield Step(key="prove", title=_SOMETHING, do=_send(host, "prove", PROVE), timeout_s=20.0)
        for thing in ("one", "two"):
            key = f"close:{thing}"
            do = _send(host, key, TIDY, thing)
            yield Step(key=key, title=_SOMETHING, do=do, timeout_s=20.0, interruptible=False, tidies=True)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        outcome = Outcome.DONE if reading.facts["done"] else Outcome.FAILED
        if step.destructive and outcome is Outcome.FAILED:  # its marker was there already
            outcome = Outcome.CANNOT_TELL
        return Judgement(outcome=outcome, text=_SOMETHING)

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return Judgement(outcome=_inspected(reading.facts), text=_SOMETHING, evidence=reading.facts)


def _send(host: str, key: str, script: str, thing: str = "") -> PowerShell:
    return PowerShell(host=host, script=script, args={"thing": f"{{work}}-{thing}"}, fence=key)


def _inspected(facts: Any) -> Outcome:
    """Broken off after its effect is a failure; broken off before it, it did not happen."""
    if facts["held"]:
        return Outcome.RUNNING
    begun = Outcome.FAILED if facts["happened"] else Outcome.NOT_DONE
    known = {"void": Outcome.NOT_DONE, "ended": Outcome.DONE, "begun": begun}
    return known.get(facts["phase"], Outcome.CANNOT_TELL)


OPERATIONS: tuple[type[Operation], ...] = (RestartIIS, Act, Jolt, Glance, Build)
