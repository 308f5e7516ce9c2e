"""Which of our two languages a client prefers, by its Accept-Language."""

from typing import Final

from domain.text import Language

MAX_HEADER: Final = 500


def preferred(accept_language: str | None) -> Language:
    """Chinese if it is asked for before English, else English."""
    weights: dict[str, float] = {"zh": 0.0, "en": 0.0}
    for part in (accept_language or "")[:MAX_HEADER].split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in weights:
            weights[language] = max(weights[language], _weight(weight))
    return "zh" if weights["zh"] > weights["en"] else "en"


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
