"""The demo's play: ask over HTTP as a portal's back end would, follow live, gather the proof."""

from collections.abc import Mapping
from typing import Any, Final

from commands.demo_proof import Check, look_before, prove
from commands.demo_set_up import Stage
from commands.demo_stage import SHARED
from commands.following import Shape, follow, tell_end
from commands.moments import read_at, shown
from commands.session import Session
from domain.errors import Broke
from domain.text import Text
from intake.read import verify_audit

FOLLOW_S: Final = 300.0


def play(session: Session, stage: Stage, ahead_s: float) -> tuple[Shape, list[Check]]:
    """Ask over HTTP, follow live, prove."""
    here = stage.place.environment
    before = look_before(stage.lab, here)
    number = _ask(session, stage, ahead_s)
    item = follow(lambda after: stage.api.news(number, after), session.screen, session.given.zone, FOLLOW_S)
    tell_end(item, session.screen)
    events = stage.api.news(number, 0)[1]
    checks = prove(stage.lab, here, before, item, events, stage.speed)
    return item, [*checks, _shared_is_refused(stage), _window_is_refused(stage), _audit_is_whole(stage)]


def _ask(session: Session, stage: Stage, ahead_s: float) -> int:
    at = stage.product.store.clock.ahead(ahead_s)
    body = _wish(stage.place.path, at.isoformat())
    status, answer = stage.api.post("/requests", body)
    if status != 201:
        raise Broke(Text(f"提交未被受理：{status} {answer}", f"The submit was not accepted: {status} {answer}"))
    when = shown(answer["planned_at"], session.given.zone)
    number = int(answer["number"])
    session.screen.say(
        f"已提交运维单 {number}：重启 {stage.place.title} 的 IIS，计划时间 {when}",
        f"Request {number}: restart IIS of {stage.place.title}, planned for {when}",
    )
    return number


def _wish(place: str, at: str | None = None) -> dict[str, Any]:
    wish = {"operation": "iis-restart", "place": place, "confirm": True, "description": "yunwei demo"}
    return wish if at is None else {**wish, "planned_at": at}


def _shared_is_refused(stage: Stage) -> Check:
    status, answer = stage.api.post("/requests", _wish(SHARED))
    text = Text("共享环境被策略拒绝", "A policy refuses the shared environment")
    return Check(text=text, held=status == 403 and "entitlements" in _against(answer), seen=_against(answer))


def _window_is_refused(stage: Stage) -> Check:
    at = read_at(stage.window.within, stage.place.tenant.zone, stage.product.store.clock)
    _, answer = stage.api.post(
        "/requests/check", {k: v for k, v in _wish(stage.place.path, at).items() if k != "confirm"}
    )
    held = "windows" in _against(answer) and bool(answer["decision"]["until"])
    text = Text("维护时间内被策略拒绝，并给出下一可选时间", "A policy refuses the closed window, and says when instead")
    until = shown(answer["decision"]["until"], stage.place.tenant.zone) if held else ""
    return Check(text=text, held=held, seen=f"{_against(answer)} → {until}")


def _against(answer: Mapping[str, Any]) -> str:
    reasons = (answer.get("decision") or {}).get("reasons", ())
    return ", ".join(r["policy"] for r in reasons if r["verdict"] != "allow")


def _audit_is_whole(stage: Stage) -> Check:
    verdict = verify_audit(stage.product.desk)
    text = Text("审计链完整", "The audit chain is whole")
    return Check(text=text, held=verdict.broken_at is None, seen=f"{verdict.events} events {verdict.why}".rstrip())
