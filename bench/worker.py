"""One worker process of one peer: `python -m bench.worker PEER SLOTS`. Prepares, says ready, waits for go, then works.

It ends when its standard input does, so that no worker outlives the process that measures.
"""

import logging
import sys

from bench.peers import peer_named
from bench.site import site_from


def main(peer: str, slots: int) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with peer_named(peer)(site_from()) as mine:
        work = mine.worker(slots)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if not sys.stdin.readline():
            return
        work.start()
        sys.stdin.read()
        work.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
