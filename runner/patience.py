"""How long a worker waits for targets that do not answer."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the engine waits between questions, in real seconds."""

    retry_s: float = 1.0
    look_s: float = 2.0
    doubt_s: float = 600.0  # how long a target may stay silent before a person is asked
