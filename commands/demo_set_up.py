"""The demo's set-up: a lab, a portal and a worker, each a process of its own, and two accounts."""

import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from commands.demo_child import child
from commands.demo_client import Client
from commands.demo_stage import PROD, Window, fresh_folder, make_accounts, shell_word, window_for, write_estate
from commands.lab import PROGRAM as LAB
from commands.session import Session
from domain.places import Place
from domain.secret import Secret
from inventory.load import load
from wiring import Product, Settings, clock_for, open_product, settings_from

HOME: Final = Path("var/demo")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that is up while the demo runs."""

    folder: Path
    settings: Settings
    product: Product
    place: Place
    window: Window
    url: str
    token: Secret
    api: Client
    lab: Client

    @property
    def speed(self) -> float:
        """How many seconds of the product's clock pass in a real one."""
        return self.product.store.clock.speed


def set_up(session: Session, stack: ExitStack) -> Stage:
    """Start everything; `stack` ends it. Raises Broke or TimedOut if something does not start."""
    folder = fresh_folder(Path(session.given.options.get("home") or HOME))
    session.screen.say(
        f"演示目录 {shell_word(folder)}（日志在此）", f"The demo's folder: {shell_word(folder)} (logs, too)"
    )
    lab_command = [*LAB, "up", "--folder", str(folder / "lab"), "--with-parent"]
    lab = stack.enter_context(child("lab", lab_command, folder / "lab.log"))
    hosts = ", ".join(lab["hosts"])
    session.screen.say(f"模拟环境已启动：{hosts}", f"The lab is up: {hosts}, speaking WinRM and HTTP on loopback")
    settings, window = _settle(session, folder, Path(lab["estate"]))
    product, place = _open(stack, settings)
    up = stack.enter_context(child("yunwei up", _up_command(settings), folder / "yunwei.log"))
    session.screen.say(f"门户 {up['portal']}，执行者 {up['worker']}", f"Portal {up['portal']}, worker {up['worker']}")
    token = make_accounts(product, place)
    api, control = Client(up["portal"] + "/api/v1", token), Client(f"http://127.0.0.1:{lab['control_port']}")
    for client in (api, control):
        stack.enter_context(closing(client))
    return Stage(
        folder=folder,
        settings=settings,
        product=product,
        place=place,
        window=window,
        url=up["portal"],
        token=token,
        api=api,
        lab=control,
    )


def _settle(session: Session, folder: Path, lab_estate: Path) -> tuple[Settings, Window]:
    """The settings of this demo alone, and a closed window that is not now."""
    place = load(lab_estate).estate.place(PROD)
    session.given.zone = place.tenant.zone
    settings = settings_from({}, home=folder / "home", clock=session.given.options.get("clock"))
    clock = clock_for(settings)
    window = window_for(clock.now(), place.tenant.zone, clock.speed, len(place.environment.app_hosts))
    why_zh = "" if window.usual else "（为使演示此刻可运行而选）"
    why_en = "" if window.usual else ", chosen so that the demo works at this hour"
    session.screen.say(
        f"每日维护时间 {window.starts}–{window.ends}{why_zh}",
        f"Closed every day {window.starts}–{window.ends} ({place.tenant.zone}){why_en}",
    )
    options: dict[str, Any] = {"home": folder / "home", "estate": write_estate(lab_estate, window)}
    return settings_from({}, clock=settings.clock, **options), window


def _open(stack: ExitStack, settings: Settings) -> tuple[Product, Place]:
    product = open_product(settings)
    stack.callback(product.close)
    return product, product.desk.estate.place(PROD)


def _up_command(settings: Settings) -> list[str]:
    named = {"--home": settings.home, "--estate": settings.estate, "--clock": settings.clock}
    options = [str(part) for pair in named.items() for part in pair]
    return [
        sys.executable,
        "-P",
        "-m",
        "commands.demo_up",
        "--json",
        "--verbose",
        "--with-parent",
        "--port",
        "0",
        *options,
    ]
