"""The pretend hosts: marker files, processes, worker processes and services, as the scripts of playbooks/ tell of them.

A program that was sent runs in a greenlet of its own: it goes on when its sender dies or the wire is cut.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import GreenletExit

from playbooks.scripts import load
from tests.sim.estate import ACT, ESTATE, GLANCE, JOLT, LOOK
from tests.sim.world import SECOND, Actor, Party, World

RUNNING, STOPPED = 4, 1


class Died(Exception):
    """A program ended half-way on its host."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """How a program came to its host: when, by whom, whether its sender had slept since it committed the start."""

    at_us: int
    by: Actor
    job: int
    zombie: bool


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Something that really happened. `what` names the thing that must not happen twice within one request."""

    job: int
    what: str
    host: str
    at_us: int
    sent: Sent


@dataclass(eq=False)
class Program:
    """A program on its host. `answer` is what it will say, if anybody listens."""

    name: str
    party: Party
    pid: int
    sent: Sent
    over: bool = False
    effective: bool = False  # between its first and its last effect
    answer: dict[str, Any] | None = None

    def is_set(self) -> bool:
        return self.over


@dataclass(eq=False)
class SimHost:
    """What is on one host."""

    path: str
    markers: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)
    workers: list[dict[str, Any]] = field(default_factory=list)
    service: int = RUNNING
    boots: int = 0
    last_pid: int = 100
    away_until: int = 0
    present: bool = True
    renewed: list[str] = field(default_factory=list)  # tokens whose program was cut short by a reboot

    def create_marker(self, token: str, marker: dict[str, Any] | None) -> bool:
        """Exclusive: False if there is one."""
        if token in self.markers:
            return False
        self.markers[token] = marker
        return True

    def pid(self) -> int:
        self.last_pid += 1
        return self.last_pid

    def new_workers(self, count: int) -> None:
        pids = [self.pid() for _ in range(count)]
        self.workers = [{"pid": p, "pool": "site", "started": f"s{p}"} for p in pids]


class Hosts:
    """All hosts, and the ledger of what happened on them."""

    def __init__(self, world: World, risk: dict[str, float]) -> None:
        self.world = world
        self.risk = risk
        self.ledger: list[Effect] = []
        self.on_effect: Callable[[Effect], None] = lambda effect: None
        self.all = {path: SimHost(path=path) for path in ESTATE.hosts}
        for host in self.all.values():
            host.new_workers(world.dice.choice((0, 1, 2)))
        self._programs: dict[str, Callable[[SimHost, Program, dict[str, Any]], dict[str, Any]]] = {
            load("iis_restart"): self._restart,
            load("iis_look"): self._look,
            load("lb_file"): self._balance,
            ACT: self._act,
            LOOK: self._look,
            JOLT: self._jolt,
            GLANCE: self._glance,
        }

    def start(self, path: str, script: str, args: dict[str, Any], sent: Sent) -> Program:
        """The program begins, in its own time."""
        host = self.all[path]
        program = Program(name=script[:20], party=self.world.party(path, "remote"), pid=host.pid(), sent=sent)
        host.programs.append(program)
        run = self._programs[script]
        self.world.spawn(program.party, path, lambda: self._run(host, program, lambda: run(host, program, args)))
        return program

    def stop(self, program: Program) -> None:
        """End it, with all it started (what a stop or a time-out does on the host)."""
        self.world.kill(program.party)
        program.over = True

    def reboot(self, host: SimHost) -> None:
        """Everything that ran is gone; what starts by itself is there again."""
        self.world.tell(f"{host.path} reboots")
        self.world.count("reboots")
        host.boots += 1
        for program in [p for p in host.programs if not p.over]:
            self.stop(program)
        host.service = RUNNING
        host.new_workers(self.world.dice.choice((0, 1, 2)))
        host.away_until = self.world.now_us + self.world.dice.randrange(20, 90) * SECOND

    def in_flight(self) -> list[Program]:
        """Programs between their first effect and their end."""
        return [p for h in self.all.values() for p in h.programs if p.effective and not p.over]

    # -- programs ---------------------------------------------------------------------------------------------

    def _run(self, host: SimHost, program: Program, work: Callable[[], dict[str, Any]]) -> None:
        try:
            self._pass(0.05, 4.0)
            program.answer = work()
        except Died:
            self.world.tell(f"{program.name!r} dies half-way")
            self.world.count("died half-way")
        finally:
            program.over = True
            program.effective = False
            host.programs = [p for p in host.programs if not p.over]
            if program.party in self.world.parties:
                self.world.parties.remove(program.party)

    def _restart(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        token, before = args["token"], {"workers": list(host.workers)}
        marker = self._begin(host, program, token, {"before": before})
        if marker is None:
            return {"acted": False, "marker": host.markers.get(token)}
        self._peril(host, program, token)
        self._happens(host, program, token)
        host.service, host.workers = STOPPED, []
        self._pass(1.0, 15.0)
        self._peril(host, program, token)
        if self.world.dice.random() >= self.risk["stays_down"]:
            host.service = RUNNING
            host.new_workers(self.world.dice.choice((1, 1, 2)))
        self._peril(host, program, token)
        return self._end(host, token, marker, {"codes": {"iisreset": 0}})

    def _act(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        marker = self._begin(host, program, args["token"], {})
        if marker is None:
            return {"acted": False}
        self._peril(host, program, "")
        self._happens(host, program, args["token"])
        self._pass(0.5, 10.0)
        self._peril(host, program, "")
        return self._end(host, args["token"], marker, {})

    def _jolt(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self._happens(host, program, "jolt")
        self._pass(0.5, 10.0)
        self._peril(host, program, "")
        return {"acted": True}

    def _glance(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        return {"seen": True}

    def _balance(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self._pass(args["settle_s"], args["settle_s"] + 0.1)
        host.present = bool(args["present"])
        return {"present": host.present}

    def _look(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        token = args.get("token")
        if token and args.get("seal") and host.create_marker(token, {"phase": "void"}):
            self.world.tell(f"{host.path} {token} is void")
        marker = host.markers.get(token) if token else None
        phase = "none" if token not in host.markers else marker["phase"] if marker else "unreadable"
        return {
            "services": {name: {"state": host.service} for name in ("WAS", "W3SVC")},
            "pools": {"site": "Started" if host.service == RUNNING else "Stopped"},
            "sites": {"site": "Started" if host.service == RUNNING else "Stopped"},
            "workers": list(host.workers),
            "phase": phase,
            "alive": bool(marker and any(p.pid == marker.get("pid") for p in host.programs if not p.over)),
            "marker": marker,
        }

    # -- their parts ------------------------------------------------------------------------------------------

    def _begin(self, host: SimHost, program: Program, token: str, more: dict[str, Any]) -> dict[str, Any] | None:
        """Create the marker; for a moment it is there and empty, as a file is before it is written."""
        if not host.create_marker(token, None):
            self.world.tell(f"{host.path} {token} was there already")
            return None
        self._pass(0.0, 0.1)
        marker = {"phase": "begun", "pid": program.pid, **more}
        host.markers[token] = marker
        self._pass(0.0, 0.5)
        return marker

    def _happens(self, host: SimHost, program: Program, token: str) -> None:
        what = token.split("-", 2)[-1]
        program.effective = True
        effect = Effect(job=program.sent.job, what=what, host=host.path, at_us=self.world.now_us, sent=program.sent)
        self.world.tell(f"EFFECT {token} of job {program.sent.job} on {host.path}")
        self.world.count("effects")
        self.ledger.append(effect)
        self.on_effect(effect)

    def _end(self, host: SimHost, token: str, marker: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        ended = {**marker, "phase": "ended", **more}
        host.markers[token] = ended
        self._pass(0.0, 1.0)
        return {"acted": True, "marker": ended}

    def _peril(self, host: SimHost, program: Program, token: str) -> None:
        """Here it may die, hang, or the host may reboot."""
        self._pass(0.0, 0.5)
        chance = self.world.dice.random()
        if chance < self.risk["die"]:
            raise Died
        if chance < self.risk["die"] + self.risk["reboot"]:
            host.renewed.append(token)
            self.reboot(host)
            raise GreenletExit
        if chance > 1 - self.risk["hang"]:
            self.world.count("hangs")
            self._pass(100.0, 300.0)

    def _pass(self, least_s: float, most_s: float) -> None:
        self.world.wait(None, self.world.dice.uniform(least_s, most_s))
