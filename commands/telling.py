"""An event as a line for people: when, what, on what. It takes the shape of intake.view.of_event."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from commands.moments import shown
from commands.screen import Screen

Shape = Mapping[str, Any]
LONGEST: Final = 400
_QUIET: Final = frozenset({"output"})
_ABOUT: Final = ("on", "place", "step", "worker", "account", "name", "id")
_WHEN: Final = ("planned_at", "to", "until")


def event_line(event: Shape, screen: Screen, zone: tzinfo | None) -> str:
    """`22:30:00.012  step-done     app1: the site answered 200, 200`."""
    return f"{_clock(event, zone)[11:23]}  {_rest(event, screen, zone)}"


def feed_line(event: Shape, screen: Screen, zone: tzinfo | None) -> str:
    """The same with its number, day and request."""
    job = "" if event["job"] is None else f"#{event['job']}"
    return f"{event['seq']:>6}  {_clock(event, zone)}  {job:<7} {_rest(event, screen, zone)}"


def _clock(event: Shape, zone: tzinfo | None) -> str:
    return datetime.fromisoformat(event["at"]).astimezone(zone or UTC).isoformat(timespec="milliseconds")


def _rest(event: Shape, screen: Screen, zone: tzinfo | None) -> str:
    return f"{event['kind']:<14} {_what(event, screen, zone)}"[:LONGEST].rstrip()


def _what(event: Shape, screen: Screen, zone: tzinfo | None) -> str:
    facts = event["facts"]
    if event["kind"] in _QUIET:
        return f"{facts.get('step', '')} | {facts.get('line', '')}"
    parts = [_subject(event), _sentence(facts, screen, zone)]
    return ": ".join(part for part in parts if part)


def _subject(event: Shape) -> str:
    """The thing it is about; who did it, if that was a person."""
    facts = event["facts"]
    about = next((facts[name] for name in _ABOUT if facts.get(name)), "")
    if facts.get("letter"):
        about = f"letter {facts['letter']} {about}".rstrip()
    return str(about) if event["actor"] == "yunwei" else f"{event['actor']} {about}".rstrip()


def _sentence(facts: Shape, screen: Screen, zone: tzinfo | None) -> str:
    """What a person wrote, before what the product says."""
    words = [facts[n] for n in ("reason", "opinion") if facts.get(n)]
    if words:
        return str(words[0])
    for name in ("text", "title"):
        if isinstance(facts.get(name), Mapping):
            return screen.of(dict(facts[name]))
    return next((_moment(facts[n], zone) for n in _WHEN if facts.get(n)), "")


def _moment(value: str, zone: tzinfo | None) -> str:
    """A time; the states of a move bear the same names and say nothing that its kind does not."""
    try:
        return shown(value, zone)
    except ValueError:
        return ""
