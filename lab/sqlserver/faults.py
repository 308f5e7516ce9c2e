"""The fault switch of one SQL Server: which faults exist, which are asked for, which strike now."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

# Every fault with its parameters and their defaults. `database` and `match` (a part of the statement) narrow it.
FAULTS: Mapping[str, Mapping[str, str | float]] = {
    "disk_full": {"percent": 50.0, "database": ""},
    "slow": {"seconds": 1.0, "match": ""},
    "deadlock": {"match": ""},
    "kill_session": {"match": ""},
    "leave_restoring": {"percent": 50.0, "database": ""},
    "drop_before_commit": {},
    "drop_after_commit": {},
    "drop_in_backup": {"percent": 50.0, "database": ""},
    "corrupt_pages": {"pages": 1.0, "database": ""},
}


@dataclass
class Fault:
    """A fault that was asked for and has `left` strikes to go."""

    name: str
    left: int
    values: dict[str, str | float]

    def number(self, key: str) -> float:
        """A parameter that is a number."""
        return float(self.values[key])


class FaultBook:
    """The faults asked for, struck in the order they were asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[Fault] = []

    def ask(self, name: str, count: int = 1, **values: str | float) -> Fault:
        """Let a fault strike `count` times. Raises ValueError for an unknown fault or parameter."""
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
        unknown = sorted(set(values) - set(FAULTS[name]))
        if unknown or count < 1:
            raise ValueError(f"fault {name!r} has no parameter {unknown} or count {count} is below 1")
        fault = Fault(name, count, {**FAULTS[name], **values})
        with self._lock:
            self._asked.append(fault)
        return fault

    def take(self, name: str, *, database: str = "", text: str = "") -> Fault | None:
        """Strike once if a fault of that name fits; empty parameters fit everything."""
        with self._lock:
            for fault in self._asked:
                if fault.name == name and _fits(fault, database, text):
                    fault.left -= 1
                    if not fault.left:
                        self._asked.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._asked.clear()


def _fits(fault: Fault, database: str, text: str) -> bool:
    wanted = str(fault.values.get("database", "")).lower()
    return wanted in ("", database.lower()) and str(fault.values.get("match", "")).lower() in text.lower()
