"""The demo's child processes: started, waited for until they say one line of JSON, and surely ended."""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from domain.errors import Broke, TimedOut
from domain.text import Text

READY_S: Final = 120.0
STOP_S: Final = 45.0  # above the worker's own grace
LAST_LINES: Final = 5


@contextmanager
def child(name: str, command: Sequence[str], log: Path) -> Iterator[dict[str, Any]]:
    """Run a program that says one line of JSON when it is ready; yields that line. Its log goes to `log`.

    It is ended by SIGTERM, and by its closed standard input should we die first. Raises Broke or TimedOut.
    """
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is ours: we end them one after the other
        )
        try:
            yield _ready(name, process, log)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    """Ours without the settings of another deployment."""
    return {k: v for k, v in os.environ.items() if not k.startswith("YUNWEI_")}


def _ready(name: str, process: "subprocess.Popen[bytes]", log: Path) -> dict[str, Any]:
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_drain, args=(process.stdout, lines), name=f"{name}-out", daemon=True).start()
    try:
        line = lines.get(timeout=READY_S)
    except queue.Empty:
        zh, en = (
            f"{name} 在 {READY_S:.0f} 秒内未就绪；日志 {log}",
            f"{name} was not ready in {READY_S:.0f} s; see {log}",
        )
        raise TimedOut(Text(zh, en)) from None
    if not line:
        tail = " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
        raise Broke(Text(f"{name} 未能启动：{tail}；日志 {log}", f"{name} did not start: {tail}; see {log}"))
    answer: dict[str, Any] = json.loads(line)
    return answer


def _drain(stream: IO[bytes] | None, lines: "queue.Queue[bytes]") -> None:
    """The first line is the answer; the rest is read so that the child never waits for us. Empty means it has ended."""
    for line in stream or ():
        lines.put(line)
    lines.put(b"")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
