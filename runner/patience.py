"""How long a worker waits for targets that do not answer, and for a store that is away."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from domain.errors import StoreDown
from runner.store.store import Store
from runner.store.tx import Tx

T = TypeVar("T")
STORE_PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the engine waits between questions, in real seconds."""

    retry_s: float = 1.0
    look_s: float = 2.0
    doubt_s: float = 600.0  # how long a target may stay silent before a person is asked


def patiently(store: Store, body: Callable[[Tx], T], wait: Callable[[float], object]) -> T:
    """A database that restarts is waited for. Guarded writes may be repeated: a second one moves no row."""
    for pause_s in STORE_PAUSES_S:
        try:
            return store.write(body)
        except StoreDown:
            wait(pause_s)
    return store.write(body)
