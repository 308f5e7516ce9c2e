"""The operations there are, by name. Handed to those who need it; nobody registers by being imported."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import NotFound
from domain.operation import Operation
from domain.parameters import build
from domain.text import Text


class Catalog:
    """A tuple of operation types, found by name. Two with one name, or one half filled in, stop the start."""

    def __init__(self, operations: tuple[type[Operation], ...]) -> None:
        self._by_name: dict[str, type[Operation]] = {}
        for operation in operations:
            self._add(operation)

    def _add(self, operation: type[Operation]) -> None:
        for part in ("name", "title", "traits"):
            if not hasattr(operation, part):
                raise TypeError(f"operation {operation.__name__} has no {part}")
        if operation.name in self._by_name:
            raise ValueError(f"two operations are called {operation.name!r}")
        self._by_name[operation.name] = operation

    def __iter__(self) -> Iterator[type[Operation]]:
        return iter(self._by_name.values())

    def get(self, name: str) -> type[Operation]:
        """The operation called `name`. Raises NotFound."""
        if name not in self._by_name:
            known = ", ".join(sorted(self._by_name))
            zh, en = f"没有这种操作：{name!r}；可用：{known}", f"There is no operation {name!r}; there are: {known}"
            raise NotFound(Text(zh, en), operation=name)
        return self._by_name[name]

    def build(self, name: str, params: Mapping[str, Any]) -> Operation:
        """The operation with parameters. Raises NotFound, or Mistake with every fault."""
        return build(self.get(name), params)
