"""Data centers as cards: how each is, its last backup, what is going on, and what may be asked for now (DC-1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.decision import Decision, Moment, Verdict
from domain.errors import NotFound
from domain.operation import Operation, Target
from domain.places import Place
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk
from policies import decide
from runner.store.rows import moment
from runner.store.tx import Tx
from runner.survey import Seen, seen_of

REHEARSE: Final = "rehearse"
BACKUP: Final = "backup"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A data center. `work` is what runs on it or waits for it; `proven_at`: when a backup of it was last rehearsed."""

    place: Place
    seen: Seen | None
    backup: Mapping[str, Any] | None
    proven_at: datetime | None
    work: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One thing that can be done: whether it would be accepted now, and why not."""

    operation: type[Operation]
    allowed: bool
    why: Text | None
    until: datetime | None


def cards(desk: Desk, actor: Actor) -> list[Card]:
    """All data centers that the actor may see, in the order of their paths."""
    places = desk.estate.places.values()
    seen = sorted((p for p in places if p.data_center and actor.sees(p.tenant.name)), key=lambda p: p.path)
    return [_card(desk, place) for place in seen]


def card(desk: Desk, actor: Actor, path: str) -> Card:
    """One of them. Raises NotFound."""
    place = desk.place(path, actor)
    if place.data_center is None:
        raise NotFound(Text(f"{path} 不是数据中心", f"{path} is no data center"), place=path)
    return _card(desk, place)


def offers(desk: Desk, actor: Actor, place: Place) -> list[Offer]:
    """Every operation on data centers, as the policies see it at this moment. Creates nothing."""
    return desk.store.write(lambda tx: list(_offers(desk, tx, actor, place)))


def _offers(desk: Desk, tx: Tx, actor: Actor, place: Place) -> Iterator[Offer]:
    for operation in desk.catalog:
        if operation.traits.target is Target.DATA_CENTER:
            situation = desk.decider.offered(tx, Moment.SUBMIT, actor, operation, place)
            yield _offer(operation, decide(situation))


def _offer(operation: type[Operation], decision: Decision) -> Offer:
    if decision.verdict is Verdict.ALLOW:
        return Offer(operation=operation, allowed=True, why=None, until=None)
    return Offer(operation=operation, allowed=False, why=decision.chief.text, until=decision.until)


def _card(desk: Desk, place: Place) -> Card:
    here = {"tenant": place.tenant.name, "place": place.path}
    proven = desk.store.row("last_success", place=place.path, operation=REHEARSE, most=1)
    return Card(
        place=place,
        seen=seen_of(desk.store, place.path),
        backup=desk.store.row("newest_artifact", **here, kind=BACKUP),
        proven_at=moment(proven["ended_at"]) if proven else None,
        work=tuple(desk.store.rows("work_at", **here)),
    )
