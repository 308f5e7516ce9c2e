"""The simulator itself: a stretch of seeds holds, and a seed says everything."""

import pytest

from tests.sim.run import simulate

pytestmark = pytest.mark.req("CORE-1", "CORE-2", "CORE-3", "CORE-4", "CORE-5", "CORE-8", "INT-9")


@pytest.mark.parametrize("first", range(1, 61, 10))
def test_every_invariant_holds_in_a_stretch_of_seeds(first):
    for seed in range(first, first + 10):
        result = simulate(seed)
        assert result.violations == (), f"python -m tests.sim --seed {seed} --trace"


def test_the_stretch_meets_every_kind_of_trouble():
    met: dict[str, int] = {}
    for seed in range(1, 41):
        for what, count in simulate(seed).counts.items():
            met[what] = met.get(what, 0) + count
    wanted = {"effects", "crashes", "zombies", "severed", "store down", "outages", "died half-way", "needs-attention"}
    wanted |= {"opened", "closed", "taken back", "tidied", "overtaken there"}
    assert {w for w in wanted if not met.get(w)} == set()


def test_the_same_seed_gives_the_same_run():
    first, again = simulate(22), simulate(22)
    assert first.lines == again.lines
    assert len(first.lines) > 100


def test_another_seed_gives_another_run():
    assert simulate(22).fingerprint != simulate(23).fingerprint
