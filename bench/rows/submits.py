"""Submits accepted by the portal per second: one at a time over several keep-alive connections, and in bulk.

Beside it bare huey's enqueue from as many threads: it decides, records and answers nothing.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.figures import Figure
from bench.peers import peer_named
from bench.peers.yunwei import Yunwei
from bench.rows import Run
from bench.web import CONNECTIONS, Portal

BULK: Final = 500
_PATH: Final = "/api/v1/requests"


def measure(run: Run) -> Iterator[Figure]:
    for name, store, site in run.contests("ours", "huey"):
        with peer_named(name)(site) as peer:
            if isinstance(peer, Yunwei):
                with Portal(site, peer) as portal:
                    yield from _accepted(run, store, peer, portal)
            else:
                yield Figure(row="submits.single", peer=name, store=store, value=_enqueued(run, peer.submit))


def _accepted(run: Run, store: str, peer: Yunwei, portal: Portal) -> Iterator[Figure]:
    one_by_one: list[Any] = [peer.body(mark) for mark in range(run.scale.submits)]
    portal.post_all(_PATH, one_by_one[:CONNECTIONS], 201)
    per_s = _timed(len(one_by_one), lambda: portal.post_all(_PATH, one_by_one, 201))
    detail = {"connections": CONNECTIONS, "submits": len(one_by_one)}
    yield Figure(row="submits.single", peer="ours", store=store, value=per_s, detail=detail)
    bulks = [{"requests": [peer.body(m) for m in range(BULK)]} for _ in range(run.scale.bulk // BULK)]
    per_s = _timed(len(bulks) * BULK, lambda: portal.post_all(f"{_PATH}/bulk", bulks, 207))
    yield Figure(row="submits.bulk", peer="ours", store=store, value=per_s, detail={"bulks": len(bulks)})


def _enqueued(run: Run, submit: Callable[[int], None]) -> float:
    number = run.scale.submits
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return _timed(number, lambda: list(pool.map(submit, range(number))))


def _timed(number: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return number / (time.perf_counter() - started)
