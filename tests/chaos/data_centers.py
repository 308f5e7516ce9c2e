"""The data centers of a run: what the wishes write into them, what lies in them at the end, and what must not be.

Each script writes a row for each of its batches, named by its wish: a row that is there twice ran twice, and a row
that is missing did not run. A data center that was restored meanwhile is only asked whether it can be used.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from domain.event import Kind
from domain.job import State
from lab.erp import lab_hash
from tests.chaos.history import DataCenters, History, Told

TABLE: Final = "dbo.T_CHAOS"
MAKE: Final = f"CREATE TABLE {TABLE} (WISH nvarchar(60) NOT NULL, BATCH int NOT NULL)"
OPEN: Final = ("ONLINE", "MULTI_USER")
LOADS: Final = frozenset({"restore", "bacpac-import"})
PASSWORD: Final = "SELECT FPASSWORD, FMEMO FROM dbo.T_SEC_USER WHERE FUSERACCOUNT = N'administrator'"
_OWNER: Final = re.compile(r"job(?P<job>\d+)\.")
OURS: Final = "job"  # how the names of databases begin that a job made for itself


def script_of(key: str, batches: int) -> str:
    """Every second batch cannot be wrapped in a transaction of ours: it opens and ends one of its own."""
    plain = "INSERT INTO dbo.T_CHAOS (WISH, BATCH) VALUES (N'KEY', NUMBER)"
    own = f"BEGIN TRANSACTION\n{plain}\nCOMMIT TRANSACTION"
    texts = (own if number % 2 == 0 else plain for number in range(1, batches + 1))
    return "\nGO\n".join(t.replace("KEY", key).replace("NUMBER", str(n)) for n, t in enumerate(texts, 1))


class NoAnswer(Exception):
    """A fault that was meant for the product struck us."""


class Server:
    """The lab's SQL Server, asked as sa, past the product."""

    def __init__(self, lab: Path, port: int) -> None:
        self._port = port
        self._password = (lab / "secrets" / "db1-sa").read_text(encoding="utf-8").strip()

    def rows(self, statement: str, database: str = "master") -> list[tuple[Any, ...]]:
        """Run it; what it answers. Raises NoAnswer."""
        import pymssql

        how = {"port": str(self._port), "autocommit": True, "tds_version": "7.4", "encryption": "require"}
        try:
            connection = pymssql.connect("127.0.0.1", "sa", self._password, database, **how)
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        except pymssql.Error as error:
            raise NoAnswer(str(error)) from error


def seen(
    server: Server,
    databases: Mapping[str, str],
    exchange: Path,
    colours: Mapping[int, Mapping[int, str]],
    delivered: Mapping[int, Sequence[str]],
) -> DataCenters:
    """Look at every data center. `databases`: the name of each place's database."""
    known = {
        str(n): (str(s), str(a))
        for n, s, a in server.rows("SELECT name, state_desc, user_access_desc FROM sys.databases")
    }
    states = {place: known.get(name) for place, name in databases.items()}
    found = {p: _rows(server, databases[p]) for p, state in states.items() if state == OPEN}
    return DataCenters(
        states=states,
        rows=found,
        strays=tuple(sorted(name for name in known if name.startswith(OURS))),
        left_in_exchange=tuple(sorted(f.name for f in exchange.iterdir())),
        colours=colours,
        kept={place: _kept(server, databases[place]) for place in found},
        delivered=delivered,
    )


def unusable(run: History) -> list[str]:
    """Not online, not open to all, not under its own name, or it does not answer."""
    return sorted(place for place, state in run.data.states.items() if state != OPEN or place not in run.data.rows)


def left_behind(run: History) -> list[str]:
    """Databases and files of jobs that have ended, where no alarm has told of them."""
    names = (*run.data.strays, *run.data.left_in_exchange)
    return sorted(n for n in names if not _is_told(run, n))


def _is_told(run: History, name: str) -> bool:
    found = _OWNER.match(name)
    job = run.jobs.get(int(found["job"])) if found else None
    return job is not None and any(
        e.kind is Kind.ALARM and e.facts.get("why") in ("undo", "untidy") for e in job.events
    )


def ran_twice(run: History) -> list[int]:
    """A batch of a script took effect more than once. In a data center that was loaded from another lie copies."""
    keys = {job.key: job.number for job in run.jobs.values()}
    times = (Counter(rows) for rows in run.data.rows.values())
    return sorted({keys.get(wish, 0) for each in times for (wish, _), count in each.items() if count > 1})


def untrue_batches(run: History) -> list[int]:
    """A batch that is shown green and is not there, or red or grey and is there; unknown may be either."""
    return sorted(job.number for job in _scripts(run) if any(_lies(run, job)))


def hollow_scripts(run: History) -> list[int]:
    """Told as done, and a row is missing."""
    scripts = [job for job in _scripts(run) if job.state == State.SUCCEEDED]
    return sorted(
        job.number for job in scripts if len(set(_there(run, job))) < len(run.data.colours.get(job.number, {0: ""}))
    )


def wrong_passwords(run: History) -> list[int]:
    """The last reset of a data center succeeded, and the last password that was mailed for it opens nothing."""
    return sorted(job.number for job in _last_resets(run) if not _opens(run, job))


def _last_resets(run: History) -> Iterator[Told]:
    """By place, where nothing was loaded over it, if that reset is the last that could change the password."""
    loaded = {job.place for job in run.jobs.values() if job.operation in LOADS}
    last: dict[str, Told] = {}
    for job in run.jobs.values():
        begun = job.operation == "reset-password" and any(e.kind is Kind.STEP_BEGUN for e in job.events)
        if begun and (job.place not in last or job.events[-1].at > last[job.place].events[-1].at):
            last[job.place] = job
    for place, job in last.items():
        if job.state == State.SUCCEEDED and place in run.data.kept and place not in loaded:
            yield job


def _opens(run: History, job: Told) -> bool:
    stored, salt = run.data.kept[job.place]
    return bool(words := run.data.delivered.get(job.number)) and lab_hash(words[-1], salt) == stored


def _scripts(run: History) -> Iterator[Told]:
    """Jobs with a script, where nothing was restored since."""
    restored = {job.place for job in run.jobs.values() if job.operation in LOADS}
    for job in run.jobs.values():
        if job.operation == "sql-update" and job.place not in restored and job.place in run.data.rows:
            yield job


def _there(run: History, job: Told) -> list[int]:
    return [batch for wish, batch in run.data.rows[job.place] if wish == job.key]


def _lies(run: History, job: Told) -> Iterator[int]:
    there = set(_there(run, job))
    colours = run.data.colours.get(job.number, {})
    if not colours and there:
        yield from there
    for batch, colour in colours.items():
        if (colour == "green" and batch not in there) or (colour in ("red", "grey") and batch in there):
            yield batch


def _kept(server: Server, database: str) -> tuple[str, str]:
    (stored, salt), *_ = server.rows(PASSWORD, database)
    return str(stored), str(salt)


def _rows(server: Server, database: str) -> tuple[tuple[str, int], ...]:
    return tuple((str(w), int(b)) for w, b in server.rows(f"SELECT WISH, BATCH FROM {TABLE}", database))  # noqa: S608


def colours_of(parts: Iterable[Mapping[str, Any]]) -> dict[int, dict[int, str]]:
    """Job → batch → colour, of the store's rows."""
    found: dict[int, dict[int, str]] = {}
    for row in parts:
        found.setdefault(row["job"], {})[row["number"]] = row["colour"]
    return found
