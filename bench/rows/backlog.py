"""The same latency and rate with a million future and a million finished jobs stored, against the empty store.

Empty and loaded are the same store in the same run. Then the lists are read from it: see lists.py.
"""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench import backlog
from bench.crew import Crew
from bench.figures import Figure, at_share
from bench.peers import Peer, peer_named
from bench.rows import Run, lists, say
from bench.rows.latency import singles
from bench.rows.rate import drain, record
from bench.site import Site

_LOADERS: dict[str, Callable[[Any, Site, int], dict[str, float]]] = {"ours": backlog.load, "huey": backlog.load_huey}
_BEYOND = 1_000_000  # marks of single jobs begin here, those of drained ones at zero


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests("ours", "huey"):
        with peer_named(name)(site) as peer:
            empty = _both(run, name, site, peer)
            took = _LOADERS[name](peer, site, run.scale.stored)
            say(f"    loaded in {took['all_s']:.0f} s")
            loaded = _both(run, name, site, peer)
            yield from _compared(name, store, empty, loaded, took)
            if name == "ours":
                yield from lists.read(run, store, peer)


def _both(run: Run, name: str, site: Site, peer: Peer) -> dict[str, float]:
    with Crew(name, site) as crew:
        crew.go()
        taken = singles(peer, crew, run.scale.singles, first=_BEYOND)
    rates = [_rate(run, name, site, peer) for _ in range(run.scale.repeats)]
    return {"p50_ms": at_share(taken, 0.5), "p99_ms": at_share(taken, 0.99), "per_s": median(rates)}


def _rate(run: Run, name: str, site: Site, peer: Peer) -> float:
    with Crew(name, site) as crew:
        record(peer, run.scale.drained)
        return drain(peer, crew, run.scale.drained)


def _compared(
    name: str, store: str, empty: dict[str, float], loaded: dict[str, float], took: dict[str, float]
) -> Iterator[Figure]:
    """Each as a factor: how many times worse than on the empty store."""
    detail = {"empty": empty, "loaded": loaded, "loading": took}
    for row, factor in (
        ("backlog.latency.p50", loaded["p50_ms"] / empty["p50_ms"]),
        ("backlog.latency.p99", loaded["p99_ms"] / empty["p99_ms"]),
        ("backlog.rate", empty["per_s"] / loaded["per_s"]),
    ):
        yield Figure(row=row, peer=name, store=store, value=factor, detail=detail)
