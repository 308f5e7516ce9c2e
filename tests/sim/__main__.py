"""`python -m tests.sim --seeds N --first S [--trace]`: run seeds, print what broke and a summary."""

import argparse
import sys
import time
from collections import Counter

from tests.sim.many import run_all
from tests.sim.run import Result, simulate

TAIL = 60
MOST_SHOWN = 3
MOST_NAMED = 50
SHOWN = ("jobs", "succeeded", "crashes", "zombies", "outages", "severed", "effects", "doubles", "lost")
ALSO = ("needs-attention", "late zombies", "opened", "closed", "taken back", "tidied", "overtaken there")


def main() -> int:
    """Exit code 0: every invariant held in every seed."""
    asked = _asked()
    started = time.monotonic()
    if asked.seed is not None:
        results = [simulate(asked.seed)]
    else:
        results = run_all(range(asked.first, asked.first + asked.seeds), asked.processes)
    broken = [r for r in results if r.violations]
    for result in broken[:MOST_SHOWN]:
        _show(result)
    for result in broken[MOST_SHOWN:MOST_NAMED]:
        _say(f"seed {result.seed}: {result.violations[0]}")
    if asked.trace and asked.seed is not None:
        _say("\n".join(results[0].lines))
    _say(_summary(results, len(broken), time.monotonic() - started))
    return 1 if broken else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every step")
    return parser.parse_args()


def _show(result: Result) -> None:
    first = next(i for i, line in enumerate(result.lines) if "VIOLATION" in line)
    _say(f"seed {result.seed}: {len(result.violations)} violations; the steps that led to the first:")
    _say("\n".join(result.lines[max(0, first - TAIL) : first + 1]))
    for violation in result.violations[:10]:
        _say(f"  seed {result.seed}: {violation}")
    _say(f"  replay: python -m tests.sim --seed {result.seed} --trace\n")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _summary(results: list[Result], broken: int, seconds: float) -> str:
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.counts)
    figures = ", ".join(f"{name} {total[name]}" for name in (*SHOWN, *ALSO))
    violations = sum(len(r.violations) for r in results)
    return f"seeds {len(results)}, {figures}, violations {violations} in {broken} seeds, seconds {seconds:.0f}"


if __name__ == "__main__":
    sys.exit(main())
