"""`python -m bench`: measure, and print one JSON document. Progress goes to standard error."""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Final

from bench.figures import Figure
from bench.ground import Ground
from bench.report import document
from bench.rows import Measure, Run, backlog, latency, rate, say, skew
from bench.scale import FULL, QUICK
from bench.site import STORES

MEASURES: Final[dict[str, Measure]] = {
    "latency": latency.measure,
    "rate": rate.measure,
    "skew": skew.measure,
    "backlog": backlog.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for, print the document."""
    asked = _parser().parse_args(arguments)
    stores = STORES if asked.store == "both" else (asked.store,)
    started, figures = time.monotonic(), []
    with Ground() as ground:
        run = Run(ground=ground, scale=QUICK if asked.quick else FULL, stores=stores)
        for name in asked.only or MEASURES:
            figures += _measured(name, run, started)
        versions = {store: ground.version(store) for store in stores}
    print(json.dumps(document(figures, versions, time.monotonic() - started, quick=asked.quick), indent=2))


def _measured(name: str, run: Run, started: float) -> list[Figure]:
    say(f"[{time.monotonic() - started:5.0f} s] {name}")
    return list(MEASURES[name](run))


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
