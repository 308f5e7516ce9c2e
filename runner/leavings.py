"""What a job may have left behind, read from its plan and from how far it came."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Trace(Protocol):
    """What a step, or the outline of one, says of what it leaves."""

    @property
    def destructive(self) -> bool: ...
    @property
    def undo(self) -> object | None: ...
    @property
    def tidies(self) -> bool: ...


T = TypeVar("T", bound=Trace)


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A stored step as far as it matters here: also one of a plan that this version cannot read."""

    destructive: bool
    undo: object | None
    tidies: bool


def outline(stored: str | None) -> tuple[Outline, ...]:
    """The plan of a job as its row has it; nothing where it has none."""
    return tuple(
        Outline(destructive=s["destructive"], undo=s["undo"], tidies=s.get("tidies", False))
        for s in json.loads(stored or "[]")
    )


def leavings(plan: Sequence[T], at: int, *, again: bool) -> Iterator[T]:
    """The steps with an undo that may have been sent, the last one first. `at` is the one at which the job ends.

    `again`: another worker had the job before. Only steps that change something are recorded one by one, so that one
    may have come further: as far as the next of these, which it has not begun.
    Nothing is undone of what is done and proven: then only the tidying is left.
    """
    if is_proven(plan, at):
        return iter(())
    reached = at + 1
    if again:
        reached = max(reached, next((n for n in range(at, len(plan)) if plan[n].destructive), len(plan)))
    return (step for step in reversed(plan[:reached]) if step.undo is not None)


def is_proven(plan: Sequence[Trace], at: int) -> bool:
    """Whether what the job is for is done and proven, when step `at` is the next."""
    return 0 <= at < len(plan) and plan[at].tidies


def has_changed(plan: Sequence[Trace], at: int) -> bool:
    """Whether a job whose next step is `at` has changed its target, or is done but for the tidying."""
    return is_proven(plan, at) or any(step.destructive for step in plan[:at])
