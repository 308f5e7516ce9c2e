"""What the demo tells at its end: the proof, and how to go on."""

import sys
from dataclasses import asdict
from pathlib import Path

from commands.demo_proof import Check, effect_rows, skew_ms
from commands.demo_set_up import Stage
from commands.demo_stage import ADMIN, BOOKS, PROD, SHARED, shell_word
from commands.following import Shape
from commands.session import Session
from domain.text import Text


def tell_proof(session: Session, stage: Stage, items: list[Shape], checks: list[Check]) -> bool:
    """The ledger and every check; answers whether all of it held."""
    screen = session.screen
    effects = stage.lab.get("/ledger")["effects"]
    screen.say("模拟环境的台账（真实发生的事）：", "The lab's ledger, what really happened:")
    heads = ("n", Text("时间", "at"), Text("主机", "host"), Text("动作", "effect"), Text("运维单", "request"), "token")
    screen.table(heads, effect_rows(effects))
    screen.say("证明：", "The proof:")
    for check in checks:
        screen.line(f"  {'✓' if check.held else '✗'} {screen.of(check.text)}  [{check.seen}]")
    held = all(check.held for check in checks)
    late_ms = max(skew_ms(item, stage.speed) for item in items)
    screen.say(f"开始偏差 {late_ms:.1f} 毫秒", f"Start skew: {late_ms:.1f} ms")
    if not held:
        screen.say(f"有未通过的项；日志在 {stage.folder}", f"Not all of it held; the logs are in {stage.folder}")
    said = [{**asdict(c), "text": c.text.as_dict()} for c in checks]
    screen.data(
        {"held": held, "start_skew_ms": round(late_ms, 1), "checks": said, "effects": effects, "requests": items}
    )
    return held


def tell_how_to_go_on(session: Session, stage: Stage) -> None:
    """Addresses, the token, commands to try in another terminal, one of which a policy refuses."""
    screen, settings = session.screen, stage.settings
    clock = "" if settings.clock == "real" else f" YUNWEI_CLOCK={settings.clock}"
    screen.data({"portal": stage.url, "token": stage.token.open(), "folder": str(stage.folder)})
    screen.line("")
    screen.say("接下来可以（在另一个终端）：", "Go on like this, in another terminal:")
    yunwei = _program()
    home, estate = shell_word(settings.home), shell_word(settings.estate)
    screen.line(f"  export YUNWEI_HOME={home} YUNWEI_ESTATE={estate} YUNWEI_USER={ADMIN}{clock}")
    screen.line(f"  export YUNWEI_TOKEN={stage.token.open()}")
    screen.line(f"  {yunwei} request submit iis-restart {PROD} --at +30s --yes --wait")
    screen.line(f"  {yunwei} request submit backup {BOOKS} --label mine --wait")
    screen.line(f"  {yunwei} request check iis-restart {PROD} --at {stage.window.within}")
    screen.line(f'  curl -s -H "Authorization: Bearer $YUNWEI_TOKEN" {stage.url}/api/v1/requests')
    screen.say("这一条会被策略拒绝：", "This one a policy refuses:")
    screen.line(f"  {yunwei} request submit iis-restart {SHARED} --yes")


def _program() -> str:
    """How this command was called, so that it can be called again."""
    called = Path(sys.argv[0])
    return shell_word(called.absolute()) if called.name == "yunwei" and called.exists() else "yunwei"
