"""Locks: one writer per database, and the application locks of sp_getapplock."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_LOOK_EVERY_S = 0.02


@dataclass
class _Held:
    mode: str
    owners: dict[int, int] = field(default_factory=dict)  # session -> how often it took the lock


class Locks:
    """Locks by name. Exclusive ones have one owner, shared ones many; the same session may take one again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[str, _Held] = {}

    def take(self, name: str, owner: int, *, timeout_ms: int, look: Callable[[], None], mode: str = "Exclusive") -> int:
        """0 got, 1 got after waiting, -1 out of time. `timeout_ms` -1 waits for ever; `look` may raise to give up."""
        deadline = time.monotonic() + timeout_ms / 1000 if timeout_ms >= 0 else None
        waited = 0
        with self._changed:
            while not self._free(name, owner, mode):
                if deadline is not None and time.monotonic() >= deadline:
                    return -1
                waited = 1
                look()
                self._changed.wait(_LOOK_EVERY_S)
            held = self._held.setdefault(name, _Held(mode))
            held.mode = mode if held.mode == "Shared" else held.mode
            held.owners[owner] = held.owners.get(owner, 0) + 1
        return waited

    def _free(self, name: str, owner: int, mode: str) -> bool:
        held = self._held.get(name)
        others = set(held.owners) - {owner} if held else set()
        return not others or (held is not None and held.mode == mode == "Shared")

    def test(self, name: str, owner: int, mode: str) -> bool:
        """It could be taken now."""
        with self._changed:
            return self._free(name, owner, mode)

    def mode(self, name: str, owner: int) -> str:
        """How this session holds it, or NoLock."""
        with self._changed:
            held = self._held.get(name)
            return held.mode if held and owner in held.owners else "NoLock"

    def release(self, name: str, owner: int) -> bool:
        """Give back one taking. False when it was not held."""
        with self._changed:
            held = self._held.get(name)
            if held is None or owner not in held.owners:
                return False
            held.owners[owner] -= 1
            if not held.owners[owner]:
                del held.owners[owner]
            if not held.owners:
                del self._held[name]
            self._changed.notify_all()
        return True

    def release_all(self, owner: int, prefix: str = "") -> None:
        """All that a session holds under names that start so."""
        with self._changed:
            for name in [n for n in self._held if n.startswith(prefix)]:
                self._held[name].owners.pop(owner, None)
                if not self._held[name].owners:
                    del self._held[name]
            self._changed.notify_all()
