"""What stays up until it is told to stop: signals, and the parent's closed pipe."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType


def told_to_stop(*, with_parent: bool = False) -> threading.Event:
    """An event that SIGTERM and SIGINT set, once: a second signal ends the process at once.

    With `with_parent` it is also set when standard input is closed: a child does not outlive who started it.
    """
    stop = threading.Event()

    def told(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    if with_parent:
        threading.Thread(target=_until_closed, args=(stop.set,), name="with-parent", daemon=True).start()
    return stop


def _until_closed(tell: Callable[[], None]) -> None:
    # Not through sys.stdin: its lock, held by this thread, would break the interpreter's own end.
    while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 4096):
        pass
    tell()
