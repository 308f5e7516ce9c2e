"""A job that talks: `python -m bench.talker LINES LINES_PER_S`. Says `ready NUMBER`, on go stores lines, says `done S`.

The lines pass through the worker's own hold on a claimed job, so each is stored, chained and guarded as in earnest;
a thread writes them down as a worker's does. A line holds the moment it was said. 0 lines per second means: as fast as
they are taken.
"""

import sys
import threading
import time

from bench.peers.yunwei import Yunwei
from bench.site import site_from
from intake.submit import submit
from runner.claims import Claimed, Claims
from runner.hold import Hold
from runner.worker import Pace, new_worker_id

BREATHS_PER_S = 20
LEASE_S = 600.0


def main(lines: int, per_s: int) -> None:
    with Yunwei(site_from()) as mine:
        worker = new_worker_id()
        hold = Hold(mine.desk.store, _claimed(mine, worker), worker)
        _say(f"ready {hold.job.number}")
        sys.stdin.readline()
        _say(f"done {_talk(hold, lines, per_s)}")
        sys.stdin.read()


def _claimed(mine: Yunwei, worker: str) -> Claimed:
    body = {**mine.body(0), "operation": "noop-free"}  # an earlier talker may still have the place
    submit(mine.desk, mine.actor, body)
    return Claims(mine.desk.store, mine.desk.catalog, mine.desk.decider, worker, LEASE_S).due(1)[0]


def _talk(hold: Hold, lines: int, per_s: int) -> float:
    """Seconds until all lines are stored."""
    started, over = time.perf_counter(), threading.Event()
    writer = threading.Thread(target=_write, args=(hold, over))
    writer.start()
    breath = max(1, per_s // BREATHS_PER_S) if per_s else lines
    for first in range(0, lines, breath):
        for index in range(first, min(lines, first + breath)):
            hold.say("stdout", f"{index} {time.time_ns()}")
        if per_s:
            time.sleep(max(0.0, started + (first + breath) / per_s - time.perf_counter()))
    over.set()
    writer.join()
    hold.flush()
    return time.perf_counter() - started


def _write(hold: Hold, over: threading.Event) -> None:
    """As the worker does: at its pace, and at once again while there is much."""
    while not over.wait(0.0 if hold.is_talkative else Pace().write_s):
        hold.flush()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
