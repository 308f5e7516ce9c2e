"""One measure a file. Each is a function of a `Run` that yields figures."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import Figure
from bench.ground import Ground
from bench.scale import Scale
from bench.site import Site

PEERS = ("ours", "huey", "procrastinate")
WITH_DBOS = (*PEERS, "dbos")  # where its poll of once a second is not all that would be measured, or is the point


@dataclass(frozen=True, kw_only=True)
class Run:
    """What every measure works with."""

    ground: Ground
    scale: Scale
    stores: tuple[str, ...]

    def contests(self, *names: str) -> Iterator[tuple[str, str, Site]]:
        """(peer, store, a fresh site) for each pair that exists, side by side on each store."""
        for store in self.stores:
            for name in names:
                if name != "procrastinate" or store == "postgresql":
                    say(f"  {name} on {store}")
                    yield name, store, self.ground.site(store)


Measure = Callable[[Run], Iterator[Figure]]


def say(line: str) -> None:
    """Progress, for whoever waits."""
    print(line, file=sys.stderr, flush=True)
