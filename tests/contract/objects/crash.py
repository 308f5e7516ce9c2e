"""Started by the crash tests: runs one thing over and over, killed at its first, second, … contact with disk or store.

Each try is a fork that kills itself (SIGKILL), so that nothing of Python's cleaning up runs. Ends with the first try
that reaches the end, and prints how many were killed.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from domain.artifact import ArtifactStore
from domain.secret import Secret
from executors.objects import LocalStore, S3Settings, s3_store
from tests.contract.objects.conftest import key, sha

TOUCHES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}


class Countdown:
    """Kills the process at the n-th contact."""

    def __init__(self, folder: str) -> None:
        self.left, self._folder = 0, folder

    def touch(self) -> None:
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        # Reading changes nothing, and there is more to read after every crash: it would never end.
        reads = event == "open" and not int(args[2]) & (os.O_WRONLY | os.O_RDWR)
        if self.left and event in TOUCHES and not reads and str(args[0]).startswith(self._folder):
            self.touch()


def store_of(told: dict[str, Any], countdown: Countdown) -> ArtifactStore:
    if told["kind"] == "local":
        return LocalStore(Path(told["folder"]))
    from executors.objects_client import S3Client

    real = S3Client.call

    def call(self: S3Client, action: str, what: object, **parameters: Any) -> dict[str, Any]:
        countdown.touch()
        answer = real(self, action, what, **parameters)
        countdown.touch()
        return answer

    S3Client.call = call  # type: ignore[method-assign]
    secrets = {name: Secret(told["settings"].pop(name)) for name in ("access_key", "secret_key")}
    return s3_store(S3Settings(**told["settings"], **secrets), Path(told["folder"]) / "staging")


def put(store: ArtifactStore, run: str, data: bytes, ack: Callable[[str], None]) -> None:
    store.put(key(run), pieces(data), size=len(data), sha256=sha(data))
    ack("done")


def put_untold(store: ArtifactStore, run: str, data: bytes, ack: Callable[[str], None]) -> None:
    store.put(key(run), pieces(data))
    ack("done")


def upload(store: ArtifactStore, run: str, data: bytes, ack: Callable[[str], None]) -> None:
    begun = store.begin(key(run), len(data))
    ack(f"0 {begun.id}")
    for first in range(0, len(data), 3000):
        ack(f"{store.append(begun, first, [data[first : first + 3000]])} {begun.id}")
    store.finish(begun, sha(data))
    ack("done")


def pieces(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 900] for i in range(0, len(data), 900))


def main() -> None:
    told = json.loads(sys.argv[1])
    scenario = {"put": put, "put_untold": put_untold, "upload": upload}[told["scenario"]]
    countdown = Countdown(told["folder"])
    sys.addaudithook(countdown.hear)
    store, data = store_of(told, countdown), bytes.fromhex(told["data"])
    for number in count(1):
        acks = os.open(f"{told['acks']}/{number}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        if (pid := os.fork()) == 0:
            countdown.left = number
            scenario(store, str(number), data, lambda line, to=acks: os.write(to, line.encode() + b"\n") and None)  # type: ignore[misc]
            os._exit(0)
        os.close(acks)
        if os.waitpid(pid, 0)[1] != signal.SIGKILL:
            print(number)  # noqa: T201 - this is its answer
            return


if __name__ == "__main__":
    main()
