"""Memory of an idle worker and an idle portal: resident set of the process and its children, after some idle time."""

import time
from collections.abc import Iterator

from bench.crew import Crew
from bench.figures import Figure
from bench.machine import resident_mib
from bench.peers import peer_named
from bench.peers.yunwei import Yunwei
from bench.rows import PEERS, Run
from bench.web import Portal


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests(*PEERS):
        with peer_named(name)(site) as peer:
            with Crew(name, site, number=1) as crew:
                crew.go()
                time.sleep(run.scale.idle_s)
                yield Figure(row="memory.worker", peer=name, store=store, value=resident_mib(crew.workers[0].pid))
            if isinstance(peer, Yunwei):
                with Portal(site, peer) as portal:
                    portal.get("/api/v1/requests")
                    time.sleep(run.scale.idle_s)
                    yield Figure(row="memory.portal", peer=name, store=store, value=resident_mib(portal.child.pid))
