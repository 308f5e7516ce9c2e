"""`yunwei data-center …`: how data centers are, and what can be done with one now."""

from typing import Any, Final

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.places import complete_place
from commands.session import Session, with_session
from domain.text import Text
from domain.usage import GB

_HEADS: Final = (
    Text("路径", "path"),
    Text("名称", "title"),
    Text("状态", "state"),
    Text("大小", "size"),
    Text("版本", "version"),
    Text("最近备份", "last backup"),
    Text("正在进行", "going on"),
)
command = Group("data-center", help="How data centers are, and what can be done with one now.")


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """The data centers that --as may see. In a pipe: path, title, state, size, version, last backup, going on."""
    from intake.data_center_view import of_card
    from intake.data_centers import cards

    found = [of_card(card, session.desk.catalog) for card in cards(session.desk, session.actor)]
    session.screen.data({"items": found})
    session.screen.table(_HEADS, [_row(session, item) for item in found])
    return DONE


@command.command("show", cls=Leaf)
@click.argument("place", shell_complete=complete_place)
@with_session
def show(session: Session, /, place: str) -> int:
    """One data center: its state, and for each operation whether it would be accepted now, and why not."""
    from intake.data_center_view import of_card, of_offer
    from intake.data_centers import card, offers

    found = card(session.desk, session.actor, place)
    item, offered = of_card(found, session.desk.catalog), offers(session.desk, session.actor, found.place)
    screen = session.screen
    screen.data({**item, "offers": [of_offer(o) for o in offered]})
    row = [screen.of(cell) if isinstance(cell, Text) else cell for cell in _row(session, item)]
    screen.table(
        (Text("项目", "item"), Text("内容", "value")), list(zip([screen.of(h) for h in _HEADS], row, strict=True))
    )
    if item["trouble"]:
        screen.line(screen.of(item["trouble"]))
    for offer in offered:
        mark = "✓" if offer.allowed else "✗"
        screen.line(f"{mark} {offer.operation.name} {screen.of(offer.operation.title)}" + _why(session, offer))
    return DONE


def _why(session: Session, offer: Any) -> str:
    return f": {session.screen.of(offer.why)}" if offer.why else ""


def _row(session: Session, item: dict[str, Any]) -> tuple[object, ...]:
    screen, zone = session.screen, session.zone(item["path"])
    backup = item["last_backup"]
    work = ", ".join(f"#{w['number']} {screen.of(w['state']['label'])} {w['percent']}%" for w in item["work"])
    return (
        item["path"],
        item["title"],
        item["state"] or "?",
        f"{item['bytes'] / GB:.3f} GB" if item["bytes"] is not None else "?",
        item["version"] or "?",
        shown(backup["at"], zone) if backup else screen.of(Text("无", "none")),
        work,
    )
