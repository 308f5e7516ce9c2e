"""What data centers are called since they were renamed: the estate file's word, and what has happened since.

Every renaming is kept. The estate file may follow them or not: whichever of the names it says, what happened after that
name counts. One that nobody ever gave is the provider's own, and newer.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from domain.event import Kind
from domain.job import Job
from domain.places import Estate
from runner.store.reading import Reading
from runner.store.tx import Tx

Known = tuple[tuple[str, str, str, str, str], ...]


def record(tx: Tx, job: Job, made: Mapping[str, Any]) -> None:
    """Write down the new name of the job's place; said again of the same job it changes nothing."""
    row = {key: made[key] for key in ("title", "database", "was_title", "was_database")}
    if tx.moved("put_place_name", place=job.place, **row, job=job.number, at=tx.now()) == 1:
        tx.tell(job, Kind.RENAMED, title=row["title"], database=row["database"], was=row["was_title"])


def names_in(reading: Reading) -> Known:
    """Every name that was given, in order, as a key to remember an estate by."""
    columns = ("place", "title", "database", "was_title", "was_database")
    return tuple(tuple(row[c] for c in columns) for row in reading.rows("place_names"))


def named(estate: Estate, known: Known) -> Estate:
    """The estate with those names."""
    renamings = {
        place: [((was, was_base), (title, base)) for _, title, base, was, was_base in rows]
        for place, rows in groupby(known, key=lambda row: row[0])
    }
    return estate.renamed(renamings)
