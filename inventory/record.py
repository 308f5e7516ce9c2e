"""Mappings and lists as data: a record is a table of keys with their readers, and of rules over several keys."""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from typing import Any, Final

from domain.text import Text
from inventory.spot import WRONG, Reader, Spot

_UNSET: Final = object()
MAX_ITEMS: Final = 10_000


@dataclass(frozen=True)
class Key:
    """One key of the file. Without `default` the dataclass's field decides whether it may be left out."""

    name: str
    read: Reader
    to: str = ""  # the field, where the file's word is another
    default: object = _UNSET

    @property
    def field(self) -> str:
        return self.to or self.name


@dataclass(frozen=True)
class Rule:
    """What must hold between `fields`; asked when all of them are good. The fault stands at the key `at`."""

    at: str
    fields: tuple[str, ...]
    holds: Callable[..., bool]
    text: Text


@dataclass(frozen=True, kw_only=True)
class Record:
    """A mapping with these keys and no others, read into the dataclass `of` (through `make`, if given)."""

    of: type
    keys: tuple[Key, ...]
    rules: tuple[Rule, ...] = ()
    make: Callable[..., Any] | None = None

    def __call__(self, spot: Spot, value: object) -> Any:
        if not isinstance(value, dict):
            return spot.mistyped(value, "键值表", "a mapping")
        self._refuse_strangers(spot, value)
        read = self._read(spot, value)
        good = {name: v for name, v in read.items() if v is not WRONG}
        broken = self._broken_rules(spot, good)
        return WRONG if broken or len(good) < len(read) else (self.make or self.of)(**good)

    def _refuse_strangers(self, spot: Spot, value: dict[str, object]) -> None:
        names = [k.name for k in self.keys]
        for stranger in [k for k in value if k not in names]:
            near = get_close_matches(stranger[:40], names, n=1)
            if near:
                spot.at(stranger).wrong(
                    f"未知的键；是不是 {near[0]}？", f"unknown key; did you mean {near[0]}?", "unknown-key"
                )
            else:
                known = ", ".join(names)
                spot.at(stranger).wrong(
                    f"未知的键；可用的键：{known}", f"unknown key; the keys are: {known}", "unknown-key"
                )

    def _read(self, spot: Spot, value: dict[str, object]) -> dict[str, Any]:
        defaults = _defaults(self.of)
        return {key.field: _read_key(key, spot.at(key.name), value, defaults) for key in self.keys}

    def _broken_rules(self, spot: Spot, good: dict[str, Any]) -> list[object]:
        asked = [r for r in self.rules if all(f in good for f in r.fields)]
        broken = [r for r in asked if not r.holds(*[good[f] for f in r.fields])]
        return [spot.at(r.at).wrong(r.text.zh, r.text.en) for r in broken]


def _defaults(of: type) -> dict[str, object]:
    plain = {f.name: f.default for f in fields(of) if f.default is not MISSING}
    return plain | {f.name: f.default_factory() for f in fields(of) if f.default_factory is not MISSING}


def _read_key(key: Key, spot: Spot, value: dict[str, object], defaults: dict[str, object]) -> object:
    if key.name in value:
        return key.read(spot, value[key.name])
    default = defaults.get(key.field, _UNSET) if key.default is _UNSET else key.default
    return spot.wrong("缺少这个键", "is missing", "missing") if default is _UNSET else default


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of one kind of item. `unique` names the keys whose values no two items may share; () compares items."""

    item: Reader
    into: Callable[[Iterable[Any]], Any] = tuple
    least: int = 0
    unique: tuple[tuple[str, ...], ...] = ()

    def __call__(self, spot: Spot, value: object) -> Any:
        if not isinstance(value, list):
            return spot.mistyped(value, "列表", "a list")
        if not self.least <= len(value) <= MAX_ITEMS:
            zh, en = f"应有 {self.least} 到 {MAX_ITEMS} 项", f"must have {self.least} to {MAX_ITEMS} items"
            return spot.wrong(f"{zh}，实际 {len(value)} 项", f"{en}, and has {len(value)}")
        read = [self.item(spot.at(i), v) for i, v in enumerate(value)]
        for keys in self.unique:
            _refuse_twins(spot, value, keys)
        return WRONG if any(v is WRONG for v in read) else self.into(read)


def _refuse_twins(spot: Spot, items: list[object], keys: tuple[str, ...]) -> None:
    """Compares what the file says, so that twins are found beside other mistakes too."""
    first: dict[tuple[str, ...], int] = {}
    for index, item in enumerate(items):
        mark = tuple(_dig(item, key) for key in keys) if keys else (item,)
        if not all(isinstance(v, str | int) for v in mark):
            continue
        twin = first.setdefault(tuple(str(v).casefold() for v in mark), index)
        if twin != index:
            at, what = (spot.at(index).at(keys[0]), " + ".join(keys)) if keys else (spot.at(index), "")
            at.wrong(f"{what} 与 [{twin}] 重复".strip(), f"{what} is the same as in [{twin}]".strip(), "duplicate")


def _dig(item: object, key: str) -> object:
    for word in key.split("."):
        item = item.get(word) if isinstance(item, dict) else None
    return item


@dataclass(frozen=True, kw_only=True)
class Named:
    """A mapping from free names to values of one kind."""

    name: Reader
    item: Reader

    def __call__(self, spot: Spot, value: object) -> Any:
        if not isinstance(value, dict):
            return spot.mistyped(value, "键值表", "a mapping")
        read = {self.name(spot.at(k), k): self.item(spot.at(k), v) for k, v in value.items()}
        return WRONG if WRONG in read or any(v is WRONG for v in read.values()) else read
