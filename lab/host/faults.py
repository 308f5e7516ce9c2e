"""The fault switch of one host: which faults exist, which are asked for, which strike now."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass

ACTIONS = ("Create", "Command", "Receive", "Send", "Signal", "Delete")
ANY_ACTION = (*ACTIONS, "any")


@dataclass(frozen=True)
class Number:
    """A parameter that is a number of seconds within limits."""

    default: float
    most: float = 3600.0


@dataclass(frozen=True)
class Choice:
    """A parameter with named values; the first is the default."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """A parameter that names a program (`iisreset`), a script (`iis-restart/1`) or a pool; empty means any."""

    default: str = ""


Parameter = Number | Choice | Label
_POINT = Choice(("before", "after"))

# Every fault with its parameters. `match` narrows it to a program or script by name.
FAULTS: Mapping[str, Mapping[str, Parameter]] = {
    "slow": {"seconds": Number(1.0), "where": Choice(("command", "stop", "start", "site")), "match": Label()},
    "hang": {"seconds": Number(3600.0), "match": Label()},
    "cut": {"action": Choice(("Command", *ANY_ACTION)), "point": _POINT},
    "wire_hang": {"action": Choice(("Receive", *ANY_ACTION)), "point": _POINT},
    "busy": {"action": Choice(("Send", *ANY_ACTION))},
    "quota_shells": {},
    "quota_operations": {},
    "access_denied": {"what": Choice(("command", "control", "marker"))},
    "disk_full": {"at": Choice(("create", "write", "end"))},
    "service_stuck": {"at": Choice(("stop", "start"))},
    "pool_fails": {"pool": Label()},
    "site_fails": {},
    "reboot_mid_command": {
        "seconds": Number(1.0),
        "when": Choice(("during", "start", "before", "after")),
        "match": Label(),
    },
    "wrong_answer": {},
    "die_mid_restart": {"when": Choice(("before", "after"))},
    "clixml_progress": {},
    "sqlpackage": {"how": Choice(("disk_full", "killed"))},
}
MOST_COUNT = 1_000_000


@dataclass
class Fault:
    """A fault that was asked for and has `left` strikes to go."""

    number: int
    name: str
    left: int
    values: dict[str, str | float]

    def seconds(self) -> float:
        """How long, in seconds."""
        return float(self.values["seconds"])

    def as_json(self) -> dict[str, object]:
        """For the control port."""
        return {"id": self.number, "fault": self.name, "left": self.left, **self.values}


class FaultBook:
    """The faults asked for on one host, struck in the order they were asked."""

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

    def take(self, name: str, *, named_only: bool = False, **seen: str) -> Fault | None:
        """Strike once if a fault of that name fits what is seen; `any` and an empty label fit everything.

        With `named_only` an empty `match` does not fit: the fault must have been asked for by that name.
        """
        with self._lock:
            for fault in self._asked:
                if fault.name == name and _fits(fault, seen) and (fault.values.get("match") or not named_only):
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


def _checked(name: str, values: Mapping[str, object]) -> dict[str, str | float]:
    known = FAULTS[name]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"fault {name!r} has no parameter {', '.join(unknown)}; it has: {', '.join(known) or 'none'}")
    return {key: _value(f"{name}.{key}", rule, values) for key, rule in known.items()}


def _value(path: str, rule: Parameter, values: Mapping[str, object]) -> str | float:
    key = path.split(".")[1]
    if isinstance(rule, Number):
        number = values.get(key, rule.default)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= rule.most:
            raise ValueError(f"{path} must be a number of seconds from 0 to {rule.most:g}, not {number!r}")
        return float(number)
    text = values.get(key, rule.default if isinstance(rule, Label) else rule.values[0])
    if not isinstance(text, str) or (isinstance(rule, Choice) and text not in rule.values):
        wanted = " | ".join(dict.fromkeys(rule.values)) if isinstance(rule, Choice) else "text"
        raise ValueError(f"{path} must be {wanted}, not {text!r}")
    return text


def _fits(fault: Fault, seen: Mapping[str, str]) -> bool:
    return all(fault.values.get(key, "any") in ("any", "", value) for key, value in seen.items())
