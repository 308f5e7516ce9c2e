"""A wire that writes down what is sent over it, and workers that come and go."""

from collections.abc import Callable
from typing import Any

from domain.command import Call, Command, PowerShell, Reading
from domain.errors import Unreachable
from domain.text import Text
from intake.desk import Desk
from intake.submit import submit
from runner.claims import Claimed, Claims
from runner.engine import Engine
from runner.hold import Hold
from runner.patience import Patience
from runner.sweeper import Retention, Sweeper
from tests.stage import LI, HandClock, wish

MakeClaims = Callable[..., Claims]


class Killed(BaseException):
    """The worker is gone, in the middle of what it did."""


class Wire:
    """Writes down what is sent; what is in `broken` does not arrive, and at `dies_at` the worker dies."""

    def __init__(self, *broken: str, dies_at: str = "") -> None:
        self.sent: list[str] = []
        self._broken = broken
        self._dies_at = dies_at

    def run(self, command: Command, call: Call) -> Reading:
        assert isinstance(command, PowerShell)
        if command.script == self._dies_at:
            raise Killed
        if command.script in self._broken:
            raise Unreachable(Text("不通", "no way"))
        self.sent.append(command.script)
        return Reading(facts={"outcome": "done"})

    def close(self) -> None:
        """Nothing is held."""


def held(desk: Desk, claims: MakeClaims, **params: Any) -> Hold:
    submit(desk, LI, wish(params=params))
    return Hold(desk.store, claims("w1").due(1)[0], "w1")


def lost(desk: Desk, clock: HandClock) -> None:
    """The worker of every job is gone."""
    clock.move(seconds=60)
    Sweeper(desk.store, desk.catalog, Retention()).sweep()


def go_on(desk: Desk, claimed: Claimed | Hold, wire: Wire) -> None:
    """A worker takes it to its end, as far as it comes."""
    now = iter(range(10_000))
    engine = Engine({"winrm": wire}, lambda _event, _s: None, lambda: float(next(now)), Patience())
    engine.run(claimed if isinstance(claimed, Hold) else Hold(desk.store, claimed, "w2"))
