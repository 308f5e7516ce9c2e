"""A tenant's script against the lab's SQL Server: our executor, ledger and all, beside a bare loop of the same driver.

Both send the same batches to the same server over the same TLS, in turns. A batch is what tenants send: some forty
statements. Batches of one small statement are measured, too, without a target: there the ledger's own message is seen.
Then how fast the page of a script of ten thousand batches comes through the API.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.figures import Figure, at_share
from bench.peers.yunwei import Yunwei
from bench.rows import Run, say
from bench.site import ROOT
from bench.web import Portal
from domain.command import Fence, Sql
from domain.places import DatabaseHost, DataCenter, Estate
from domain.secret import Secret
from executors.mssql import SqlExecutor
from executors.mssql_address import address_of, server_of
from inventory.load import load
from inventory.secrets import open_secret
from tsql.batches import Batch, split

PLACE: Final = "ledger-test/prod/ledger1"
READY_S: Final = 60.0
LONG: Final = "UPDATE dbo.T_BD_MATERIAL SET FPRICE = FPRICE + 1 WHERE FMATERIALID = 1001\n" * 40
SHORT: Final = "UPDATE dbo.T_BD_MATERIAL SET FPRICE = FPRICE + 1 WHERE FMATERIALID = 1001\n"
BATCHES: Final = {"forty": 40, "one": 200}


@dataclass
class Heard:
    """A call that writes down what the runner would: each part, as it is stored."""

    timeout_s: float = 600.0
    max_bytes: int = 1_000_000
    parts: dict[int, str] = field(default_factory=dict)

    def say(self, stream: str, line: str) -> None: ...

    def progress(self, percent: float, **facts: Any) -> None: ...

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        self.parts[number] = json.dumps(facts)

    def stop_asked(self) -> bool:
        return False

    def on_stop(self, wake: Callable[[], None]) -> None: ...


class NoPost:
    """Nobody gets a password here."""

    def check(self, job: int) -> None: ...

    def deliver(self, job: int, user: str, password: Secret) -> str:
        raise NotImplementedError("a script delivers no password")


def measure(run: Run) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _lab(Path(folder)) as estate:
        for name, text in (("forty", LONG), ("one", SHORT)):
            batches = max(5, BATCHES[name] // run.scale.script_share)
            yield _ratio(f"script.ratio.{name}", estate, (text + "GO\n") * batches, run.scale.repeats)
    for store in run.stores:
        yield _page(run, store)


def _ratio(row: str, estate: Estate, script: str, repeats: int) -> Figure:
    """How many times as long the executor takes, the median of pairs that ran side by side."""
    host, center = _where(estate)
    pieces = [b.text for b in split([script]) if isinstance(b, Batch)]
    known = (estate.database_host, estate.script_login, open_secret)
    executor = SqlExecutor(*known, lambda _: script.encode(), NoPost())
    pairs = []
    for number in range(repeats):
        bare = _timed(lambda: _bare(estate, host, center, pieces))
        ours = _timed(lambda n=number: _ours(executor, host, center, n))  # type: ignore[misc]
        pairs.append({"bare_s": bare, "ours_s": ours})
        say(f"    {row}: bare {bare:.3f} s, ours {ours:.3f} s")
    executor.close()
    detail = {"batches": len(pieces), "pairs": pairs}
    return Figure(
        row=row, peer="ours", store="any", value=median(p["ours_s"] / p["bare_s"] for p in pairs), detail=detail
    )


def _bare(estate: Estate, host: DatabaseHost, center: DataCenter, pieces: list[str]) -> None:
    """What anybody would write: sign in, send each batch, read everything it answers."""
    import pytds

    import executors.mssql_tls  # noqa: F401  the driver's own TLS check does not work

    login = estate.script_login(center.path)
    address = address_of(host, server_of(host), login.user, open_secret(login.password))
    with pytds.connect(
        address.name,
        center.database,
        address.user,
        address.password.open(),
        port=address.port,
        autocommit=True,
        cafile=address.authorities,
        validate_host=True,
    ) as connection:
        cursor = connection.cursor()
        for piece in pieces:
            cursor.execute(piece)
            while cursor.nextset():
                pass


def _ours(executor: SqlExecutor, host: DatabaseHost, center: DataCenter, number: int) -> None:
    how = {"database": center.database, "script": "s", "data_center": center.path, "whole": False, "on_error": "stop"}
    fence = Fence(job=number + 1, asked=time.time_ns(), run=1, epoch=1)
    command = Sql(host=host.path, verb="run-script", args=how, fence="run").fenced(fence)
    heard = Heard()
    counts = executor.run(command, heard).facts["counts"]
    if counts["green"] != len(heard.parts) or not heard.parts:
        raise RuntimeError(f"the script did not run: {counts}")


def _where(estate: Estate) -> tuple[DatabaseHost, DataCenter]:
    place = estate.place(PLACE)
    host, center = place.environment.database_host, place.data_center
    if host is None or center is None:
        raise RuntimeError(f"the lab has no {PLACE}")
    return host, center


@contextmanager
def _lab(folder: Path) -> Iterator[Estate]:
    """The lab in a process of its own."""
    words = [sys.executable, "-m", "lab", "up", "--folder", str(folder / "lab"), "--hosts", "1"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield load(Path(ready["estate"])).estate
        finally:
            process.terminate()
            process.wait(READY_S)


def _page(run: Run, store: str) -> Figure:
    """The 95 % of pages of a script of many batches: first, deep, and the red ones alone."""
    site = run.ground.site(store)
    with Yunwei(site) as peer:
        peer.submit(1)
        number = 1
        for first in range(0, run.scale.script_parts, 1000):
            rows = [_part(number, n) for n in range(first + 1, min(first + 1000, run.scale.script_parts) + 1)]
            peer.desk.store.write(lambda tx, rows=rows: tx.many("put_part", rows))  # type: ignore[misc]
        with Portal(site, peer) as portal:
            deep = run.scale.script_parts * 9 // 10
            asked = ("limit=50", f"limit=50&after={deep}", "limit=50&colour=red")
            taken = [
                1000 * _timed(lambda q=query: portal.get(f"/api/v1/requests/{number}/parts?{q}"))  # type: ignore[misc]
                for _ in range(run.scale.pages)
                for query in asked
            ]
    detail = {"batches": run.scale.script_parts, "pages": len(taken), "max": max(taken)}
    return Figure(row="script.page", peer="ours", store=store, value=at_share(taken, 0.95), detail=detail)


def _part(job: int, number: int) -> dict[str, Any]:
    """A batch as the executor stores it, with messages and a count."""
    colour = "red" if number % 97 == 0 else "green"
    said = {
        "kind": "message",
        "number": 0,
        "severity": 0,
        "state": 1,
        "procedure": "",
        "line": 1,
        "script_line": number * 8,
    }
    facts = {
        "colour": colour,
        "line": number * 8,
        "last_line": number * 8 + 6,
        "text": LONG[:1500],
        "cut": False,
        "times": 1,
        "done": int(colour == "green"),
        "seconds": 0.01,
        "ended": "",
        "events": [{**said, "text": f"批次 {number}"}, *[{"kind": "count", "rows": 1}] * 20],
        "dropped": 0,
    }
    return {
        "job": job,
        "step": "run",
        "looked": 0,
        "number": number,
        "colour": colour,
        "facts": json.dumps(facts, ensure_ascii=False),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
