"""Reads ahead of the statement that runs, so that an attention, or a client that leaves, can stop it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final

from lab.tds.packets import Kind, Malformed, Request, read_request

MOST_WAITING: Final = 8  # a client without MARS waits for one answer at a time
JOIN_S: Final = 10.0


@dataclass(frozen=True)
class Asked:
    """A request, and what stops it."""

    request: Request
    stop: threading.Event = field(default_factory=threading.Event)


class Inbox:
    """The requests of one client, in order. Its thread lives until the connection is cut."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        self._unanswered: list[Asked] = []
        self._lock = threading.Lock()
        self.gone = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tds-inbox", daemon=True)

    def start(self) -> None:
        """Read from now on."""
        self._thread.start()

    def take(self) -> Asked | None:
        """The next request; None when the client is gone."""
        asked = self._waiting.get()
        with self._lock:
            while self._unanswered and self._unanswered[0] is not asked:  # those before it have been answered
                del self._unanswered[0]
        return asked

    def join(self) -> None:
        """Wait for the end, which comes when the connection is cut."""
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            while self._waiting.qsize() < MOST_WAITING:
                self._put(Asked(read_request(self._read)))
        except (OSError, EOFError, Malformed):  # gone, or as good as gone
            pass
        finally:
            self.gone.set()
            self._stop_all()
            self._waiting.put(None)

    def _put(self, asked: Asked) -> None:
        if asked.request.kind is Kind.ATTENTION:
            self._stop_all()
        with self._lock:
            self._unanswered.append(asked)
        self._waiting.put(asked)

    def _stop_all(self) -> None:
        with self._lock:
            for asked in self._unanswered:
                asked.stop.set()
