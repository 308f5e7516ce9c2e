"""A spot in the file while it is read: readers answer the value, or file a fault and answer WRONG."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from domain.errors import Fault
from domain.text import Text
from inventory.document import below

WRONG: Final = object()  # "there was a value, and a fault says what is wrong with it"
MAX_SHOWN: Final = 60


@dataclass(frozen=True, kw_only=True)
class Spot:
    """`path` points at the value; `folder` is the estate file's; `faults` is shared by all spots of a file."""

    path: str
    folder: Path
    faults: list[Fault]

    def at(self, key: str | int) -> "Spot":
        return replace(self, path=below(self.path, key))

    def wrong(self, zh: str, en: str, code: str = "invalid") -> object:
        self.faults.append(Fault(self.path, Text(zh, en), code))
        return WRONG

    def mistyped(self, value: object, zh: str, en: str) -> object:
        """The fault of a value of another type. The value is not repeated."""
        if value is None:
            return self.wrong(f"没有值：应为{zh}，或删去这个键", f"is empty: give {en}, or leave the key out", "type")
        kind = _kind(value)
        return self.wrong(f"应为{zh}，不是{kind.zh}", f"must be {en}, not {kind.en}", "type")


Reader = Callable[[Spot, object], Any]


def shown(value: object) -> str:
    """A value as a message may repeat it. Never used for secrets."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _kind(value: object) -> Text:
    if isinstance(value, bool):
        return Text("是/否（文本请加引号）", "yes or no (quote it if it is text)")
    if isinstance(value, int | float):
        return Text("数字（文本请加引号）", "a number (quote it if it is text)")
    if isinstance(value, str):
        return Text("文本", "text")
    return Text("列表", "a list") if isinstance(value, list) else Text("键值表", "a mapping")
