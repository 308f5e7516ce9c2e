"""Server-sent events: one thread looks at the chain's end while somebody watches, and wakes the watchers.

A watcher costs no thread: it sleeps in the event loop and reads its rows in the thread pool when there are new ones.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from domain.errors import Denied, StoreDown, Unreachable
from domain.event import Event
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk
from intake.read import MOST_EVENTS, events_of, feed, show
from intake.view import of_event

MEDIA_TYPE: Final = "text/event-stream"
LOOK_S: Final = 0.1
KEEP_ALIVE_S: Final = 15.0
RECHECK_S: Final = 30.0
RETRY_MS: Final = 2000


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some events, the sequence number to go on after, and whether more follow at once, or never."""

    events: list[Event]
    position: int
    full: bool
    over: bool = False


Read = Callable[[int], Page]


@dataclass(eq=False)
class Watcher:
    """Somebody who waits for new events in an event loop."""

    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Tail:
    """Looks at the end of the chain every LOOK_S, only while there are watchers, at most `most` of them."""

    def __init__(self, look: Callable[[], int], most: int) -> None:
        self._look = look
        self._most = most
        self._watchers: set[Watcher] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.closed = False

    def admit(self) -> None:
        """Raises Unreachable when there are too many watchers already."""
        if len(self._watchers) >= self._most:
            zh, en = f"同时观看者已达上限 {self._most}", f"There are {self._most} watchers already; try again later"
            raise Unreachable(Text(zh, en))

    def join(self) -> Watcher:
        """Watch from now on. Called in the watcher's event loop."""
        watcher = Watcher(asyncio.get_running_loop())
        with self._changed:
            self._watchers.add(watcher)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="portal-tail", daemon=True)
                self._thread.start()
            self._changed.notify()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        with self._changed:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every stream."""
        with self._changed:
            self.closed = True
            self._changed.notify()
        self._wake()

    def _run(self) -> None:
        seen = -1
        while self._somebody_watches():
            now = self._now(seen)
            if now != seen:
                seen = now
                self._wake()
            with self._changed:
                self._changed.wait_for(lambda: self.closed, LOOK_S)

    def _somebody_watches(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._watchers or self.closed)
            return not self.closed

    def _now(self, seen: int) -> int:
        try:
            return self._look()
        except StoreDown:  # watchers learn of it by their own reading
            return seen

    def _wake(self) -> None:
        with self._changed:
            watchers = list(self._watchers)
        for watcher in watchers:
            try:
                watcher.loop.call_soon_threadsafe(watcher.woken.set)
            except RuntimeError:  # its loop is closed: it is gone
                self.leave(watcher)


def follow(tail: Tail, read: Read, after: int, again: Callable[[], Actor]) -> StreamingResponse:
    """The answer that streams all events after `after`, as they come. Raises Unreachable."""
    tail.admit()
    return StreamingResponse(_lines(tail, read, after, again), media_type=MEDIA_TYPE)


async def _lines(tail: Tail, read: Read, after: int, again: Callable[[], Actor]) -> AsyncIterator[bytes]:
    watcher, checked = tail.join(), time.monotonic()
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        while not tail.closed:
            watcher.woken.clear()  # before reading: what is committed meanwhile wakes us again
            page, lines = await run_in_threadpool(_read, read, after)
            after = page.position
            if lines:
                yield lines
            if page.over:
                yield _end("over")
                return
            if not page.full and not await _is_woken(watcher):
                yield b": keep-alive\n\n"
            if time.monotonic() - checked > RECHECK_S:
                checked = time.monotonic()
                await run_in_threadpool(again)
        yield _end("closing")
    except Denied:
        yield _end("denied")
    except StoreDown:
        return  # the client comes back with its Last-Event-ID
    finally:
        tail.leave(watcher)


async def _is_woken(watcher: Watcher) -> bool:
    try:
        await asyncio.wait_for(watcher.woken.wait(), KEEP_ALIVE_S)
    except TimeoutError:
        return False
    return True


def _read(read: Read, after: int) -> tuple[Page, bytes]:
    page = read(after)
    return page, "".join(_line(e) for e in page.events).encode()


def _line(event: Event) -> str:
    return f"id: {event.seq}\ndata: {_dumps(of_event(event))}\n\n"


def _end(why: str) -> bytes:
    return f"event: end\ndata: {_dumps({'why': why})}\n\n".encode()


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def of_job(desk: Desk, actor: Actor, number: int) -> Read:
    """Reads one job's events. Raises NotFound when first called for a number that is not the actor's."""

    def read(after: int) -> Page:
        is_over = show(desk, actor, number).is_over  # before its events: what ended it is among them
        events = events_of(desk, actor, number, after)
        full = len(events) == MOST_EVENTS
        position = events[-1].seq if events else after
        return Page(events=events, position=position, full=full, over=is_over and not full)

    return read


def of_everything(desk: Desk, actor: Actor) -> Read:
    """Reads all that the actor may see."""

    def read(after: int) -> Page:
        found = feed(desk, actor, after)
        return Page(events=found.events, position=found.position, full=found.more)

    return read
