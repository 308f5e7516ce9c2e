"""How the parts of a long step stand, page by page: the batches of a script, each with its messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from domain.errors import Fault, Mistake
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk
from intake.read import show

MOST: Final = 200
Colour = Literal["green", "red", "grey", "unknown"]
COLOURS: Final[tuple[Colour, ...]] = ("green", "red", "grey", "unknown")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A page. `counts` are of all parts, by colour; `next` is what to ask for after this page, if there is more."""

    step: str | None
    counts: Mapping[str, int]
    items: tuple[Mapping[str, Any], ...]
    next: int | None


def parts(
    desk: Desk, actor: Actor, number: int, *, after: int = 0, limit: int = 50, colour: Colour | None = None
) -> Parts:
    """The parts after number `after`, of one colour or of all. Raises NotFound, Mistake."""
    if not 1 <= limit <= MOST:
        text = Text(f"limit 应在 1 与 {MOST} 之间", f"limit must lie between 1 and {MOST}")
        raise Mistake(text, (Fault("limit", text),))
    show(desk, actor, number)
    counted = desk.store.rows("count_parts", job=number)
    if not counted:
        return Parts(step=None, counts=dict.fromkeys(COLOURS, 0), items=(), next=None)
    step = counted[-1]["step"]
    counts: dict[str, int] = {
        c: sum(r["parts"] for r in counted if r["step"] == step and r["colour"] == c) for c in COLOURS
    }
    wanted = {"colour": colour} if colour else {}
    name = "parts_of_colour" if colour else "parts"
    rows = desk.store.rows(name, job=number, step=step, after=after, most=limit + 1, **wanted)
    items = tuple({"number": r["number"], **json.loads(r["facts"])} for r in rows[:limit])
    return Parts(step=step, counts=counts, items=items, next=items[-1]["number"] if len(rows) > limit else None)
