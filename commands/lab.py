"""`yunwei lab …`: a pretend estate. It is a program of its own; the product only starts it."""

import os
import sys
from typing import Final

import click

from commands.lazy import Group, Leaf

command = Group("lab", help="A pretend estate that speaks the real protocols.")
# -P: the lab that came with yunwei, not a folder of that name that lies here.
PROGRAM: Final = (sys.executable, "-P", "-m", "lab")


@command.command(
    cls=Leaf, context_settings={"ignore_unknown_options": True}, options_metavar="--folder DIR [LAB'S OPTIONS]"
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def up(options: tuple[str, ...]) -> None:
    """Start hosts, their WinRM servers and sites, until Ctrl-C. For the lab's options: `yunwei lab up -- --help`."""
    # In our place, so that a signal that is meant for it reaches it.
    os.execv(PROGRAM[0], [*PROGRAM, "up", *options])  # noqa: S606
