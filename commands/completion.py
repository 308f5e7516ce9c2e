"""`yunwei completion SHELL`: the script that completes commands, options, operations and places."""

import click
from click.shell_completion import get_completion_class

from commands.exits import DONE
from commands.lazy import Leaf
from commands.session import Session, with_session


@click.command("completion", cls=Leaf)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell: eval "$(yunwei completion bash)"."""
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    script = made(ctx.find_root().command, {}, "yunwei", "_YUNWEI_COMPLETE").source()
    return _print(script)


@with_session
def _print(session: Session, /, script: str) -> int:
    session.screen.data({"script": script})
    session.screen.line(script)
    return DONE
