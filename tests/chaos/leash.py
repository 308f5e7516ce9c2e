"""Nothing outlives the run: a small process that kills every tied process group when its standard input ends."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Final

STOP_S: Final = 10.0


class Leash:
    """Holds process groups. However this process ends, SIGKILL included, those still tied are killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.chaos.leash"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, text=True)

    def tie(self, group: int) -> None:
        """Kill this process group when we are gone."""
        self._tell(f"+{group}")

    def untie(self, group: int) -> None:
        """This process group has ended; its number may soon belong to somebody else."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """Kill what is still tied, and end."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(STOP_S)

    def _tell(self, word: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()


def _hold() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tied: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            tied.add(group)
        else:
            tied.discard(group)
    for group in tied:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    _hold()
