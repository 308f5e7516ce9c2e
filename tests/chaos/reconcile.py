"""How long a job stood still after its worker was killed: until another worker knew what to do with it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from domain.event import Event, Kind
from domain.job import FINAL
from tests.chaos.history import Told

_ENDS: Final = frozenset(s.value for s in FINAL) | {"needs-attention"}


def times_s(jobs: Iterable[Told], kills: Sequence[tuple[int, datetime]]) -> list[float]:
    """Seconds from each kill of a worker to each of its jobs being in hand again, or ended."""
    found = [_one(job, f"-{pid}-", at) for job in jobs for pid, at in kills]
    return sorted(s for s in found if s is not None)


def _one(job: Told, pid: str, killed_at: datetime) -> float | None:
    before = [e for e in job.events if e.at <= killed_at]
    if not _held(before, pid):
        return None
    after = next((e for e in job.events if e.at > killed_at and _settles(e)), None)
    return (after.at - killed_at).total_seconds() if after else None


def _held(events: list[Event], pid: str) -> bool:
    """Whether the last to take the job was this process, and nothing ended or released it since."""
    held = False
    for event in events:
        if event.kind in (Kind.CLAIMED, Kind.LOOKED) and event.facts.get("worker"):
            held = pid in str(event.facts["worker"])
        elif event.facts.get("to") in (*_ENDS, "waiting", "in-doubt"):
            held = False
    return held


def _settles(event: Event) -> bool:
    """Claimed again, decided out of doubt, or ended: somebody knows again where the job stands."""
    known = event.kind is Kind.CLAIMED or event.facts.get("from") == "in-doubt"
    return known or event.facts.get("to") in _ENDS
