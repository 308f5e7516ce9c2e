"""What can be done: a frozen dataclass whose fields are its typed parameters, and whose traits say how dangerous it is.

Policies read traits, never names. `plan` yields steps as data; `judge` reads what a step brought back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal

from domain.command import Command, Reading, from_data, to_data
from domain.errors import Fault
from domain.places import Place
from domain.request import Role
from domain.text import Text


class Target(StrEnum):
    """What kind of place an operation works on."""

    ENVIRONMENT = "environment"
    DATA_CENTER = "data-center"


class Lock(StrEnum):
    """What an operation does to its place while it runs: nothing, read along with others, or have it alone."""

    NONE = "none"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


class Misfire(StrEnum):
    """What becomes of a start that is late by more than `grace`."""

    SKIP = "skip"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class Traits:
    """How an operation is to be treated. The defaults are the strict ones.

    `takes` is the estimate before there is history; `grace` the latest start after the planned time, whatever the
    cause (an outage, a lock); `cutoff` is how long before the start it can still be cancelled or edited.
    """

    target: Target
    takes: timedelta
    roles: frozenset[Role] = frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR})
    also: frozenset[Role] = frozenset()  # one of these besides one of `roles`
    interrupts_users: bool = True
    overrun: Literal["refuse", "warn"] = "refuse"
    needs: frozenset[str] = frozenset()
    quota_class: str | None = None
    lock: Lock = Lock.EXCLUSIVE
    grace: timedelta = timedelta(minutes=5)
    misfire: Misfire = Misfire.SKIP
    cutoff: timedelta | None = None
    lead: timedelta | None = None
    range: timedelta | None = None
    accepted: Literal["automatically", "by-provider"] = "automatically"
    letter: Literal["download", "restore"] | None = None  # the letter of authorization that it needs
    traffic: bool = False  # whether bytes leave the house by it, which count as the tenant's traffic
    tells: frozenset[Role] = frozenset()  # who of the tenant's people is told of its end, besides whoever asked
    code: bool = False  # whether a one-time code, sent to the phone of whoever asks, is needed
    words: Mapping[str, Text] = field(default_factory=dict)  # labels of execution states, where they differ


@dataclass(frozen=True, kw_only=True)
class Takes:
    """Which artifacts a parameter may name: those `kinds`, ready, of the same tenant.

    One with risks on record (a script) is taken only when the parameter `accept` says yes to them.
    """

    kinds: frozenset[str]
    accept: str = ""


class Outcome(StrEnum):
    """What a reading proves about a step."""

    DONE = "done"
    NOT_DONE = "not-done"  # provably did not happen, and cannot happen late
    FAILED = "failed"  # it happened, and it went wrong
    RUNNING = "running"  # not yet: ask again
    CANNOT_TELL = "cannot-tell"
    BY_HAND = "by-hand"  # a person does it, and says what became of it


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """An outcome with the sentence and the evidence a person needs to agree with it.

    `made` describes the artifacts that the step made: they are recorded with its end.
    """

    outcome: Outcome
    text: Text
    evidence: Mapping[str, Any] = field(default_factory=dict)
    made: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a plan, as data.

    `key` is unique in the plan and stable. `destructive` steps have an effect that must not happen twice: their start
    is committed before they are sent, and after a crash only `look` decides. Others may simply be repeated.
    `look` reads whether the step took effect; sent with `seal`, it also forbids an attempt that has not begun.
    `interruptible` says whether a cancel may end it half-way; if not, a cancel waits for the step to end.
    `poll_s` repeats a reading step until it is DONE or FAILED, or `timeout_s` is over.
    `effect_on` names what the step changes, for people and for the evidence.
    `undo` cleans up when the job ends badly once this step was reached: harmless, and may be sent again.
    `tidies` marks the last steps of a plan, after what the job is for is done and proven: from there on nothing is
    undone, a stop comes too late, and what cannot be tidied up is told, but the job has succeeded.
    """

    key: str
    title: Text
    do: Command
    timeout_s: float
    destructive: bool = False
    interruptible: bool = True
    look: Command | None = None
    poll_s: float | None = None
    effect_on: str = ""
    undo: Command | None = None
    tidies: bool = False

    def as_data(self) -> dict[str, Any]:
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        look, undo = (to_data(c) if c else None for c in (self.look, self.undo))
        return {**data, "title": self.title.as_dict(), "do": to_data(self.do), "look": look, "undo": undo}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Step":
        fixed = {"title": Text(**data["title"]), "do": from_data(data["do"])}
        look, undo = (from_data(data[k]) if data.get(k) else None for k in ("look", "undo"))
        return cls(**{**data, **fixed, "look": look, "undo": undo})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The base of all operations. The docstring is the manual; `name` the id; `title` what a user sees."""

    name: ClassVar[str]
    title: ClassVar[Text]
    traits: ClassVar[Traits]
    notes: ClassVar[Mapping[str, Text]] = {}  # a sentence for each parameter
    example: ClassVar[Mapping[str, Any]] = {}  # parameters as the manual shows them, where the defaults do not do
    takes_artifacts: ClassVar[Mapping[str, Takes]] = {}  # parameters that name an artifact

    def plan(self, place: Place) -> Iterator[Step]:
        """The steps, in order. Pure: the same place and parameters give the same steps."""
        raise TypeError(f"operation {type(self).__name__} has no plan")

    def faults(self, place: Place) -> Iterator[Fault]:
        """What is wrong with these parameters together, or with them at this place. Without a word: nothing."""
        return iter(())

    def warns(self, place: Place) -> Text | None:
        """What is lost by it, to be read before the second confirmation. Without a word: nothing."""
        return None

    def estimate(self, place: Place) -> timedelta:
        """How long it is likely to take there, before there is history."""
        return self.traits.takes

    def judge(self, step: Step, reading: Reading) -> Judgement:
        """What the answer to `step.do` means. Without a word to the contrary an answer is a success."""
        return Judgement(outcome=Outcome.DONE, text=Text("完成", "done"))

    def made_by(self, step: Step) -> tuple[Mapping[str, Any], ...]:
        """What is on record of a destructive step that was done. Without a word: nothing."""
        return ()

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        """What the answer to `step.look` means. Without a word to the contrary: cannot tell."""
        return Judgement(outcome=Outcome.CANNOT_TELL, text=Text("无法判断", "cannot tell"))
