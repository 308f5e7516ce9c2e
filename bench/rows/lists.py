"""Lists and searches over the loaded store: every filter of the API, first and deep pages."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.figures import Figure, at_share
from bench.rows import Run, say
from domain.job import RequestState, State
from intake.read import Filter, search
from intake.view import of_item

LONGEST_S: Final = 6.0  # for one filter: a slow one is read less often


def read(run: Run, store: str, peer: Any) -> Iterator[Figure]:
    """One figure: the worst filter's p95, with all filters in its detail. `peer` is ours."""
    highest = search(peer.desk, peer.actor, Filter(limit=1))[0].request.number
    each = {name: _p95(run, peer, given, highest) for name, given in _filters().items()}
    for name, p95 in each.items():
        say(f"    {name}: {p95:.1f} ms")
    worst = max(each, key=lambda n: each[n])
    yield Figure(row="lists.p95", peer="ours", store=store, value=each[worst], detail={"worst": worst, "ms": each})


def _filters() -> dict[str, dict[str, Any]]:
    now = datetime.now(UTC)
    then = now - timedelta(days=5)  # among the loaded requests, whose numbers grow with their time of asking
    plain: dict[str, dict[str, Any]] = {
        "everything": {},
        "tenant": {"tenant": "t7"},
        "operation": {"operation": "noop"},
        "operation without requests": {"operation": "linger"},
        "place": {"place": "t7/prod/d8"},
        "state waiting": {"states": (State.WAITING,)},
        "state failed": {"states": (State.FAILED,)},
        "state nobody is in": {"states": (State.MISSED,)},
        "tenant and state": {"tenant": "t0", "states": (State.FAILED,)},
        "completed": {"request_state": RequestState.COMPLETED},
        "processed": {"request_state": RequestState.PROCESSED},
        "rejected": {"request_state": RequestState.REJECTED},
        "asked in an hour": {"asked_from": then, "asked_to": then + timedelta(hours=1)},
        "asked before all": {"asked_to": now - timedelta(days=4000)},
        "text common": {"text": "finished work"},
        "text rare": {"text": "rare needle"},
        "text absent": {"text": "nowhere to be found"},
        "tenant and text absent": {"tenant": "t7", "text": "nowhere to be found"},
    }
    deep = {f"{name}, deep page": {**given, "deep": True} for name, given in plain.items()}
    return {**plain, **deep}


def _p95(run: Run, peer: Any, given: dict[str, Any], highest: int) -> float:
    """Milliseconds from the call to the rendered page."""
    asked, taken = dict(given), list[float]()
    deep, until = asked.pop("deep", False), time.monotonic() + LONGEST_S
    while len(taken) < run.scale.pages and (not taken or time.monotonic() < until):
        before = random.randrange(1, max(2, highest)) if deep else None
        started = time.perf_counter()
        items = search(peer.desk, peer.actor, Filter(**asked, before=before))
        [of_item(item, peer.desk.catalog) for item in items]
        taken.append(1000 * (time.perf_counter() - started))
    return at_share(taken, 0.95)
