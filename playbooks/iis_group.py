"""One judgement for several servers that were asked at the same time: the strictest, with each server's own."""

from collections.abc import Callable
from typing import Any

from domain.command import Command, Facts, Reading, Together
from domain.operation import Judgement, Outcome
from domain.text import Text


def each(command: Command | None, reading: Reading, judge: Callable[[Facts], Judgement]) -> Judgement:
    """Judge one server's facts, or those of every server that a Together asked."""
    if not isinstance(command, Together):
        return judge(reading.facts)
    said = {host: _one(answer, judge) for host, answer in reading.facts.items()}
    outcomes = {j.outcome for j in said.values()}
    text = Text(
        "；".join(f"{h}：{j.text.zh}" for h, j in said.items()), "; ".join(f"{h}: {j.text.en}" for h, j in said.items())
    )
    evidence = {h: {"outcome": j.outcome.value, **j.evidence} for h, j in said.items()}
    return Judgement(outcome=_together(outcomes), text=text, evidence=evidence)


def _one(answer: dict[str, Any], judge: Callable[[Facts], Judgement]) -> Judgement:
    if "facts" in answer:
        return judge(answer["facts"])
    text = Text(**answer["error"]["text"])
    return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=answer["error"])


def _together(outcomes: set[Outcome]) -> Outcome:
    """Some done and some provably not is a failure with a clear picture: nobody restarts the done ones again."""
    for strict in (Outcome.RUNNING, Outcome.CANNOT_TELL, Outcome.FAILED):
        if strict in outcomes:
            return strict
    return outcomes.pop() if len(outcomes) == 1 else Outcome.FAILED
