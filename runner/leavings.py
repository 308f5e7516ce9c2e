"""Which steps of a job that ends badly may have left something behind."""

from collections.abc import Iterator, Sequence

from domain.operation import Step


def leavings(plan: Sequence[Step], at: int, *, again: bool) -> Iterator[Step]:
    """The steps with an undo that may have been sent, the last one first. `at` is the one at which the job ends.

    `again`: another worker had the job before. Only steps that change something are recorded one by one, so that one
    may have come further: as far as the next of these, which it has not begun.
    """
    reached = at + 1
    if again:
        reached = max(reached, next((n for n in range(at, len(plan)) if plan[n].destructive), len(plan)))
    return (step for step in reversed(plan[:reached]) if step.undo is not None)
