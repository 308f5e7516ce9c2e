"""Take away what a job has left on its targets, before it ends otherwise than well."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from domain.command import Command, Reading
from domain.errors import Overtaken, Severed, StoreDown, Trouble, Unreachable
from domain.event import Kind
from domain.operation import Step
from domain.text import Text
from runner.hold import Hold
from runner.leavings import leavings
from runner.patience import Patience
from runner.verdict import Undecided, not_cleaned

Send = Callable[[Hold, Step, Command, float], Reading]


class CleanUp:
    """Sends the undo of every step that may have been sent, the last one first."""

    def __init__(
        self,
        send: Send,
        wait: Callable[[threading.Event, float], object],
        now_s: Callable[[], float],
        patience: Patience,
    ) -> None:
        self._send, self._wait, self._now_s, self._patience = send, wait, now_s, patience

    def run(self, hold: Hold, why: Text, *, whatever: bool = False) -> Undecided | None:
        """Clean up after a job that ended because of `why`. Answers the first undo that failed, if one did.

        The ones before it then wait for an operator's word, unless the job ends `whatever` happens: a file that they
        would drop may be what is needed to go on.
        """
        left: Undecided | None = None
        for step in left_by(hold):
            try:
                self._undo(hold, step)
                hold.note(Kind.LOOKED, step=step.key, why="undo", text=Text("已清理", "cleaned up").as_dict())
            except (Overtaken, StoreDown):
                raise
            except Trouble as trouble:
                hold.note(Kind.ALARM, step=step.key, why="undo", code=trouble.code, text=trouble.text.as_dict())
                left = left or not_cleaned(why, step, trouble)
                if not whatever:
                    return left
        return left

    def _undo(self, hold: Hold, step: Step) -> None:
        """An undo may be sent again and again, by whoever holds the job, for as long as a target may be silent."""
        assert step.undo is not None  # noqa: S101  a leaving has one
        until = self._now_s() + self._patience.doubt_s
        while True:
            hold.check_ours()
            try:
                self._send(hold, replace(step, interruptible=False), step.undo, step.timeout_s)
                return
            except (Unreachable, Severed):
                if self._now_s() >= until:
                    raise
                self._wait(hold.lost, self._patience.look_s)


def left_by(hold: Hold) -> Iterator[Step]:
    """The steps of this attempt, and of those before it, that may have left something; the last one first."""
    return leavings(hold.plan, hold.step, again=hold.job.tries > 1)
