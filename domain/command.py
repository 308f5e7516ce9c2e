"""What a step sends over a wire, as data: it is stored with the plan and carries no secret and no address.

A command names its host; the executor looks the address and the credentials up when it runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

Facts = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fence:
    """What makes one attempt known to the target: a destructive step takes effect at most once for each token.

    `asked` (when the job was asked for, in microseconds) tells jobs of one number apart: numbers begin again where a
    store is new or an older one was restored, and the markers on the targets stay.
    `run` grows only when an attempt is proven not to have happened, or when an operator says "run again".
    `epoch` tells which worker's attempt it was; `seal` forbids an attempt that has not begun.
    """

    job: int
    asked: int
    run: int
    epoch: int
    seal: bool = False

    def token(self, step: str) -> str:
        """The attempt's name, also as a file name on Windows, where a colon would name a stream of another file.

        Its form is a contract between versions: during an upgrade an old and a new worker meet on one host, and a
        look under another name would find that nothing had happened (docs/decisions/0006).
        """
        return self._named(self.run, step)

    def _named(self, run: int, step: str) -> str:
        return f"{self.work}-run{run}-{step.replace(':', '.')}"

    @property
    def work(self) -> str:
        """The job's name on a target, whatever the run: for files and scratch databases that are its own."""
        return f"job{self.job}.{self.asked:x}"

    def marks(self, step: str) -> dict[str, Any]:
        """What a command for `step` carries to the target, by which the target tells attempts apart.

        `earlier`: the tokens of the runs before. A person may have said "run again" of one that was not sealed, and a
        frozen worker may still send it: the target forbids them before it does anything under this one.
        """
        seal = {"job": self.job, "epoch": self.epoch} if self.seal else None
        earlier = [self._named(run, step) for run in range(1, self.run)]
        return {"token": self.token(step), "job": self.job, "epoch": self.epoch, "seal": seal, "earlier": earlier}


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something one wire can carry. `host` is a host's path in the estate, such as `acme/prod/app1`."""

    wire: ClassVar[str]
    host: str

    def fenced(self, fence: "Fence") -> "Command":
        """The command as this attempt sends it. Commands without a fence on the target are sent as they are."""
        return self


@dataclass(frozen=True, kw_only=True)
class PowerShell(Command):
    """A script of ours and its arguments. They travel as JSON on standard input, never as text pasted into code.

    In its texts `{work}` stands for the job's own name, where it has a fence.
    """

    wire: ClassVar[str] = "winrm"
    script: str
    args: dict[str, Any] = field(default_factory=dict)
    fence: str = ""  # the key of the step whose token this script uses

    def fenced(self, fence: "Fence") -> "PowerShell":
        if not self.fence:
            return self
        args = {k: _worked(v, fence) for k, v in self.args.items()}
        return replace(self, args={**args, **fence.marks(self.fence)})


@dataclass(frozen=True, kw_only=True)
class Sql(Command):
    """A verb of ours on a database server, such as `backup`: what it does is in executors/sql_server, this is data.

    `host` is the database server's path. In its texts `{work}` stands for the job's own name there.
    """

    wire: ClassVar[str] = "mssql"
    verb: str
    args: dict[str, Any] = field(default_factory=dict)
    fence: str  # the key of the step whose token this verb uses

    def fenced(self, fence: "Fence") -> "Sql":
        args = {k: _worked(v, fence) for k, v in self.args.items()}
        return replace(self, args={**args, **fence.marks(self.fence), "work": fence.work})


@dataclass(frozen=True, kw_only=True)
class Carry(Command):
    """Carry a file between the exchange folder of a database server and the artifact store, or drop it there.

    `stow` puts the file into the store under `key`; `fetch` lays an artifact (by its id, or by `key`) into the folder.
    `inspect` judges a package (.bacpac, .dacpac) before a server sees it; `stow-package` does so first, and adds what
    it is to the key. `{work}` stands for the job's own name.
    """

    wire: ClassVar[str] = "exchange"
    act: str  # stow | fetch | drop | inspect | stow-package
    file: str
    artifact: str = ""
    key: str = ""

    def fenced(self, fence: "Fence") -> "Carry":
        return replace(self, file=_worked(self.file, fence), key=_worked(self.key, fence))


@dataclass(frozen=True, kw_only=True)
class SiteProbe(Command):
    """Ask the web site on one host directly, `times` times in a row; each answer must have one of `statuses`."""

    wire: ClassVar[str] = "site"
    path: str
    host_header: str
    statuses: tuple[int, ...] = (200, 302)
    times: int = 2


@dataclass(frozen=True, kw_only=True)
class Together(Command):
    """Several commands at the same time. Facts come back as {host: {"facts": …} or {"error": …}}."""

    wire: ClassVar[str] = "together"
    host: str = ""
    commands: tuple[Command, ...] = ()

    def fenced(self, fence: "Fence") -> "Together":
        return replace(self, commands=tuple(c.fenced(fence) for c in self.commands))


@dataclass(frozen=True, kw_only=True)
class Choose(Command):
    """Ask first, a question that changes nothing; then send the one of `ways` that the answer's `fact` names.

    `before` is asked even before that. If its fact `marker` is set, an earlier send got through and only its answer was
    lost: the question may have another answer by now, so nothing is asked or sent, and `before` has the facts.
    Facts: those of the way that was taken, its name as `chosen`, and the answer as `asked`.
    """

    wire: ClassVar[str] = "choose"
    host: str = ""
    before: Command
    ask: Command
    fact: str
    ways: dict[str, Command]

    def fenced(self, fence: "Fence") -> "Choose":
        ways = {name: way.fenced(fence) for name, way in self.ways.items()}
        return replace(self, before=self.before.fenced(fence), ask=self.ask.fenced(fence), ways=ways)


@dataclass(frozen=True, kw_only=True)
class Pause(Command):
    """No wire at all: wait `seconds` (used by operations that only exist to be measured or tried out)."""

    wire: ClassVar[str] = "none"
    host: str = ""
    seconds: float = 0.0


def _worked(value: Any, fence: Fence) -> Any:
    return value.replace("{work}", fence.work) if isinstance(value, str) else value


KINDS: Final[dict[str, type[Command]]] = {
    c.__name__: c for c in (PowerShell, Sql, Carry, SiteProbe, Together, Choose, Pause)
}


def to_data(command: Command) -> dict[str, Any]:
    """The command as JSON-ready data, under its type's name."""
    data = {"kind": type(command).__name__, **asdict(command)}
    if isinstance(command, Together):
        data["commands"] = [to_data(c) for c in command.commands]
    if isinstance(command, Choose):
        data["before"], data["ask"] = to_data(command.before), to_data(command.ask)
        data["ways"] = {name: to_data(way) for name, way in command.ways.items()}
    return data


def from_data(data: Mapping[str, Any]) -> Command:
    """The command again. An unknown kind raises: unknown means no."""
    fields = dict(data)
    kind = fields.pop("kind")
    if kind not in KINDS:
        raise ValueError(f"a plan holds a command of unknown kind {kind!r}")
    if "statuses" in fields:
        fields["statuses"] = tuple(fields["statuses"])
    if "commands" in fields:
        fields["commands"] = tuple(from_data(c) for c in fields["commands"])
    if "ways" in fields:
        fields["before"], fields["ask"] = from_data(fields["before"]), from_data(fields["ask"])
        fields["ways"] = {name: from_data(way) for name, way in fields["ways"].items()}
    return KINDS[kind](**fields)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came back: the script's facts, its exit code, and the tail of what it printed."""

    facts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False


@runtime_checkable
class Call(Protocol):
    """How a running command is watched: everything an executor needs from the runner."""

    timeout_s: float
    max_bytes: int

    def say(self, stream: str, line: str) -> None:
        """A line of output, as it comes. `stream` is `stdout`, `stderr` or `note`."""

    def progress(self, percent: float, **facts: Any) -> None:
        """How far it is, 0 to 100; facts such as `bytes` or `eta_s`. May be called often: not every call is kept."""

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        """How part `number` of a long step stands, such as a batch of a script: stored, to be read page by page."""

    def stop_asked(self) -> bool:
        """True once somebody cancelled the job or this worker lost it: end the remote work and verify that it ended."""

    def on_stop(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when a stop is asked, for executors that block."""


class Executor(Protocol):
    """One wire.

    Raises: Unreachable (nothing was sent), Denied, TimedOut (stopped and verified), Stopped (cancelled and verified),
    Broke (the target answered with a failure), Severed (sent, outcome unknown). It never sends a command twice.
    """

    def run(self, command: Command, call: Call) -> Reading: ...

    def close(self) -> None: ...
