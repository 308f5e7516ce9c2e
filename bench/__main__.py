"""`python -m bench`: measure, and print one JSON document. Progress and figures go to standard error as they come."""

import argparse
import json
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import Final

from bench.figures import Log
from bench.ground import Ground
from bench.report import document
from bench.rows import (
    Measure,
    Run,
    backlog,
    help_page,
    kill,
    latency,
    lines,
    memory,
    rate,
    say,
    script,
    skew,
    splitter,
    submits,
    uploads,
)
from bench.scale import FULL, QUICK
from bench.site import STORES
from bench.targets import TARGETS

MEASURES: Final[dict[str, Measure]] = {
    "latency": latency.measure,
    "rate": rate.measure,
    "skew": skew.measure,
    "submits": submits.measure,
    "lines": lines.measure,
    "kill": kill.measure,
    "memory": memory.measure,
    "help": help_page.measure,
    "splitter": splitter.measure,
    "script": script.measure,
    "uploads": uploads.measure,
    "backlog": backlog.measure,  # last: it leaves the disk busy
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for, print the document. Leaves with 1 if a measure could not be taken."""
    asked = _parser().parse_args(arguments)
    stores = STORES if asked.store == "both" else (asked.store,)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers, server and folder go with us
    log, scale = Log(quick=asked.quick), QUICK if asked.quick else FULL
    versions: dict[str, str] = {}
    try:
        with Ground() as ground:
            versions |= {store: ground.version(store) for store in stores}
            _measure_all(asked.only or MEASURES, Run(ground=ground, scale=scale, stores=stores), log)
    finally:  # also of a run that was cut short: what was measured stays measured
        print(json.dumps(document(log, versions), indent=2, ensure_ascii=False), flush=True)
    sys.exit(1 if log.failures else 0)


def _measure_all(names: Iterable[str], run: Run, log: Log) -> None:
    for name in names:
        _measure(name, run, log)


def _measure(name: str, run: Run, log: Log) -> None:
    """One measure; if it breaks, what it has yielded so far stays, and the others are still taken."""
    say(f"[{log.seconds():5.0f} s] {name}")
    try:
        for figure in MEASURES[name](run):
            log.figures.append(figure)
            say(f"    {figure.row} {figure.peer} {figure.store}: {figure.value:.4g} {TARGETS[figure.row].unit}")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        log.failures[name] = f"{type(error).__name__}: {error}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_names, metavar="ROW,…", help=f"some of: {', '.join(MEASURES)}")
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    parser.add_argument("--quick", action="store_true", help="small numbers: shows that it works, measures nothing")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [n for n in names if n not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are: {', '.join(MEASURES)}")
    return names


if __name__ == "__main__":
    main()
