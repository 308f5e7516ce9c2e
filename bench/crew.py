"""Worker processes of a peer: prepared, started at one moment, stopped."""

import time
from types import TracebackType

from bench.child import Child
from bench.site import Site
from bench.stamps import Stamps


class Crew:
    """`with Crew(...) as crew:` has the processes prepared; `crew.go()` starts the work and answers the moment."""

    def __init__(self, peer: str, site: Site, number: int = 2, slots: int = 8) -> None:
        self.stamps = Stamps()
        self.workers = [self._worker(peer, site, slots) for _ in range(number)]

    def __enter__(self) -> "Crew":
        try:
            for worker in self.workers:
                worker.ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def go(self) -> float:
        """Start the work now. Answers the moment, seconds since 1970."""
        moment = time.time()
        for worker in self.workers:
            worker.go()
        return moment

    def _worker(self, peer: str, site: Site, slots: int) -> Child:
        stamps = self.stamps
        return Child(site, "bench.worker", peer, str(slots), extra=stamps.environment(), pass_fds=(stamps.pipe,))

    def _stop(self) -> None:
        for worker in self.workers:
            worker.leave()
        for worker in self.workers:
            worker.stop()
        self.stamps.close()
