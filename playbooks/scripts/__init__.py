"""Our PowerShell scripts. Each returns facts as one object; judging them is Python's work (see the playbooks)."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> str:
    """The text of a script, by its file name without `.ps1`."""
    return files("playbooks.scripts").joinpath(f"{name}.ps1").read_text(encoding="utf-8")
