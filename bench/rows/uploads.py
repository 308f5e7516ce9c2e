"""Uploads and downloads of one large file through a portal process: how fast, and in how much memory of the portal.

Beside them the least that anybody must do who keeps a file: write it, sync it, hash it, without any network.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from bench.figures import Figure
from bench.files import SCAN, Carrier, bare, write_backup
from bench.peers.yunwei import Yunwei
from bench.rows import Run
from bench.web import Portal
from domain.request import Actor, Role
from intake.letter_review import approve
from intake.letter_scan import add_scan
from intake.letters import ask, get

CUTS: Final = 5
PLACE: Final = "t0/prod/d0"


def measure(run: Run) -> Iterator[Figure]:
    for _, store, site in run.contests("ours"):
        with Yunwei(site) as peer, tempfile.TemporaryDirectory(dir=site.home) as folder:
            _authorize(peer)
            file = write_backup(Path(folder) / "bench.bak", run.scale.upload_bytes)
            with Portal(site, peer) as portal:
                yield from _measured(run, store, file, portal)


def _measured(run: Run, store: str, file: Path, portal: Portal) -> Iterator[Figure]:
    carrier, size = portal.carrier(), file.stat().st_size
    shelf: list[str] = []
    before = _peak_mib(portal.child.pid, anew=True)
    ways: dict[str, Callable[[], object]] = {
        "upload.rate": lambda: shelf.append(_whole(carrier, file)),
        "upload.rate.resumed": lambda: shelf.append(_resumed(carrier, file)),
        "download.rate": lambda: _fetched(carrier, shelf[-1], size),
    }
    for row, work in ways.items():
        rates = [_mb_per_s(size, work) for _ in range(run.scale.repeats)]
        yield Figure(row=row, peer="ours", store=store, value=median(rates), detail={"samples": rates, "bytes": size})
    grown = _peak_mib(portal.child.pid) - before
    yield Figure(row="upload.memory", peer="ours", store=store, value=grown, detail={"bytes": size})
    rates = [_mb_per_s(size, lambda: bare(file, file.parent)) for _ in range(run.scale.repeats)]
    yield Figure(row="upload.rate", peer="bare", store=store, value=median(rates), detail={"samples": rates})


def _whole(carrier: Carrier, file: Path) -> str:
    path = carrier.begin(file.stat().st_size, PLACE)
    carrier.send(path, file)
    return path


def _resumed(carrier: Carrier, file: Path) -> str:
    """The connection is cut CUTS times; each time the portal says where to go on."""
    size = file.stat().st_size
    path = carrier.begin(size, PLACE)
    for cut in range(1, CUTS + 1):
        carrier.send(path, file, stop_at=size * cut // (CUTS + 1))
    carrier.send(path, file)
    return path


def _fetched(carrier: Carrier, path: str, size: int) -> None:
    got = carrier.fetch(path.replace("/uploads/", "/artifacts/") + "/content")
    if got != size:
        raise RuntimeError(f"{got} of {size} bytes came")


def _mb_per_s(size: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return size / 1e6 / (time.perf_counter() - started)


def _peak_mib(pid: int, *, anew: bool = False) -> float:
    """The most that the process has had resident since it began, or since it was asked `anew`."""
    if anew:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (row for row in status.splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _authorize(peer: Yunwei) -> None:
    """A tenant's restore letter: uploads are measured with their real policies."""
    admin = Actor(name="t0-admin", tenant="t0", roles=frozenset({Role.ENTERPRISE_ADMIN}))
    number = ask(peer.desk, admin, {"kind": "restore", "reason": "bench"}).number
    add_scan(peer.desk, admin, number, "scan.pdf", SCAN)
    approve(peer.desk, peer.actor, number, get(peer.desk, peer.actor, number).rev, {})
