"""One call of the command line: its settings, its product (opened when it is needed), who asks, and the screen."""

import getpass
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, tzinfo
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

import click

from commands.lazy import Given
from commands.screen import Screen
from domain.errors import Fault, Mistake
from domain.text import Language, Text

if TYPE_CHECKING:
    from domain.request import Actor
    from intake.desk import Desk
    from wiring import Product, Settings

P = ParamSpec("P")
_SETTINGS: Final = ("home", "estate", "store", "bell", "clock")


class Session:
    """Made by `with_session` for one command, and closed after it."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.screen = Screen(language_of(given.options, os.environ), json=bool(given.options.get("json")))

    @cached_property
    def settings(self) -> "Settings":
        """Options before YUNWEI_* variables before defaults. Raises Mistake with every fault."""
        from wiring import settings_from

        given: dict[str, Any] = {name: self.given.options.get(name) for name in _SETTINGS}
        return settings_from(os.environ, **given)

    @cached_property
    def product(self) -> "Product":
        """The store, the inventory and the desk. Raises Mistake for a wrong estate, StoreDown."""
        from wiring import open_product

        return open_product(self.settings, couriers=self.given.couriers)

    @property
    def desk(self) -> "Desk":
        return self.product.desk

    @cached_property
    def account(self) -> str | None:
        """The name given with --as, or in YUNWEI_USER."""
        return self.given.options.get("account") or os.environ.get("YUNWEI_USER") or None

    @cached_property
    def actor(self) -> "Actor":
        """Who asks. Raises Mistake if nobody is named, NotFound or Denied for an account that may not."""
        from intake.people import actor_named

        if self.account is None:
            zh = "请说明由谁提出：--as 账号，或环境变量 YUNWEI_USER（yunwei user list 列出账号，yunwei user add 创建）"
            en = "Say who asks: --as NAME, or YUNWEI_USER (`yunwei user list` shows accounts, `user add` makes one)"
            raise Mistake(Text(zh, en), (Fault("--as", Text("必填", "Required"), "missing"),))
        return actor_named(self.desk, self.account)

    @property
    def by(self) -> str:
        """The name under which administration is recorded: --as, or whoever is signed in to this machine.

        YUNWEI_USER may name an account that is only now being made. Raises NotFound or Denied for --as.
        """
        if self.given.options.get("account"):
            return self.actor.name
        with suppress(Mistake):  # nobody named, or no such account yet
            return self.actor.name
        with suppress(OSError, KeyError):
            return f"cli:{getpass.getuser()}"
        return "cli"

    def zone(self, place: str) -> tzinfo:
        """The zone of a place's tenant; UTC where there is no such place. Errors are told in it from now on."""
        found = self.desk.estate.places.get(place)
        self.given.zone = found.tenant.zone if found else UTC
        return self.given.zone

    def listen(self, level: int = logging.ERROR) -> None:
        """Log lines to standard error from `level` on, as JSON; everything from INFO on with --verbose."""
        from runner.narrator import JsonLines

        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        log = logging.getLogger("yunwei")
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.INFO if self.given.options.get("verbose") else level)

    def close(self) -> None:
        if "product" in self.__dict__:
            self.product.close()


def with_session(command: Callable[Concatenate[Session, P], int | None]) -> Callable[P, int]:
    """Give a command its session; what it answers is the exit code."""

    @wraps(command)
    def called(*args: P.args, **kwargs: P.kwargs) -> int:
        session = Session(click.get_current_context().ensure_object(Given))
        session.listen()
        try:
            return command(session, *args, **kwargs) or 0
        finally:
            session.close()

    return called


def language_of(options: Mapping[str, Any], environment: Mapping[str, str]) -> Language:
    """The language asked for, else the environment's; English where that is neither."""
    asked = options.get("lang") or environment.get("YUNWEI_LANG")
    if not asked:
        asked = next((environment[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(n)), "")
    return "zh" if asked.lower().startswith("zh") else "en"
