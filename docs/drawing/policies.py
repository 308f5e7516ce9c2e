"""The page of the policies: the question of each, when it is asked, and the figures it compares with."""

import sys
from dataclasses import fields
from datetime import timedelta
from types import ModuleType
from typing import Any, Final

import policies
from docs.drawing.markdown import code, paragraph, prose, section, span, table
from domain import rulebook
from domain.decision import Moment
from domain.rulebook import BackupRules, ClosedWindow, Expiry, Freeze, LetterRules, Planning, Quota, Rulebook
from policies import ASKED, RULES, Rule

# A figure that is not here stops the drawing: nobody could read what it means.
_MEANING: Final = {
    "closed_windows": ClosedWindow.__doc__,
    "freezes": Freeze.__doc__,
    "planning": Planning.__doc__,
    "expiry": Expiry.__doc__,
    "quotas": Quota.__doc__,
    "backups": BackupRules.__doc__,
    "letters": " ".join((LetterRules.__doc__ or "").split()),
    "default_cutoff": "How long before its start work can still be cancelled or edited, unless its operation says so.",
}


def page() -> str:
    """docs/policies.md."""
    return "".join(
        (
            "# Policies\n\n",
            prose(policies),
            prose(policies.decide),
            section("When each is asked", _moments()),
            section("The policies", *[_policy(rule) for rule in RULES]),
            section("The figures", _figures()),
        )
    )


def _moments() -> str:
    rows = [(code(_name(r)), *["●" if r in ASKED[m] else "" for m in Moment]) for r in RULES]
    return table(("policy", *[m.value for m in Moment]), rows)


def _policy(rule: Rule) -> str:
    return f"### {_name(rule)}\n\n" + prose(_module(rule)) + prose(rule)


def _figures() -> str:
    defaults = Rulebook()
    rows = [(code(f.name), _shown(getattr(defaults, f.name)), _MEANING[f.name]) for f in fields(Rulebook)]
    where = "They stand in the estate file under `policies`; inventory/estate/example.yml shows every key."
    return prose(rulebook) + paragraph(where) + table(("figure", "default", "what it says"), rows)


def _shown(value: Any) -> str:
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, tuple | dict):
        return ", ".join(map(str, value)) or "none"
    return (
        ", ".join(f"{f.name} {_shown(getattr(value, f.name))}" for f in fields(value))
        if _has_fields(value)
        else str(value)
    )


def _has_fields(value: Any) -> bool:
    return hasattr(value, "__dataclass_fields__")


def _module(rule: Rule) -> ModuleType:
    return sys.modules[rule.__module__]


def _name(rule: Rule) -> str:
    name: str = vars(_module(rule))["POLICY"]
    return name
