"""Figures become the document: one entry a row, ours beside the peers, the ratios, the target and whether it is met."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from bench.figures import Figure, Log
from bench.machine import machine
from bench.targets import TARGETS, Target

FORMAT: Final = 1
_DIGITS: Final = 4


def document(log: Log, stores: dict[str, str]) -> dict[str, Any]:
    """The whole answer of one run, ready for JSON. `stores` says what each store is."""
    named = [name for name in TARGETS if any(f.row == name for f in log.figures)]
    return {
        "format": FORMAT,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": log.quick,
        "seconds": _short(log.seconds()),
        "machine": machine(),
        "stores": stores,
        "rows": [_row(name, TARGETS[name], [f for f in log.figures if f.row == name]) for name in named],
        "failures": log.failures,
    }


def _row(name: str, target: Target, figures: Iterable[Figure]) -> dict[str, Any]:
    values: dict[str, dict[str, float]] = {}
    details: dict[str, dict[str, Any]] = {}
    for figure in figures:
        values.setdefault(figure.peer, {})[figure.store] = _short(figure.value)
        if figure.detail:
            details.setdefault(figure.peer, {})[figure.store] = _tidy(figure.detail)
    ours = values.get("ours", {})
    met = {s: target.met(s, v) for s, v in ours.items() if target.met(s, v) is not None}
    return {
        "name": name,
        "about": target.about,
        "unit": target.unit,
        **values,
        "ratios": {f"to_{peer}": _ratios(ours, theirs) for peer, theirs in values.items() if peer != "ours"},
        "target": {"at_most" if target.at_most else "at_least": dict(target.limits)},
        "met_on": met,
        "met": all(met.values()) if met else None,
        "detail": details,
    }


def _ratios(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """Ours divided by theirs, on the same store."""
    return {s: _short(ours[s] / theirs[s]) for s in ours if theirs.get(s)}


def _tidy(value: Any) -> Any:
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, list | tuple):
        return [_tidy(v) for v in value]
    return {k: _tidy(v) for k, v in value.items()} if isinstance(value, dict) else value


def _short(value: float) -> float:
    """Four digits that mean something."""
    return float(f"{value:.{_DIGITS}g}")
