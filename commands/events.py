"""`yunwei events`: the feed of all events, as a portal's back end reads it."""

import time
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import Any, Final

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
    found = _read(session, after, limit)
    session.screen.data({"items": found, "next": found[-1]["seq"] if len(found) == limit else None})
    zone = _zone(session)
    for event in found:
        session.screen.line(feed_line(event, session.screen, zone))
    return DONE


def _follow(session: Session, after: int, limit: int) -> None:
    """Until somebody interrupts."""
    zone = _zone(session)
    while True:
        found = _read(session, after, limit)
        for event in found:
            session.screen.data(event)
            session.screen.line(feed_line(event, session.screen, zone))
            after = event["seq"]
        if not found:
            time.sleep(POLL_S)


def _read(session: Session, after: int, limit: int) -> list[dict[str, Any]]:
    from intake.read import feed
    from intake.view import of_event

    return [of_event(e) for e in feed(session.desk, session.actor, after, limit)]


def _zone(session: Session) -> tzinfo:
    """One zone for the whole feed: that of the tenants it tells of, if they share one."""
    tenants = session.desk.decider.estate.tenants
    zones = {t.zone for t in tenants if session.actor.sees(t.name)}
    return zones.pop() if len(zones) == 1 else UTC
