"""Links that wait for a next command. A link serves one call at a time: no session is used by two threads at once."""

import threading
from collections.abc import Hashable
from typing import Final

from executors.winrm_link import Link

_MAX_IDLE: Final = 32


class Pool:
    """Idle links by key. The key holds all that a link was made of, so a changed password finds no old link."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[Hashable, Link]] = []
        self._closed = False

    def take(self, key: Hashable) -> Link | None:
        """An idle link, no longer in the pool. Worn ones are let go on the way."""
        with self._lock:
            worn = [(k, link) for k, link in self._idle if link.worn]
            self._idle = [(k, link) for k, link in self._idle if not link.worn]
            at = next((i for i, (k, _) in enumerate(self._idle) if k == key), None)
            found = None if at is None else self._idle.pop(at)[1]
        for other, link in worn:
            if other == key:
                link.close()
            else:
                link.hang_up()  # another host may be down, and this call shall not wait for it: it reaps idle shells
        return found

    def give(self, key: Hashable, link: Link) -> None:
        """Keep a healthy link for the next call, unless it is worn or there are many."""
        with self._lock:
            keep = not (self._closed or link.worn or len(self._idle) >= _MAX_IDLE)
            if keep:
                self._idle.append((key, link))
        if not keep:
            link.close()

    def close(self) -> None:
        """Close all links that wait; those in use are closed when they come back."""
        with self._lock:
            links, self._idle, self._closed = [link for _, link in self._idle], [], True
        for link in links:
            link.close()
