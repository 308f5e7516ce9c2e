"""Completion of a place's path from the estate file, in the shell."""

import click

from commands.lazy import Given


def complete_place(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """The places that begin so. A shell that completes wants no errors: none are found where there is no estate."""
    from inventory.load import load
    from wiring import settings_from

    given = ctx.ensure_object(Given).options
    try:
        estate = load(settings_from(home=given.get("home"), estate=given.get("estate")).estate).estate
    except Exception:  # whatever is wrong is told when the command runs
        return []
    return [path for path in estate.places if path.startswith(begun)]
