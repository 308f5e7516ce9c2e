"""Figures and what is made of them: one measured value of one peer on one store."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`row` is the row of the report it belongs to, `peer` is `ours`, `huey` or `procrastinate`."""

    row: str
    peer: str
    store: str
    value: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Log:
    """What one run has found so far. `failures` says by measure why it could not be taken."""

    quick: bool
    figures: list[Figure] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return time.monotonic() - self.started


def at_share(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank). 0.5 is the median."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(row: str, peer: str, store: str, values: Sequence[float], **detail: Any) -> list[Figure]:
    """The rows `row.p50` and `row.p99`, with count, least and most."""
    detail = {"count": len(values), "min": min(values), "max": max(values), **detail}
    return [
        Figure(row=f"{row}.p50", peer=peer, store=store, value=at_share(values, 0.5), detail=detail),
        Figure(row=f"{row}.p99", peer=peer, store=store, value=at_share(values, 0.99), detail=detail),
    ]
