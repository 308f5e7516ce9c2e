"""`python -m bench.splitting FILE`: split a script as the intake does, and say how fast and in how much more memory."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tsql.batches import Batch, split
from tsql.reading import decode

CHUNK = 1 << 16


def main(script: Path) -> None:
    _work(iter([b"SELECT 1\nGO\n"]))  # what is loaded once is not the script's
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: before, it is that of the parent's fork
    before, started = _peak_mib(), time.perf_counter()
    batches = _work(_chunks(script))
    seconds, grown = time.perf_counter() - started, _peak_mib() - before
    size = script.stat().st_size
    print(json.dumps({"mb_per_s": size / 1e6 / seconds, "grown_mib": grown, "batches": batches, "bytes": size}))


def _work(chunks: Iterator[bytes]) -> int:
    return sum(isinstance(found, Batch) for found in split(decode(chunks)))


def _chunks(script: Path) -> Iterator[bytes]:
    with script.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (row for row in status.splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
