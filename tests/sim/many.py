"""Many seeds, on several processes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from tests.sim.run import Result, simulate

CHUNK = 8


def run_all(seeds: range, processes: int) -> list[Result]:
    """A result a seed, in order."""
    if processes < 2:
        return [_slim(seed) for seed in seeds]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(pool.map(_slim, seeds, chunksize=CHUNK))


def _slim(seed: int) -> Result:
    """The trace of a run that went well is not sent around."""
    result = simulate(seed)
    return result if result.violations else replace(result, lines=())
