"""Submit → start of one immediate no-op job at a time, on an idle system with two worker processes."""

import random
import time
from collections.abc import Iterator

from bench.crew import Crew
from bench.figures import Figure, spread
from bench.peers import Peer, peer_named
from bench.rows import PEERS, Run

SETTLE_S = 1.0
PAUSES_S = (0.02, 0.07)  # at random, so that no poll falls into step with us
LONGEST_S = 20.0


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests(*PEERS):
        with peer_named(name)(site) as peer, Crew(name, site) as crew:
            crew.go()
            yield from spread("latency", name, store, singles(peer, crew, run.scale.singles))


def singles(peer: Peer, crew: Crew, number: int, first: int = 0) -> list[float]:
    """Milliseconds from before the submit to the work, of `number` jobs after each other."""
    time.sleep(SETTLE_S)
    taken = []
    for mark in range(first, first + number):
        before = time.time()
        peer.submit(mark)
        taken.append(1000 * (crew.stamps.wait_for(mark, LONGEST_S) - before))
        time.sleep(random.uniform(*PAUSES_S))
    return taken
