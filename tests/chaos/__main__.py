"""`python -m tests.chaos --jobs N --seed S`: break everything for some minutes, then count what must be 0."""

import argparse
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.leash import Leash
from tests.chaos.report import table
from tests.chaos.run import run, say
from tests.chaos.scene import PLANS


def main() -> int:
    """Run every configuration; exit code 1 if anything that must be 0 is not."""
    asked = _parser().parse_args()
    logging.getLogger("yunwei").addHandler(logging.NullHandler())  # the processes write logs of their own
    folder, leash = Path(tempfile.mkdtemp(prefix="yunwei-chaos-")), Leash()
    rows, right = [], True
    try:
        for plan in [p for p in PLANS if asked.only in (None, p.name)]:
            count = max(1, round(asked.jobs * (plan.share if asked.only is None else 1)))
            row, well = run(plan, asked.seed, count, folder / plan.name, leash)
            rows.append({"seed": asked.seed, **row})
            right = right and well
            sys.stdout.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
            sys.stdout.flush()
    finally:
        leash.close()
    sys.stdout.write(table(rows) + "\n")
    if right and not asked.keep:
        shutil.rmtree(folder)
    else:
        say(f"seed {asked.seed}; everything to look at is in {folder}")
    return 0 if right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=300, help="over all configurations together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[plan.name for plan in PLANS], help="this configuration alone, with all jobs")
    parser.add_argument("--keep", action="store_true", help="keep the logs, the ledger and the store")
    return parser


if __name__ == "__main__":
    sys.exit(main())
