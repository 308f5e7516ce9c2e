"""Run one job: for each step, is it allowed to begin, do it, judge what came back, record it. The only loop.

A destructive step is begun in the store before it is sent, and never sent again under the same token. When the wire
breaks, or a worker was lost, only a look at the target decides: done, not done, or a person has to say.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from domain.command import Command, Executor, Reading
from domain.errors import Broke, Denied, Overtaken, Severed, StoreDown, TimedOut, Trouble, Unreachable
from domain.event import Kind
from domain.job import State
from domain.operation import Judgement, Outcome, Step
from domain.text import Text
from runner.clean_up import CleanUp, left_by
from runner.hold import Hold
from runner.leavings import is_proven
from runner.patience import Patience
from runner.store.rows import recorded
from runner.summary import things
from runner.verdict import StepFailed, Undecided, failed, settled, told, undecided, untidy, verdict
from runner.watch import Watch

log = logging.getLogger("yunwei.engine")

MAX_SENDS: Final = 3  # of a step of which it is certain that nothing was sent
MAX_RUNS: Final = 3  # of a destructive step that provably did not happen
LOOK_TIMEOUT_S: Final = 60.0
_TRY_AGAIN: Final = (Unreachable, Severed, TimedOut, Broke)


class Engine:
    """Takes claimed jobs to their end. `executors` by wire; `wait(event, seconds)` pauses until then or the event."""

    def __init__(
        self,
        executors: Mapping[str, Executor],
        wait: Callable[[threading.Event, float], object],
        now_s: Callable[[], float],
        patience: Patience,
    ) -> None:
        self._executors = executors
        self._wait = wait
        self._now_s = now_s
        self._patience = patience
        self._clean_up = CleanUp(self._send, wait, now_s, patience)

    def run(self, hold: Hold) -> None:
        """Work on the job until it is ended, released, or no longer ours. Raises nothing."""
        try:
            if hold.job.ending is not None:
                self._end_as_decided(hold, hold.job.ending)
            elif hold.job.state is State.IN_DOUBT and hold.job.begun:
                self._reconcile(hold)
            if not hold.over.is_set():
                self._work(hold)
        except (Overtaken, StoreDown) as trouble:
            # Without the store nothing can be said: the lease runs out, and whoever can write then looks and decides.
            log.warning("job %s: this attempt stops: %s", hold.job.number, trouble)
        except Exception as error:
            self._end_badly(hold, error)

    # -- the plan ---------------------------------------------------------------------------------------------

    def _work(self, hold: Hold) -> None:
        while hold.step < len(hold.plan):
            step = hold.plan[hold.step]
            _check(hold, step)
            if hold.asked_to_release.is_set():
                hold.release(Text("交还作业，由执行者继续", "handed back between two steps, for a worker to go on"))
                return
            if step.tidies:
                self._tidy(hold, step)
                continue
            judgement = self._destroy(hold, step) if step.destructive else self._read(hold, step)
            if judgement is not None:
                self._close_step(hold, step, judgement)
        hold.end(Kind.SUCCEEDED, Text("执行成功", "succeeded"), things=things(hold.plan, hold.step))

    def _close_step(self, hold: Hold, step: Step, judgement: Judgement) -> None:
        hold.note(Kind.STEP_DONE, step=step.key, on=step.effect_on, **told(judgement))
        for made in judgement.made:
            hold.made(made)
        if step.destructive or judgement.made or is_proven(hold.plan, hold.step + 1):
            hold.record(hold.step + 1)
        else:
            hold.step += 1  # written with the next commit; repeating a harmless step costs nothing

    def _tidy(self, hold: Hold, step: Step) -> None:
        """What the job is for is proven: that something could not be tidied up is told, and is no failure of it."""
        try:
            self._close_step(hold, step, self._read(hold, step))
        except (Overtaken, StoreDown):
            raise
        except (StepFailed, Trouble) as trouble:
            text = trouble.judgement.text if isinstance(trouble, StepFailed) else trouble.text
            hold.note(Kind.ALARM, step=step.key, why="untidy", text=untidy(step, text).as_dict())
            hold.step += 1

    # -- steps that change nothing ----------------------------------------------------------------------------

    def _read(self, hold: Hold, step: Step) -> Judgement:
        """Send a harmless step, again if need be, until it is judged done or failed or its time is over."""
        hold.note(Kind.PROGRESS, step=step.key, title=step.title.as_dict(), percent=100 * hold.step // len(hold.plan))
        began = self._now_s()
        until = began + step.timeout_s
        sends = 0
        while True:
            _check(hold, step)
            sends += 1
            judgement = self._read_once(hold, step, max(1.0, until - self._now_s()))
            if judgement.outcome is Outcome.DONE:
                return judgement
            if judgement.outcome is not Outcome.RUNNING or self._now_s() >= until:
                raise (Undecided if judgement.outcome is Outcome.BY_HAND else StepFailed)(judgement)
            if step.poll_s is None and not self._may_send_again(sends, judgement.evidence, began):
                raise StepFailed(judgement)
            hold.under_way(step, judgement)
            self._wait(hold.lost if step.tidies else hold.disturbed, step.poll_s or self._patience.retry_s)

    def _read_once(self, hold: Hold, step: Step, timeout_s: float) -> Judgement:
        try:
            reading = self._send(hold, step, step.do, timeout_s)
        except _TRY_AGAIN as trouble:
            return Judgement(outcome=Outcome.RUNNING, text=trouble.text, evidence=trouble.facts)
        return hold.operation.judge(step, reading)

    def _may_send_again(self, sends: int, evidence: Mapping[str, Any], began: float) -> bool:
        """A few times; for longer while the session of an earlier worker is still at it (`held`): it will be gone."""
        return sends < MAX_SENDS or bool(evidence.get("held") and self._now_s() < began + self._patience.doubt_s)

    # -- steps that must not happen twice ---------------------------------------------------------------------

    def _destroy(self, hold: Hold, step: Step) -> Judgement | None:
        """Send a destructive step: once for each run, and a new run only when the last provably did not happen.

        None: it was not sent, for the job is to be handed back. A worker that sleeps past its lease may renew it in the
        very moment in which it begins.
        """
        for _ in range(MAX_RUNS):
            hold.check()
            hold.begin(hold.step, hold.run)
            if hold.asked_to_release.is_set():
                return None
            judgement = self._attempt(hold, step)
            if judgement.outcome is not Outcome.NOT_DONE:
                return settled(judgement)
            hold.note(Kind.LOOKED, step=step.key, run=hold.run, **told(judgement))
            hold.run += 1
        raise StepFailed(judgement)

    def _attempt(self, hold: Hold, step: Step) -> Judgement:
        try:
            reading = self._send_surely(hold, step)
            judgement = hold.operation.judge(step, reading)
        except Trouble as trouble:
            if isinstance(trouble, Overtaken) or trouble.facts.get("started") is False:
                raise  # the executor is certain that nothing was begun
            hold.note(Kind.LOOKED, step=step.key, why=trouble.code, text=trouble.text.as_dict())
            return self._look(hold, step)
        if judgement.outcome in (Outcome.DONE, Outcome.FAILED):
            return judgement
        return self._look(hold, step)

    def _send_surely(self, hold: Hold, step: Step) -> Reading:
        """Send; when nothing was sent, send again, a few times."""
        began = self._now_s()
        for sends in count(1):
            hold.check()
            try:
                return self._send(hold, step, step.do, step.timeout_s)
            except Unreachable as trouble:
                if sends <= MAX_SENDS:
                    hold.note(Kind.LOOKED, step=step.key, why=trouble.code, text=trouble.text.as_dict())
                if not self._may_send_again(sends, trouble.facts, began):
                    raise StepFailed(failed(trouble)) from trouble
                self._wait(hold.disturbed, self._patience.retry_s)
        raise AssertionError("unreachable")

    def _look(self, hold: Hold, step: Step) -> Judgement:
        """Look at the target until it is clear what the step did. Sealed: what has not begun cannot begin any more."""
        if step.look is None:
            raise Undecided(undecided(step, {}))
        until = self._now_s() + max(self._patience.doubt_s, step.timeout_s)
        evidence: Mapping[str, Any] = {}
        while self._now_s() < until:
            if hold.lost.is_set():
                hold.check()
            judgement = self._look_once(hold, step)
            evidence = judgement.evidence
            if judgement.outcome is Outcome.CANNOT_TELL:
                break
            if judgement.outcome is not Outcome.RUNNING:
                return judgement
            self._wait(hold.lost, self._patience.look_s)
        raise Undecided(undecided(step, evidence))

    def _look_once(self, hold: Hold, step: Step) -> Judgement:
        assert step.look is not None  # noqa: S101  the caller has checked
        try:
            reading = self._send(hold, step, step.look, LOOK_TIMEOUT_S, seal=True)
        except Trouble as trouble:
            if isinstance(trouble, Overtaken):
                raise
            return Judgement(outcome=Outcome.RUNNING, text=trouble.text, evidence=trouble.facts)
        return hold.operation.judge_look(step, reading)

    def _reconcile(self, hold: Hold) -> None:
        """After a lost worker: look, and leave doubt in one commit.

        Proofs that are left go on at once. Destructive steps go back in line: who claims them asks the policies again,
        for time has passed, and a window may have closed.
        """
        step = hold.plan[hold.step]
        judgement = self._look(hold, step)
        hold.note(Kind.LOOKED, step=step.key, run=hold.run, **told(judgement))
        if judgement.outcome is Outcome.NOT_DONE:
            hold.run += 1
        else:
            settled(judgement)
            hold.note(Kind.STEP_DONE, step=step.key, on=step.effect_on, **told(judgement))
            for made in judgement.made:
                hold.made(made)
            hold.step += 1
        if not any(s.destructive for s in hold.plan[hold.step :]):
            hold.resume(step=hold.step)
            return
        hold.check()
        hold.release(Text("已核实，重新排队继续", "looked at; the rest goes back in line"))

    # -- sending and ending -----------------------------------------------------------------------------------

    def _send(self, hold: Hold, step: Step, command: Command, timeout_s: float, *, seal: bool = False) -> Reading:
        executor = self._executors.get(command.wire)
        if executor is None:
            zh, en = f"没有用于 {command.wire} 的执行器", f"There is no executor for {command.wire!r}"
            raise Denied(Text(zh, en), wire=command.wire)
        reading = executor.run(command.fenced(hold.fence(seal=seal)), Watch(hold, step, timeout_s))
        recorded(reading.facts)  # what cannot be written down must end this job here, not every commit after it
        return reading

    def _end_badly(self, hold: Hold, error: Exception) -> None:
        try:
            kind, text, facts = _said(hold, error)
            # From what nobody can decide, an operator may still go on: nothing is taken away.
            if kind is Kind.UNDECIDED or not any(left_by(hold)):
                hold.end(kind, text, **facts)
                return
            hold.ending(kind, text, **facts)  # whoever takes over while it is taken away must not go on without it
            self._wind_up(hold, kind, text, facts)
        except (Overtaken, StoreDown) as trouble:
            log.warning("job %s could not be ended by this attempt: %s", hold.job.number, trouble)

    def _end_as_decided(self, hold: Hold, kind: Kind) -> None:
        """`whatever`: it is to end in any case."""
        said = dict(hold.job.outcome or {})
        text, whatever = Text(**said.pop("text")), said.pop("whatever", False)
        said.pop("ending", None)
        self._wind_up(hold, kind, text, said, whatever=whatever)

    def _wind_up(self, hold: Hold, kind: Kind, text: Text, facts: dict[str, Any], *, whatever: bool = False) -> None:
        """End it so, once what it left is taken away. Where that fails it is not over, and its place is not free."""
        left = self._clean_up.run(hold, text, whatever=whatever)
        if left and not whatever:
            kind, text, facts = _said(hold, left)
        hold.end(kind, text, **facts)


def _said(hold: Hold, error: Exception) -> tuple[Kind, Text, dict[str, Any]]:
    kind, text, facts = verdict(hold, error)
    return kind, text, {"things": things(hold.plan, hold.step, failed=kind is not Kind.CANCELLED), **facts}


def _check(hold: Hold, step: Step) -> None:
    """Whether this attempt is to end before `step`. For what only tidies up, a stop comes too late."""
    (hold.check_ours if step.tidies else hold.check)()
