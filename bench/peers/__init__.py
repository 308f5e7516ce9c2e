"""Who is measured: each peer behind one protocol, so that every measure is the same program for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bench.site import Site


class Work(Protocol):
    """What a worker process does between go and its end."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Peer(Protocol):
    """One queue, opened on a site. Jobs are told apart by their mark; no time means at once."""

    def __init__(self, site: Site) -> None: ...

    def __enter__(self) -> "Peer": ...

    def __exit__(self, *error: object) -> None: ...

    def submit(self, mark: int, at: datetime | None = None) -> None:
        """Hand in one job; durable, as far as this peer is, when this returns."""

    def submit_all(self, jobs: Sequence[tuple[int, datetime | None]]) -> None:
        """Hand in many, in the fastest way the peer has."""

    def settled(self, number: int, since: float, last_stamp: float, timeout_s: float) -> float:
        """When the last of `number` jobs that ended after `since` was over; peers without a record: the last stamp."""

    def worker(self, slots: int) -> Work:
        """A worker of this process, not yet started."""


def peer_named(name: str) -> type[Peer]:
    """The peer `ours`, `huey`, `procrastinate` or `dbos`; its libraries are imported only when it is measured."""
    if name == "ours":
        from bench.peers.yunwei import Yunwei

        return Yunwei
    if name == "huey":
        from bench.peers.bare_huey import BareHuey

        return BareHuey
    if name == "procrastinate":
        from bench.peers.procrastination import Procrastination

        return Procrastination
    if name == "dbos":
        from bench.peers.transact import Transact

        return Transact
    raise ValueError(f"no peer is called {name!r}")
