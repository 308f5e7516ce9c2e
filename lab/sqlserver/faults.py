"""The fault switch of one SQL Server: which faults exist, which are asked for, which strike now."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass

Value = str | float
MOST_COUNT = 1_000_000
MOST_NUMBER = 1_000_000.0
# Every fault with its parameters and their defaults. An empty text fits everything; `match` and `program` are parts of
# the statement and of the client's program name. `cut` and `hang` strike on the wire, at a moment of `lab.tds`.
FAULTS: Mapping[str, Mapping[str, Value]] = {
    "disk_full": {"percent": 50.0, "database": ""},
    "slow": {"seconds": 1.0, "match": ""},
    "deadlock": {"match": ""},
    "kill_session": {"match": ""},
    "leave_restoring": {"percent": 50.0, "database": ""},
    "drop_before_commit": {},
    "drop_after_commit": {},
    "drop_in_backup": {"percent": 50.0, "database": ""},
    "corrupt_pages": {"pages": 1.0, "database": ""},
    "cut": {"at": "before-batch", "program": ""},
    "hang": {"at": "before-batch", "program": ""},
}
_PARTS = ("match", "program")


@dataclass
class Fault:
    """A fault that was asked for and has `left` strikes to go."""

    id: int
    name: str
    left: int
    values: dict[str, Value]

    def number(self, key: str) -> float:
        """A parameter that is a number."""
        return float(self.values[key])

    def as_json(self) -> dict[str, object]:
        """For the control port."""
        return {"id": self.id, "fault": self.name, "left": self.left, **self.values}


class FaultBook:
    """The faults asked for, struck in the order they were asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._asked: list[Fault] = []

    def ask(self, name: str, count: int = 1, **values: object) -> Fault:
        """Let a fault strike `count` times. Raises ValueError for an unknown fault, parameter or value."""
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
        if type(count) is not int or not 1 <= count <= MOST_COUNT:
            raise ValueError(f"{name}: count must be a whole number from 1 to {MOST_COUNT}, not {count!r}")
        fault = Fault(next(self._numbers), name, count, _checked(name, values))
        with self._lock:
            self._asked.append(fault)
        return fault

    def take(self, name: str, **seen: str) -> Fault | None:
        """Strike once if a fault of that name fits what is seen; empty parameters fit everything."""
        with self._lock:
            for fault in self._asked:
                if fault.name == name and all(_fits(fault.values.get(k), k, v) for k, v in seen.items()):
                    fault.left -= 1
                    if not fault.left:
                        self._asked.remove(fault)
                    return fault
        return None

    def active(self) -> list[dict[str, object]]:
        """What is still to strike."""
        with self._lock:
            return [fault.as_json() for fault in self._asked]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._asked.clear()


def _checked(name: str, values: Mapping[str, object]) -> dict[str, Value]:
    known = FAULTS[name]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"fault {name!r} has no parameter {', '.join(unknown)}; it has: {', '.join(known) or 'none'}")
    return {key: _value(f"{name}.{key}", values.get(key, default), default) for key, default in known.items()}


def _value(path: str, value: object, default: Value) -> Value:
    if isinstance(default, str):
        if not isinstance(value, str):
            raise ValueError(f"{path} must be text, not {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_NUMBER:
        raise ValueError(f"{path} must be a number from 0 to {MOST_NUMBER:g}, not {value!r}")
    return float(value)


def _fits(wanted: Value | None, key: str, seen: str) -> bool:
    asked, real = str(wanted or "").lower(), seen.lower()
    return asked in real if key in _PARTS else asked in ("", real)
