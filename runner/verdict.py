"""What errors and judgements mean for a job: how it ends by them, and what is told of them."""

import logging
from collections.abc import Mapping
from typing import Any

from domain.errors import Stopped, Trouble
from domain.event import Kind
from domain.operation import Judgement, Outcome, Step
from domain.text import Text
from runner.hold import Hold

log = logging.getLogger("yunwei.engine")


class StepFailed(Exception):
    """A step ended badly; the job ends with it."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.text.en)
        self.judgement = judgement


class Undecided(StepFailed):
    """Nobody can tell what a step did: an operator has to."""


def verdict(hold: Hold, error: Exception) -> tuple[Kind, Text, dict[str, Any]]:
    """How a job ends by an error: cancelled, undecided, failed."""
    at = hold.plan[min(hold.step, len(hold.plan) - 1)]
    step = at.key
    match error:
        case Stopped():
            return Kind.CANCELLED, Text("已按要求停止", "stopped as asked"), {"step": step}
        case Undecided(judgement=j):
            return Kind.UNDECIDED, j.text, {"step": step, "evidence": dict(j.evidence)}
        case StepFailed(judgement=j) if hold.asked_to_stop.is_set() and j.evidence.get("stopped"):
            return Kind.CANCELLED, j.text, {"step": step, "evidence": dict(j.evidence)}
        case StepFailed(judgement=j):
            return Kind.FAILED, j.text, {"step": step, "evidence": dict(j.evidence)}
        case Trouble():
            return Kind.FAILED, error.text, {"step": step, "code": error.code, **error.facts}
    log.exception("job %s met an error of our own", hold.job.number, exc_info=error)
    text = Text(f"内部错误：{type(error).__name__}", f"An error of our own: {type(error).__name__}")
    # What had begun may have happened: an error of ours is no proof of anything.
    return (Kind.UNDECIDED if at.destructive else Kind.FAILED), text, {"step": step}


def settled(judgement: Judgement) -> Judgement:
    """DONE passes; FAILED ends the job; anything else is nobody's to decide here."""
    if judgement.outcome is Outcome.DONE:
        return judgement
    raise (StepFailed if judgement.outcome is Outcome.FAILED else Undecided)(judgement)


def failed(trouble: Trouble) -> Judgement:
    return Judgement(outcome=Outcome.FAILED, text=trouble.text, evidence={"code": trouble.code, **trouble.facts})


def undecided(step: Step, evidence: Mapping[str, Any]) -> Judgement:
    zh = f"无法确定步骤“{step.title.zh}”是否已执行；请查看目标后选择：已完成 / 重新执行 / 失败"
    en = f"It cannot be told whether step {step.title.en!r} took effect. Look at {step.effect_on or 'the target'}, "
    en += "then resolve the request as done, run-again or failed."
    return Judgement(outcome=Outcome.CANNOT_TELL, text=Text(zh, en), evidence=evidence)


def told(judgement: Judgement) -> dict[str, Any]:
    return {"outcome": judgement.outcome.value, "text": judgement.text.as_dict(), "evidence": dict(judgement.evidence)}


def not_cleaned(ended: Text, step: Step, trouble: Trouble) -> Undecided:
    """The job has `ended` so, and what a step has left could not be taken away again."""
    why, where = trouble.text, step.effect_on
    zh = f"{ended.zh}；但未能清理步骤“{step.title.zh}”：{why.zh}。"
    zh += f"请查看 {where or '目标'}，排除原因后选择 failed：将再次清理"
    en = f"{ended.en}; but what step {step.title.en!r} left could not be taken away: {why.en}. "
    en += f"Look at {where or 'the target'}, remove the cause, then resolve the request as failed: it cleans up again."
    evidence = {"undo": step.key, "code": trouble.code, **trouble.facts}
    return Undecided(Judgement(outcome=Outcome.CANNOT_TELL, text=Text(zh, en), evidence=evidence))


def untidy(step: Step, why: Text) -> Text:
    """A job that has done its work could not tidy up after it."""
    where = step.effect_on
    zh = f"作业已完成，但未能执行“{step.title.zh}”：{why.zh}；请在 {where or '目标'} 上手工清理"
    en = f"The job is done, but not {step.title.en!r}: {why.en}. Tidy up by hand on {where or 'the target'}."
    return Text(zh, en)
