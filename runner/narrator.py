"""Events as log lines: the one place that words them. Structured, one JSON object a line, secrets long since dots."""

import json
import logging
from typing import Any, Final

from domain.event import Event, Kind

log = logging.getLogger("yunwei.events")
_LOUD: Final = {
    Kind.ALARM: logging.ERROR,
    Kind.FAILED: logging.WARNING,
    Kind.UNDECIDED: logging.WARNING,
    Kind.LOST: logging.WARNING,
}
_QUIET: Final = frozenset({Kind.OUTPUT, Kind.PROGRESS})


def narrate(events: list[Event]) -> None:
    """Write committed events to the log, unless nobody listens at their level."""
    for event in events:
        level = logging.DEBUG if event.kind in _QUIET else _LOUD.get(event.kind, logging.INFO)
        if log.isEnabledFor(level):
            log.log(level, "%s", event.kind.value, extra={"event": event})


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the event's own parts."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        event = getattr(record, "event", None)
        if isinstance(event, Event):
            line |= {"job": event.job, "tenant": event.tenant, "actor": event.actor, "facts": event.facts}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
