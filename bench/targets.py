"""What each row is, and the number it has to reach (the design's table of numbers). A new row is one entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Target:
    """A row's meaning. `limits` by store, or `any`; `at_most` says on which side of it one has to be."""

    about: str
    unit: str
    at_most: bool
    limits: Mapping[str, float]

    def met(self, store: str, value: float) -> bool | None:
        """Whether `value` reaches the target on `store`; None if there is none for it."""
        limit = self.limits.get(store, self.limits.get("any"))
        if limit is None:
            return None
        return value <= limit if self.at_most else value >= limit


def _most(about: str, unit: str, limit: float | None) -> Target:
    return Target(about=about, unit=unit, at_most=True, limits={} if limit is None else {"any": limit})


def _least(about: str, unit: str, **limits: float) -> Target:
    return Target(about=about, unit=unit, at_most=False, limits=limits)


TARGETS: Final[Mapping[str, Target]] = {
    "latency.p50": _most("submit to start of one immediate job, idle system, median", "ms", 15),
    "latency.p99": _most("submit to start of one immediate job, idle system, 99 %", "ms", 50),
    "skew.p50": _most("work minus planned time, 50 jobs over 5 s, median", "ms", None),
    "skew.p99": _most("work minus planned time, 50 jobs over 5 s, 99 %", "ms", 50),
    "burst.last": _most("200 jobs due at one moment on different places: the last one's lateness", "ms", 1000),
    "early": _least("the least lateness of all planned jobs: below zero would be too early", "ms", any=0),
    "rate": _least("durable no-op jobs drained by 2 worker processes", "jobs/s", sqlite=500, postgresql=650),
    "submits.single": _least("submits accepted over HTTP one by one, 8 keep-alive connections", "/s", any=200),
    "submits.bulk": _least("submits accepted over HTTP in bulk, 500 at a time", "/s", any=1000),
    "lines.stored": _least("lines of a job's output stored, chained and guarded", "lines/s", any=10_000),
    "lines.streamed": _least("the same lines until the last one reached a watcher (SSE)", "lines/s", any=10_000),
    "lines.lag": _most("the latest line at a watcher while a job says 10,000 lines a second", "ms", 1000),
    "kill": _most("kill -9 of a worker until its job is reconciled, the slowest sample", "leases", 2),
    "memory.worker": _most("idle worker, resident", "MiB", 100),
    "memory.portal": _most("idle portal, resident", "MiB", 100),
    "help": _most("yunwei --help, median", "ms", 150),
    "splitter.rate.1": _least("a script of 1 MB split into batches, from its bytes", "MB/s", any=20),
    "splitter.rate.100": _least("the same, 100 MB", "MB/s", any=20),
    "splitter.memory.1": _most("memory that splitting 1 MB takes on top", "MiB", 16),
    "splitter.memory.100": _most("the same, 100 MB", "MiB", 16),
    "script.ratio.forty": _most(
        "a script of batches of forty statements, by a bare loop of the same driver", "times", 1.1
    ),
    "script.ratio.one": _most("the same, one small statement a batch", "times", None),
    "script.page": _most("a page of the results of a script of 10,000 batches through the API, 95 %", "ms", 100),
    "upload.rate": _least("a file of 1 GiB uploaded over HTTP, synced, hashed and recognised", "MB/s", any=150),
    "upload.rate.resumed": _least("the same, the connection cut five times", "MB/s", any=150),
    "download.rate": _least("the same file downloaded over HTTP, and counted", "MB/s", any=400),
    "upload.memory": _most("memory that these take of the portal on top, at its peak", "MiB", 64),
    "backlog.latency.p50": _most("latency with 1,000,000 future and 1,000,000 finished jobs, by empty", "times", 1.1),
    "backlog.latency.p99": _most("the same, 99 %", "times", None),
    "backlog.rate": _most("time per drained job with that backlog, by empty", "times", 1.1),
    "lists.p95": _most("a list page with that backlog, the slowest filter, first or deep page, 95 %", "ms", 50),
}
