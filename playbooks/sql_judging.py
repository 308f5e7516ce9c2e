"""What a database server's answers mean, for every operation that works on one."""

from typing import Any

from domain.command import Facts, Reading
from domain.operation import Judgement, Outcome
from domain.text import Text


def done(zh: str, en: str, **evidence: Any) -> Judgement:
    return Judgement(outcome=Outcome.DONE, text=Text(zh, en), evidence=evidence)


def failed(zh: str, en: str, **evidence: Any) -> Judgement:
    return Judgement(outcome=Outcome.FAILED, text=Text(zh, en), evidence=evidence)


def attempt(reading: Reading, zh: str, en: str) -> Judgement:
    """The answer to a verb that is done once: it acted, or another attempt came first and a look has to tell."""
    facts = reading.facts
    if facts.get("acted") is True:
        return done(zh, en, **facts)
    text = Text("该次执行已被另一执行者开始", "another worker has begun this attempt")
    return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=facts)


def effect(facts: Facts, *, otherwise: Outcome = Outcome.NOT_DONE) -> Judgement:
    """What a look found. `otherwise`: what it means that an attempt that was begun did not take effect."""
    phase = facts.get("phase")
    if facts.get("alive"):
        return Judgement(
            outcome=Outcome.RUNNING, text=Text("该会话仍在执行", "its session still works"), evidence=facts
        )
    if phase in ("none", "void"):
        text = Text("尚未开始，也不会再开始", "it had not begun, and cannot begin any more")
        return Judgement(outcome=Outcome.NOT_DONE, text=text, evidence=facts)
    if phase == "ended" or facts.get("took_effect") is True:
        return done("已生效", "it took effect", **facts)
    if facts.get("took_effect") is False:
        text = Text("未生效，已恢复原状", "it did not take effect; all is as before")
        if otherwise is Outcome.FAILED:
            text = Text("未完成", "it was broken off")
        return Judgement(outcome=otherwise, text=text, evidence=facts)
    return Judgement(outcome=Outcome.CANNOT_TELL, text=Text("无法判断", "it cannot be told"), evidence=facts)


def readable(size: int) -> str:
    """Bytes as people read them."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
