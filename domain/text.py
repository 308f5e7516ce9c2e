"""A sentence in the two languages of the product."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Text:
    """One sentence as a zh-CN user and as an English user reads it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def to(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def as_dict(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}
