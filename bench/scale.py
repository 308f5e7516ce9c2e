"""How much is measured: the full run, and a quick one that only shows that everything works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Numbers of jobs, rows and samples; `seconds` in names are lengths of time."""

    singles: int = 200
    planned: int = 50
    planned_over_s: float = 5.0
    burst: int = 200
    drained: int = 2000
    repeats: int = 3
    stored: int = 1_000_000
    submits: int = 2000
    bulk: int = 5000
    lines: int = 100_000
    kills: int = 2
    lease_s: float = 15.0
    idle_s: float = 10.0
    helps: int = 9
    pages: int = 25
    script_bytes: int = 100_000_000
    script_parts: int = 10_000
    script_share: int = 1  # one n-th of the batches
    upload_bytes: int = 1 << 30


FULL: Final = Scale()
QUICK: Final = Scale(
    singles=10,
    planned=5,
    planned_over_s=1.0,
    burst=10,
    drained=100,
    repeats=1,
    stored=2000,
    submits=40,
    bulk=500,
    lines=2000,
    kills=1,
    lease_s=2.0,
    idle_s=1.0,
    helps=3,
    pages=5,
    script_bytes=2_000_000,
    script_parts=500,
    script_share=10,
    upload_bytes=8 << 20,
)
