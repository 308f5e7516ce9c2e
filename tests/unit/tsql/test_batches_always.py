"""What holds of every script: a slow reading of the same rules is the oracle."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tsql.slowly import split_slowly
from tsql.batches import Batch, Flaw, split

pytestmark = pytest.mark.req("SQL-5")

PIECES = [
    "GO",
    "go",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "'",
    '"',
    "[",
    "]",
    "/*",
    "*/",
    "--",
    "-",
    "/",
    "*",
    ";",
    ":",
    ":r",
    ":setvar x",
    "0",
    "5",
    "x",
    "SELECT 1",
    "\nGO\n",
    "\nGO 2\n",
    "\r\nGO\r\n",
    "甲",
    "$",
    "(",
    "!",
    "\x0b",
    "\xa0",
    "_",
    "@",
]
scripts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(scripts)
def test_it_splits_as_the_slow_reading_of_the_rules_does(script: str) -> None:
    assert list(map(_plain, split([script]))) == split_slowly(script)


@given(scripts, st.lists(st.integers(0, 200), max_size=12))
def test_how_the_text_is_cut_into_chunks_changes_nothing(script: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(c, len(script)) for c in cuts), len(script)]
    chunks = [script[a:b] for a, b in itertools.pairwise(edges)]
    told = [b for b in split(chunks) if not (isinstance(b, Flaw) and b.code == "unsendable")]
    assert told == [b for b in split([script]) if not (isinstance(b, Flaw) and b.code == "unsendable")]


@given(st.lists(st.tuples(scripts, st.integers(1, 9)), max_size=6))
def test_joining_the_batches_with_go_gives_back_the_script(parts: list[tuple[str, int]]) -> None:
    whole = [(t, n) for t, n in parts if _whole(t)]
    script = "".join(f"{text}\nGO {times}\n" for text, times in whole)
    again = "".join(f"{b.text}GO {b.times}\n" for b in split([script]) if isinstance(b, Batch))
    assert again == script


def _whole(text: str) -> bool:
    """One batch of its own, without flaw."""
    found = list(split([text + "\n"]))
    return len(found) == 1 and isinstance(found[0], Batch) and found[0].text == text + "\n"


def _plain(found: Batch | Flaw) -> tuple[object, ...]:
    return (found.text, found.line, found.times) if isinstance(found, Batch) else (found.line, found.code)
