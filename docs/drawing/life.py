"""The page of the life of a request: its states, its moves, its events."""

import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from docs.drawing.markdown import code, paragraph, prose, section, table, yes
from domain import job
from domain.event import Kind
from domain.job import FINAL, HOLDING, LABELS, LIFE, NOT_STARTED, REQUEST_LABELS, State, request_state

_MEMBER: Final = re.compile(r'    (?P<name>[A-Z_]+) = "[^"]+"(?:  # (?P<note>.*))?')
_GROUP: Final = re.compile(r"    # (?P<group>.*)")


def page() -> str:
    """docs/life.md."""
    return "".join(
        (
            "# The life of a request\n\n",
            prose(job),
            paragraph(
                "A request bears one job, and the job bears the request's number. The execution state (below) is "
                "stored; what the requester sees as the request's state is derived from it. Every arrow is one guarded "
                "UPDATE together with its event, in one transaction; there is no other way to move a job."
            ),
            section("Diagram", _diagram()),
            section("States", _states()),
            section("Moves", _moves()),
            section("The request's own state", _request_states()),
            section("Events", _events()),
        )
    )


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", *[f'    state "{s} {LABELS[s].zh}" as {_id(s)}' for s in State]]
    lines += [f"    [*] --> {_id(s)}: {Kind.ASKED}" for s in (State.PENDING, State.WAITING)]
    lines += [f"    {_id(a)} --> {_id(b)}: {', '.join(kinds)}" for (a, b), kinds in _arrows().items()]
    lines += [f"    {_id(s)} --> [*]" for s in State if s in FINAL]
    return "\n".join([*lines, "```"]) + "\n\n"


def _arrows() -> dict[tuple[State, State], list[str]]:
    """Moves that lead the same way share one arrow."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, moves in LIFE.items():
        for kind, after in moves.items():
            arrows.setdefault((state, after), []).append(kind.value)
    return arrows


def _id(state: State) -> str:
    return state.name.lower()


def _states() -> str:
    said = notes(State)
    heads = ("state", "中文", "English", "what it means", "final", "holds its place", "quota given back")
    rows = [
        (code(s), LABELS[s].zh, LABELS[s].en, said[s.name], yes(s in FINAL), yes(s in HOLDING), yes(s in NOT_STARTED))
        for s in State
    ]
    after = "A quota is given back only if nothing had started. An operation may have words of its own for a state."
    return table(heads, rows) + paragraph(after)


def _moves() -> str:
    rows = [(code(s), code(kind), code(after)) for s, moves in LIFE.items() for kind, after in moves.items()]
    return table(("from", "move", "to"), rows)


def _request_states() -> str:
    seen = {r: [code(s) for s in State if request_state(s, rated=False) is r] for r in REQUEST_LABELS}
    rows = [(code(r), text.zh, text.en, ", ".join(seen[r]) or "any, once rated") for r, text in REQUEST_LABELS.items()]
    return table(("request state", "中文", "English", "execution states"), rows)


def _events() -> str:
    rows = [(group, ", ".join(code(kind) for kind in kinds)) for group, kinds in _groups().items()]
    return paragraph(inspect.getdoc(Kind) or "") + table(("group", "kinds"), rows)


def _groups() -> dict[str, list[Kind]]:
    """The kinds under the comments that stand over them in the source."""
    groups: dict[str, list[Kind]] = {}
    group = ""
    for line in _source(Kind):
        if heading := _GROUP.fullmatch(line):
            group = heading["group"]
        elif member := _MEMBER.fullmatch(line):
            groups.setdefault(group, []).append(Kind[member["name"]])
    return groups


def notes(enum: type[StrEnum]) -> dict[str, str]:
    """The comment beside each member."""
    found = [_MEMBER.fullmatch(line) for line in _source(enum)]
    notes = {m["name"]: m["note"] or "" for m in found if m}
    return {member.name: notes.get(member.name, "") for member in enum}


def _source(enum: type[StrEnum]) -> Iterator[str]:
    yield from inspect.getsource(enum).splitlines()
