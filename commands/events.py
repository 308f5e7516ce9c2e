"""`yunwei events`: the feed of all events, as a portal's back end reads it."""

import time
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import Final

import click

from commands.exits import DONE
from commands.lazy import Leaf
from commands.session import Session, with_session
from commands.telling import feed_line

POLL_S: Final = 0.2


@click.command("events", cls=Leaf)
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only events after this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=1000, show_default=True, help="At most so many.")
@click.option("--follow", is_flag=True, help="Wait for more until Ctrl-C; with --json one event a line.")
@with_session
def command(session: Session, /, after: int, limit: int, follow: bool) -> int:
    """All events that --as may see, in the order in which they were committed."""
    if follow:
        with suppress(KeyboardInterrupt):
            _follow(session, after, limit)
        return DONE
    from intake.read import feed
    from intake.view import of_event

    found = feed(session.desk, session.actor, after, limit)
    items = [of_event(e) for e in found.events]
    session.screen.data({"items": items, "next": found.position if found.more else None, "position": found.position})
    zone = _zone(session)
    for event in items:
        session.screen.line(feed_line(event, session.screen, zone))
    return DONE


def _follow(session: Session, after: int, limit: int) -> None:
    """Until somebody interrupts."""
    from intake.read import feed
    from intake.view import of_event

    zone = _zone(session)
    while True:
        found = feed(session.desk, session.actor, after, limit)
        for event in map(of_event, found.events):
            session.screen.data(event)
            session.screen.line(feed_line(event, session.screen, zone))
        after = found.position
        if not found.more:
            time.sleep(POLL_S)


def _zone(session: Session) -> tzinfo:
    """One zone for the whole feed: that of the tenants it tells of, if they share one."""
    tenants = session.desk.estate.tenants
    zones = {t.zone for t in tenants if session.actor.sees(t.name)}
    return zones.pop() if len(zones) == 1 else UTC
