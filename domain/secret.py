"""Secrets are a type that prints as dots; only an executor (or the token check) opens one."""

import math
from dataclasses import dataclass
from typing import Any, Final, NoReturn

DOTS: Final = "••••"


class Secret:
    """A value that must not be seen: `str`, `repr`, formatting and pickling never show it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def open(self) -> str:
        """The value itself. Call it in the line that hands it to a library, nowhere else."""
        return self.__value

    def __repr__(self) -> str:
        return DOTS

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return DOTS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.open() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True)
class SecretRef:
    """Where a secret lies: `env:NAME` or `file:PATH`. The estate holds references, never values."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def mask(text: str, secrets: tuple[Secret, ...]) -> str:
    """`text` with every secret replaced by dots; longer secrets first, so that none is left in part."""
    for value in sorted({s.open() for s in secrets if s.open()}, key=len, reverse=True):
        text = text.replace(value, DOTS)
    return text


def shown(value: Any) -> Any:
    """A value as an event may hold it, at any depth: secrets become dots, and what is no JSON number becomes text."""
    if isinstance(value, Secret):
        return DOTS
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
