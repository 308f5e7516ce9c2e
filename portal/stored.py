"""Figures that are read from the store when Prometheus asks. Only live rows are counted, by their indexes."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.errors import StoreDown
from domain.job import LIFE
from intake.desk import Desk
from intake.read import head
from intake.workers import workers
from runner.store.rows import moment

ALIVE_S: Final = 30.0
"""A worker whose last beat is older, in real seconds, counts as gone."""


def stored(desk: Desk) -> list[Metric]:
    """All of them. Without a store there is one figure, which says so."""
    up = GaugeMetricFamily("yunwei_store_up", "1 if the store can be read")
    try:
        metrics = [*_of_jobs(desk), *_of_workers(desk), _of_events(desk)]
    except StoreDown:
        metrics = []
    up.add_metric([], 1 if metrics else 0)
    return [up, *metrics]


def workers_alive(desk: Desk) -> int:
    """How many workers have beaten within ALIVE_S."""
    return sum(-desk.store.clock.real_s(w["beat_at"]) <= ALIVE_S for w in workers(desk))


def _of_jobs(desk: Desk) -> Iterator[Metric]:
    counted = {row["state"]: row["jobs"] for row in desk.store.rows("live_jobs")}
    by_state = GaugeMetricFamily("yunwei_jobs", "Jobs that are not over, by state", labels=["state"])
    for state in LIFE:
        by_state.add_metric([state.value], counted.get(state.value, 0))
    yield by_state
    due = GaugeMetricFamily("yunwei_oldest_due_seconds", "Age of the oldest job that is due and not started")
    due.add_metric([], _oldest_due_s(desk))
    yield due
    expired = GaugeMetricFamily("yunwei_leases_expired", "Jobs whose worker's lease has run out")
    expired.add_metric([], _leases_expired(desk))
    yield expired


def _of_workers(desk: Desk) -> Iterator[Metric]:
    alive = GaugeMetricFamily("yunwei_workers_alive", f"Workers that have beaten within {ALIVE_S:g} s")
    alive.add_metric([], workers_alive(desk))
    yield alive


def _of_events(desk: Desk) -> Metric:
    family = CounterMetricFamily("yunwei_events", "Events appended since the store was made")
    family.add_metric([], head(desk))
    return family


def _oldest_due_s(desk: Desk) -> float:
    row = desk.store.row("next_due")
    due = moment(row["due_at"]) if row else None
    return max(0.0, -desk.store.clock.real_s(due)) if due else 0.0


def _leases_expired(desk: Desk) -> int:
    row = desk.store.row("count_expired_leases", now=desk.store.clock.now())
    return int(row["jobs"]) if row else 0
