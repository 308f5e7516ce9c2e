"""The portal as a process: `python -m bench.portal`. Says `ready PORT`, ends when its standard input does."""

import logging
import sys

from bench.peers.yunwei import Yunwei
from bench.site import site_from
from portal.serve import serve
from wiring import make_portal


def main() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with Yunwei(site_from()) as mine:
        served = serve(make_portal(mine.product), "127.0.0.1", 0)
        sys.stdout.write(f"ready {served.port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        served.stop()


if __name__ == "__main__":
    main()
