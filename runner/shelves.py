"""Free-text search by shelves: which short runs of characters occur among 2,048 neighbouring requests.

A shelf on record can say one thing: "not here", so that a search need not walk over it. One that is not on record is
walked over, so forgetting is always safe, and whatever changes a text does it (docs/decisions/0016).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from runner.store.rows import dumps
from runner.store.store import Store
from runner.store.tx import Tx

SHELF: Final = 2048
MOST_GRAMS: Final = 8  # of a term: they are selective enough together, and each is looked up
MOST_SPANS: Final = 40  # then the rest is walked in one go: it was no use
SETTLED_S: Final = 600.0  # real seconds: a number is taken before its request is committed, and must not come late


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of numbers: `low` <= number < `high`."""

    low: int
    high: int


def grams(text: str) -> set[str]:
    """Its triples of neighbouring ASCII characters, and its pairs with another one (a Chinese word is often a pair).

    Pairs of Latin letters occur everywhere and tell nothing; triples of Chinese characters are too many to keep.
    """
    triples = {t for t in map("".join, zip(text, text[1:], text[2:], strict=False)) if t.isascii()}
    return triples | {p for p in map("".join, pairwise(text)) if not p.isascii()}


def telling_grams(term: str) -> list[str]:
    """Some of the grams that a text with this term must have; none for a term that is too short to have one."""
    every = sorted(grams(term))
    return every[:: -(-len(every) // MOST_GRAMS)] if every else []


def spans(store: Store, term: str, within: Span) -> Iterator[Span]:
    """Where a term may be found, the highest numbers first. Every request that has it lies in one of them."""
    wanted = telling_grams(term)
    if not wanted:
        yield within
        return
    shut = _shut(store, wanted)
    open_spans = _merged(shut, within)
    for count, span in enumerate(open_spans, start=1):
        if count == MOST_SPANS:
            yield Span(low=within.low, high=span.high)
            return
        yield span


def forget(tx: Tx, number: int) -> None:
    """The text of this request changes: its shelf is off the record until it is looked through again.

    The lock makes a shelving that is under way end first, or wait and read the new text: without it, a shelving that
    has read the old text could be committed after this, and say "not here" of the new one.
    """
    _lock(tx, number // SHELF)
    tx.moved("forget_shelf", shelf=number // SHELF)


def shelve(store: Store, most: int) -> int:
    """Put up to `most` shelves on record, the newest first; answers how many. Any number of workers may do this."""
    last = store.row("last_settled", before=store.clock.ahead(-SETTLED_S))
    if last is None:
        return 0
    on_record = {row["shelf"] for row in store.rows("shelves")}
    missing = [shelf for shelf in range(last["number"] // SHELF - 1, -1, -1) if shelf not in on_record]
    return sum(_put(store, shelf) for shelf in missing[:most])


def _put(store: Store, shelf: int) -> bool:
    """Grams are gathered outside the transaction, for others want to write; what changed meanwhile waits its turn."""
    bounds = {"low": shelf * SHELF, "high": (shelf + 1) * SHELF}
    seen = store.rows("texts_between", **bounds)
    found = dumps(sorted(set[str]().union(*(grams(row["search"]) for row in seen))))

    def body(tx: Tx) -> bool:
        _lock(tx, shelf)
        if tx.rows("texts_between", **bounds) != seen:
            return False
        tx.moved("put_grams", shelf=shelf, grams=found)
        return tx.moved("put_shelf", shelf=shelf) == 1

    return store.write(body)


def _lock(tx: Tx, shelf: int) -> None:
    """On SQLite every writer is alone anyway."""
    if tx.is_postgres:
        tx.rows("lock_shelf_pg", shelf=shelf)


def _shut(store: Store, wanted: list[str]) -> set[int]:
    """The shelves on record that lack one of the grams."""
    # The record first: a shelf that is put on it between the two reads is then walked over, not left out.
    on_record = {row["shelf"] for row in store.rows("shelves")}
    having = store.rows("shelves_having", grams=dumps(wanted), count=len(wanted))
    return on_record - {row["shelf"] for row in having}


def _merged(shut: set[int], within: Span) -> Iterator[Span]:
    """What is left of `within` without the shut shelves, neighbours as one, the highest first."""
    high = within.high
    for shelf in sorted(shut, reverse=True):
        low = max((shelf + 1) * SHELF, within.low)
        if low < high:
            yield Span(low=low, high=high)
        high = min(high, shelf * SHELF)
        if high <= within.low:
            return
    if within.low < high:
        yield Span(low=within.low, high=high)
