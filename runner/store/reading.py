"""What a store and a transaction of it have in common: named statements that read."""

from collections.abc import Mapping
from typing import Any, Protocol


class Reading(Protocol):
    """Whoever only reads asks for this, and works inside a transaction and outside of one."""

    def rows(self, name: str, /, **params: Any) -> list[Mapping[str, Any]]: ...

    def row(self, name: str, /, **params: Any) -> Mapping[str, Any] | None: ...
