"""The fault switch and the ledger: what goes wrong on purpose, and what really happened."""

import threading
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["slow", "drop-before", "drop-after", "cut", "slow-down", "denied"]
EVER: Final = 10**9


@dataclass(kw_only=True)
class Fault:
    """`kind` befalls the next `times` requests of `action` (`*`: any) whose key contains `key`, after `skip` of them.

    drop-before and drop-after close the connection before or after the effect; cut sends half of a body.
    """

    kind: Kind
    action: str = "*"
    key: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One change of the bucket that really happened."""

    action: str
    key: str
    size: int = 0


class Switch:
    """Holds the armed faults, the effects and the requests (action, status) of one server."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.requests: list[tuple[str, int]] = []
        self._armed: list[Fault] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def arm(self, *faults: Fault) -> None:
        with self._lock:
            self._armed += faults

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def due(self, action: str, key: str) -> Fault | None:
        """The fault for this request, used up by it."""
        with self._lock:
            for fault in self._armed:
                if fault.action in ("*", action) and fault.key in key and fault.times > 0:
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def effect(self, action: str, key: str, size: int = 0) -> None:
        with self._lock:
            self.effects.append(Effect(action=action, key=key, size=size))

    def answered(self, action: str, status: int) -> None:
        with self._lock:
            self.requests.append((action, status))

    def count(self, action: str) -> int:
        """How often it really happened."""
        with self._lock:
            return sum(e.action == action for e in self.effects)

    def wait(self, seconds: float) -> None:
        """Ends early when the server closes."""
        self._closing.wait(seconds)

    def close(self) -> None:
        self._closing.set()
