"""The statements that clients prepared."""

import itertools
import threading

from lab.sqlserver.errors import SqlError


class Prepared:
    """Declarations and text by session and handle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[tuple[int, int], tuple[str, str]] = {}

    def keep(self, session: int, declared: str, text: str) -> int:
        """A new handle."""
        with self._lock:
            handle = next(self._numbers)
            self._kept[session, handle] = (declared, text)
        return handle

    def get(self, session: int, handle: int) -> tuple[str, str]:
        """Raises SqlError 8179."""
        with self._lock:
            found = self._kept.get((session, handle))
        if found is None:
            raise SqlError(8179, text=f"Could not find prepared statement with handle {handle}.", severity=16)
        return found

    def drop(self, session: int, handle: int) -> None:
        """Forget one."""
        with self._lock:
            self._kept.pop((session, handle), None)

    def forget(self, session: int) -> None:
        """Forget all of a session."""
        with self._lock:
            for key in [k for k in self._kept if k[0] == session]:
                del self._kept[key]
