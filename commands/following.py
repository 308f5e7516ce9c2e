"""Follow a request live to its end: a progress bar on a terminal, lines elsewhere, JSON lines for programs."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, Final, Protocol

from commands.exits import DONE, FAILED
from commands.screen import Screen, clean
from commands.session import Session
from commands.telling import event_line
from domain.errors import TimedOut
from domain.job import FINAL, LABELS, State
from domain.text import Text

POLL_S: Final = 0.2
PATIENCE_S: Final = 24 * 3600.0
_ENDS: Final = FINAL | {State.NEEDS_ATTENTION}

Shape = Mapping[str, Any]
Read = Callable[[int], tuple[Shape, list[Shape]]]
"""The request now, and its events after a sequence number, in the shapes of intake.view."""


class Show(Protocol):
    """Where the news goes."""

    def event(self, event: Shape) -> None: ...

    def item(self, item: Shape) -> None: ...


def follow_request(session: Session, number: int, timeout_s: float = PATIENCE_S) -> int:
    """Follow through the store; answers the exit code of the job's end. Raises TimedOut, NotFound."""
    from intake import read, view

    def news(after: int) -> tuple[Shape, list[Shape]]:
        item = read.show(session.desk, session.actor, number)  # first: an end is written with its last events
        events = read.events_of(session.desk, session.actor, number, after)
        return view.of_item(item, session.desk.catalog), [view.of_event(e) for e in events]

    first, _ = news(0)
    zone = session.zone(first["place"])
    last = follow(news, session.screen, zone, timeout_s)
    session.screen.data(last)
    tell_end(last, session.screen)
    return exit_code(last)


def follow(read: Read, screen: Screen, zone: tzinfo | None, timeout_s: float = PATIENCE_S) -> Shape:
    """Show the news until the job has ended or needs a person; answers the request as it is then. Raises TimedOut."""
    until, after = time.monotonic() + timeout_s, 0
    with _show(screen, zone) as show:
        while time.monotonic() < until:
            item, events = read(after)
            for event in events:
                show.event(event)
                after = event["seq"]
            show.item(item)
            if State(item["execution"]["name"]) in _ENDS and not events:
                return item
            if not events:
                time.sleep(POLL_S)
    zh, en = "等待超时；作业仍在继续", "Waited long enough; the job goes on without a watcher"
    raise TimedOut(Text(zh, en), timeout_s=timeout_s)


def exit_code(item: Shape) -> int:
    """0 for success alone."""
    return DONE if item["execution"]["name"] == State.SUCCEEDED.value else FAILED


def tell_end(item: Shape, screen: Screen) -> None:
    """How it ended, and which thing is in which state."""
    work = item["execution"]
    outcome = work["outcome"] or {}
    text = screen.of(outcome["text"]) if "text" in outcome else ""
    screen.line(f"#{item['number']} {screen.of(work['label'])}" + (f": {text}" if text else ""))
    for thing in outcome.get("things", ()):
        screen.line(f"  {thing['name']}: {thing['state']}{_whereabouts(thing, screen)}")
    if work["name"] == State.NEEDS_ATTENTION.value:
        word = f"yunwei request resolve {item['number']} done|run-again|failed --opinion …"
        screen.say(f"需要运维人员判定：{word}", f"An operator has to decide: {word}")


def _whereabouts(thing: Shape, screen: Screen) -> str:
    """At which step something stands, and which of its steps are done: taken out of the balancer, say."""
    if "at" not in thing:
        return ""
    done, word = ", ".join(thing.get("after", ())), screen.of({"zh": "已完成", "en": "done"})
    return f" ({thing['at']}; {word}: {done})" if done else f" ({thing['at']})"


@contextmanager
def _show(screen: Screen, zone: tzinfo | None) -> Iterator[Show]:
    if not screen.is_terminal:
        yield _Lines(screen, zone)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        yield _Bar(screen, zone, progress)


class _Lines:
    """A line for each event."""

    def __init__(self, screen: Screen, zone: tzinfo | None) -> None:
        self._screen = screen
        self._zone = zone

    def event(self, event: Shape) -> None:
        self._screen.data(event)
        self._screen.line(event_line(event, self._screen, self._zone))

    def item(self, item: Shape) -> None:
        """Each event is a line already."""


class _Bar:
    """The events, and below them a bar with the job's state."""

    def __init__(self, screen: Screen, zone: tzinfo | None, progress: Any) -> None:
        self._screen = screen
        self._zone = zone
        self._progress = progress
        self._task = progress.add_task(screen.of(LABELS[State.WAITING]), total=100)

    def event(self, event: Shape) -> None:
        line = clean(event_line(event, self._screen, self._zone))
        self._progress.console.print(line, markup=False, highlight=False)

    def item(self, item: Shape) -> None:
        work = item["execution"]
        label = f"#{item['number']} {self._screen.of(work['label'])}"
        self._progress.update(self._task, description=label, completed=work["percent"])
