"""The variables of a batch or of a dynamic text, and where errors of it are caught."""

from typing import Any

from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import Kind, cast, kind_of


class Scope:
    """Variables by lower-case name. `tries` counts the TRY blocks that are open in this very scope.

    `tables` are temporary tables by another name: table variables, and `inserted` and `deleted` in a trigger.
    """

    def __init__(self, parent: "Scope | None" = None, procedure: str = "") -> None:
        self.parent = parent
        self.procedure = procedure
        self.tables: dict[str, str] = {}
        self.tries = 0
        self._kinds: dict[str, Kind] = {}
        self._values: dict[str, Any] = {}

    def declare(self, name: str, kind: str) -> None:
        """A new variable, NULL. Raises SqlError 134."""
        low = name.lower()
        if low in self._kinds:
            raise SqlError(134, name)
        self._kinds[low] = kind_of(kind)
        self._values[low] = None

    def assign(self, name: str, value: Any) -> None:
        """A value, converted to the variable's type. Raises SqlError 137, 245."""
        self._values[self._known(name)] = cast(value, self._kinds[name.lower()])

    def get(self, name: str) -> Any:
        """The value. Raises SqlError 137."""
        return self._values[self._known(name)]

    def _known(self, name: str) -> str:
        if name.lower() not in self._kinds:
            raise SqlError(137, name)
        return name.lower()

    def catches(self, *, from_outside: bool) -> bool:
        """A TRY around sees the error; with `from_outside` only one around this whole scope."""
        above = self.parent is not None and self.parent.catches(from_outside=False)
        return above or (self.tries > 0 and not from_outside)
