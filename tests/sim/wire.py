"""The pretend wire: it carries commands to the hosts, and loses them, is cut, times out or finds nobody."""

from typing import Any

from domain.command import Call, Command, PowerShell, Reading, SiteProbe, Together
from domain.errors import Broke, Severed, Stopped, TimedOut, Trouble, Unreachable
from domain.text import Text
from tests.sim.hosts import RUNNING, Hosts, Program, Sent
from tests.sim.world import World

CONNECT_S = 3.0


class _OverOrStopped:
    """A flag: the program is over, or its watcher was asked to stop."""

    def __init__(self, program: Program, call: Call) -> None:
        self._program, self._call = program, call

    def is_set(self) -> bool:
        return self._program.over or self._call.stop_asked()


class SimWire:
    """Carries every kind of command; the same promises as a real executor (domain.command.Executor)."""

    def __init__(self, world: World, hosts: Hosts, risk: dict[str, float]) -> None:
        self._world = world
        self._hosts = hosts
        self._risk = risk

    def close(self) -> None:
        """Nothing is held."""

    def run(self, command: Command, call: Call) -> Reading:
        if isinstance(command, Together):
            return self._together(command, call)
        self._world.point(f"wire: send {_name(command)}")
        self._reach(command.host)
        if isinstance(command, SiteProbe):
            return self._ask_site(command)
        if not isinstance(command, PowerShell):
            raise TypeError(f"the pretend wire cannot carry {type(command).__name__}")
        reading = self._carry(command, call)
        self._world.point(f"wire: answered {_name(command)}")
        return reading

    def _together(self, command: Together, call: Call) -> Reading:
        answers: dict[str, Any] = {}
        broken: Trouble | None = None
        for one in command.commands:
            try:
                answers[one.host] = {"facts": self.run(one, call).facts}
            except (Severed, TimedOut, Stopped) as trouble:
                broken = trouble
            except Trouble as trouble:
                answers[one.host] = {"error": {"code": trouble.code, "text": trouble.text.as_dict()}}
        if broken:
            raise broken
        return Reading(facts=answers)

    def _reach(self, path: str) -> None:
        away = self._hosts.all[path].away_until > self._world.now_us
        if away or self._chance("unreachable"):
            self._world.wait(None, CONNECT_S)
            self._world.count("unreachable")
            raise Unreachable(Text("无法连接", f"{path} cannot be reached"))

    def _ask_site(self, command: SiteProbe) -> Reading:
        self._world.wait(None, 0.2)
        up = self._hosts.all[command.host].service == RUNNING
        return Reading(facts={"ok": up, "statuses": [200 if up else 503] * command.times})

    def _carry(self, command: PowerShell, call: Call) -> Reading:
        if self._chance("severed_before"):
            self._cut("the request was lost")
        program = self._hosts.start(command.host, command.script, command.args, self._sent())
        if self._chance("severed_during"):
            self._world.wait(_OverOrStopped(program, call), self._world.dice.uniform(0.1, 20.0))
            self._cut("while it ran")
        self._world.wait(_OverOrStopped(program, call), call.timeout_s)
        if not program.over:
            self._end(program, call)
        if self._chance("severed_after"):
            self._cut("the answer was lost")
        return self._answer(program)

    def _end(self, program: Program, call: Call) -> None:
        """A stop or the wall clock: the program is ended, and mostly that can be verified."""
        if self._chance("unverified"):
            self._cut("its end could not be verified")
        self._hosts.stop(program)
        if call.stop_asked():
            raise Stopped(Text("已停止", "stopped and verified"))
        raise TimedOut(Text("超时", "timed out, stopped and verified"))

    def _answer(self, program: Program) -> Reading:
        if program.answer is None:
            raise Broke(Text("目标出错", "the program ended half-way"))
        return Reading(facts=program.answer)

    def _cut(self, when: str) -> None:
        self._world.tell(f"wire: severed, {when}")
        self._world.count("severed")
        raise Severed(Text("连接中断", f"severed: {when}"))

    def _sent(self) -> Sent:
        actor = self._world.current
        if actor is None or actor.hold is None:
            raise AssertionError("only a job sends")
        zombie = actor.party.thawed_at >= actor.hold.begun_us
        return Sent(at_us=self._world.now_us, by=actor, job=actor.hold.job.number, zombie=zombie)

    def _chance(self, what: str) -> bool:
        return self._world.dice.random() < self._risk[what]


def _name(command: Command) -> str:
    if not isinstance(command, PowerShell):
        return f"{type(command).__name__} to {command.host}"
    first = command.script.splitlines()[0].removeprefix("# yunwei script: ")
    seal = "sealed " if command.args.get("seal") else ""
    return f"{seal}{first} {command.args.get('token', '')} to {command.host}"
