"""What `sim-build` leaves on the pretend hosts: things under the job's own name, and an effect that can be taken back.

As on a database server (docs/decisions/0024): whatever a job does there takes its lock first, only one session of a job
has it at a time, and whoever takes it leaves its epoch there: an earlier worker that wakes up gets it no more.
"""

from collections.abc import Callable
from typing import Any

from domain.errors import Overtaken, Unreachable
from domain.text import Text
from tests.sim.estate import BUILD, CLOSE, INSPECT, OPEN, PROVE, TAKE_BACK, TIDY
from tests.sim.hosts import Hosts, Program, Sent, SimHost
from tests.sim.world import World

_UNDOES = {CLOSE: "open", TAKE_BACK: "act"}
_LOCKED = {OPEN, BUILD, PROVE, CLOSE, TIDY, TAKE_BACK}


class Yard(Hosts):
    """The hosts, with what jobs open, build, take back and tidy up there. `on_undo` hears of each undo that is sent."""

    def __init__(self, world: World, risk: dict[str, float]) -> None:
        super().__init__(world, risk)
        self.things: dict[tuple[str, str], int] = {}  # (host, name): whose
        self.standing: set[int] = set()  # jobs whose effect there is, and was not taken back
        self.tidied: set[int] = set()
        self.on_undo: Callable[[Sent, str], None] = lambda sent, step: None
        self._epochs: dict[int, int] = {}  # the last to have had a job's lock
        self._programs |= {
            OPEN: self._open,
            BUILD: self._build,
            INSPECT: self._inspect,
            PROVE: self._prove,
            CLOSE: self._close,
            TIDY: self._tidy,
            TAKE_BACK: self._take_back,
        }

    def start(self, path: str, script: str, args: dict[str, Any], sent: Sent) -> Program:
        """Raises Unreachable (`held`) or Overtaken as the job's lock has it."""
        if script in _LOCKED:
            self._lock(self.all[path], args["epoch"], sent.job)
        if script in _UNDOES:
            self.on_undo(sent, _UNDOES[script])
        return super().start(path, script, args, sent)

    def _lock(self, host: SimHost, epoch: int, job: int) -> None:
        if self._is_held(host, job):
            text = Text("占用", "another session of this job still works there")
            raise Unreachable(text, started=False, held=True)
        if epoch < self._epochs.get(job, 0):
            self.world.count("overtaken there")
            raise Overtaken(Text("已被接管", "a later worker has been there"))
        self._epochs[job] = epoch

    def _is_held(self, host: SimHost, job: int) -> bool:
        return any(p.sent.job == job and p.name in _LOCKED and not p.over for p in host.programs)

    # -- programs ---------------------------------------------------------------------------------------------

    def _open(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self._peril(host, program, "")
        self.things[host.path, args["thing"]] = program.sent.job
        self.world.tell(f"{host.path} has {args['thing']}")
        self.world.count("opened")
        self._peril(host, program, "")
        return {"done": True}

    def _close(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self._pass(0.5, 15.0)
        self._peril(host, program, "")
        if self.things.pop((host.path, args["thing"]), None):
            self.world.tell(f"{host.path} is rid of {args['thing']}")
            self.world.count("closed")
        self._peril(host, program, "")
        return {"done": True}

    def _tidy(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self.tidied.add(program.sent.job)
        self.world.count("tidied")
        return self._close(host, program, args)

    def _build(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        token, job = args["token"], program.sent.job
        marker = self._begin(host, program, token, {})
        if marker is None:
            return {"done": False}
        self._peril(host, program, "")
        if list(self.things.values()).count(job) < 2:
            self.world.violate("ground", f"job {job} acts, and what it opened for that is gone")
        self._happens(host, program, token)
        self.standing.add(job)
        marker["happened"] = True
        self._pass(0.5, 10.0)
        self._peril(host, program, "")
        self._end(host, token, marker, {})
        return {"done": True}

    def _take_back(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        self._peril(host, program, "")
        if program.sent.job in self.standing:
            self.standing.remove(program.sent.job)
            self.world.tell(f"TAKEN BACK {args['token']} of job {program.sent.job} on {host.path}")
            self.world.count("taken back")
        self._peril(host, program, "")
        return {"done": True}

    def _prove(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        return {"done": self.world.dice.random() >= self.risk["disproves"]}

    def _inspect(self, host: SimHost, program: Program, args: dict[str, Any]) -> dict[str, Any]:
        """A look takes the lock too, if it is free: then it may seal, and leaves its epoch with that."""
        token, held = args["token"], self._is_held(host, program.sent.job)
        if not held and args["seal"] and host.create_marker(token, {"phase": "void"}):
            self.world.tell(f"{host.path} {token} is void")
            self._epochs[program.sent.job] = max(self._epochs.get(program.sent.job, 0), args["epoch"])
        marker = host.markers.get(token)
        phase = "none" if token not in host.markers else marker["phase"] if marker else "unreadable"
        return {"held": held, "phase": phase, "happened": bool(marker and marker.get("happened"))}
