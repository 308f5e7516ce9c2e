"""The parts of an operation's page that come from its PowerShell scripts and from the functions that judge them."""

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType

from docs.drawing.markdown import code, paragraph, prose, table
from domain.command import Choose, Command, PowerShell, Sql, Together
from domain.operation import Operation, Step
from executors.sql_server import VERBS


def sent(plans: Iterable[Iterable[Step]]) -> str:
    """The scripts and the verbs of these plans, each once."""
    said = [c for plan in plans for step in plan for c in (step.do, step.look, step.undo) if c]
    commands = [each for c in said for each in _inside(c)]
    scripts = "".join(_script(text) for text in dict.fromkeys(t for c in commands for t in _texts(c)))
    verbs = [(code(v), " ".join((VERBS[v].__doc__ or "").split())) for v in dict.fromkeys(_verbs(commands))]
    return scripts + (table(("verb on the database server", "what it does"), verbs) if verbs else "")


def _inside(command: Command) -> Iterator[Command]:
    """A command that chooses is its question and its ways."""
    yield from (command.ask, *command.ways.values()) if isinstance(command, Choose) else (command,)


def _verbs(commands: Iterable[Command]) -> Iterator[str]:
    yield from (c.verb for c in commands if isinstance(c, Sql))


def judged(operation: type[Operation]) -> str:
    """What the modules of playbooks/ say that the operation's file imports as modules."""
    mine = vars(sys.modules[operation.__module__]).values()
    return "".join(_judges(m) for m in mine if isinstance(m, ModuleType) and m.__name__.startswith("playbooks."))


def _texts(command: Command) -> Iterator[str]:
    if isinstance(command, PowerShell):
        yield command.script
    elif isinstance(command, Together):
        for one in command.commands:
            yield from _texts(one)


def _script(text: str) -> str:
    """The comment at its head: its name and version, what it does, its arguments."""
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("# "))
    name, *about = [line[2:] for line in lines[:end]]
    return f"### {name.removeprefix('yunwei script: ')}\n\n" + paragraph(" ".join(about))


def _judges(module: ModuleType) -> str:
    functions = [f for f in vars(module).values() if isinstance(f, FunctionType) and f.__module__ == module.__name__]
    told = [(code(f.__name__), " ".join(f.__doc__.split())) for f in functions if f.__doc__ and f.__name__[0] != "_"]
    name = module.__name__.replace(".", "/")
    return f"### {name}.py\n\n" + prose(module) + table(("function", "what it reads"), told)
