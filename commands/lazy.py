"""Groups that import a command's file when it is called, and the options that every command takes.

`yunwei --help` must be quick: this file and click are all that it needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from importlib import import_module
from typing import Any, Final

import click
from click.exceptions import NoSuchCommand


@dataclass(frozen=True)
class Lazy:
    """A command that lies in `module` under the name `command`, and its line in the list of commands."""

    module: str
    short: str


@dataclass
class Given:
    """What one call of `yunwei` was given: the options of every command, and the zone its answer is told in.

    `couriers` carry messages in the place of those that are set; only code can give them, as the demo does.
    """

    options: dict[str, Any] = field(default_factory=dict)
    couriers: Mapping[str, Any] = field(default_factory=dict)
    zone: tzinfo | None = None


class Leaf(click.Command):
    """A command. It takes the options of `yunwei` too, wherever they are written."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *group_params(hidden=True)]


class Group(click.Group):
    """A group whose commands are in the same file."""

    command_class = Leaf

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        mine = super().get_params(ctx)
        return mine if ctx.parent is None else [*mine, *group_params(hidden=True)]


class LazyGroup(Group):
    """A group of files: each holds one object named `command`."""

    def __init__(self, *, lazy: Mapping[str, Lazy], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        found = import_module(self._lazy[cmd_name].module).command
        if not isinstance(found, click.Command):
            raise TypeError(f"{self._lazy[cmd_name].module}.command is no command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but a misspelt name is answered with the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as missing:
            raise NoSuchCommand(missing.command_name, possibilities=self._lazy, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.short) for name, lazy in self._lazy.items()])


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Remember a global option; the innermost that was given wins."""
    if value is not None and not ctx.resilient_parsing and param.name:
        ctx.ensure_object(Given).options[param.name] = value


_GLOBAL: Final[tuple[tuple[list[str], dict[str, Any]], ...]] = (
    (["--home"], {"metavar": "DIR", "help": "Folder of the embedded store and bell [YUNWEI_HOME; var]."}),
    (["--estate"], {"metavar": "FILE", "help": "The estate file [YUNWEI_ESTATE; estate.yml]."}),
    (["--store"], {"metavar": "URL", "help": "sqlite:///FILE or postgresql+psycopg://… [YUNWEI_STORE]."}),
    (["--bell"], {"metavar": "URL", "help": "sqlite:///FILE, postgresql://… or redis://… [YUNWEI_BELL]."}),
    (["--clock"], {"metavar": "CLOCK", "help": "real, or SPEEDx@ORIGIN like 60x@2026-11-24T00:00:00+08:00."}),
    (["--as", "account"], {"metavar": "NAME", "help": "The account that asks [YUNWEI_USER]."}),
    (["--json", "json"], {"is_flag": True, "default": None, "help": "Machine output: JSON on standard output."}),
    (["--lang"], {"type": click.Choice(["zh", "en"]), "help": "Language of answers [YUNWEI_LANG; from LANG]."}),
    (["--verbose"], {"is_flag": True, "default": None, "help": "Log lines (JSON) on standard error."}),
)


def group_params(*, hidden: bool = False) -> list[click.Parameter]:
    """The options of every command. Their values gather in the context's object."""
    return [
        click.Option(names, callback=_keep, expose_value=False, hidden=hidden, **attributes)
        for names, attributes in _GLOBAL
    ]
