"""The oracle: pure functions from a run's history to what must not be. Every one answers the jobs it is about."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from domain.event import Kind
from domain.job import FINAL, State
from tests.chaos.data_centers import hollow_scripts, left_behind, ran_twice, untrue_batches, unusable, wrong_passwords
from tests.chaos.history import RESTARTS, Effect, History, Told, hit_by

ENDED: Final = frozenset(s.value for s in FINAL) | {State.NEEDS_ATTENTION.value}


def doubles(run: History) -> list[int]:
    """A server that one job restarted more than once."""
    times = Counter((e["job"], e["host"]) for e in run.effects if e["kind"] == "iisreset" and e["job"] is not None)
    return sorted({int(job) for (job, _), count in times.items() if count > 1})


def lost(run: History) -> list[int]:
    """Accepted, but not in the store, or neither final nor in an operator's hands."""
    accepted = [asked.number for asked in run.asked if asked.number is not None]
    return sorted(n for n in accepted if n not in run.jobs or run.jobs[n].state not in ENDED)


def hollow(run: History) -> list[int]:
    """Told as succeeded, without a restart of each of its servers."""
    succeeded = [job for job in run.jobs.values() if job.state == State.SUCCEEDED and job.hosts]
    return [job.number for job in succeeded if not set(job.hosts) <= hit_by(run.effects, job.number)]


def unanswered(run: History) -> list[str]:
    """Wishes that nobody ever answered, or that were answered with an error."""
    return [f"{a.wish.key}: {a.trouble}" for a in run.asked if a.number is None and not a.refused]


def accepted_twice(run: History) -> list[int]:
    """More than one job for one idempotency key, or one for a wish that was refused."""
    keys = Counter(job.key for job in run.jobs.values())
    keys.update(asked.wish.key for asked in run.asked if asked.refused)
    return [job.number for job in run.jobs.values() if keys[job.key] > 1]


def early(run: History) -> list[int]:
    """An effect before the planned time."""
    return sorted({n for n, e in _effects(run) if at(e) < run.jobs[n].planned_at})


def after_the_end(run: History) -> list[int]:
    """An effect after the job had ended: a cancel that was answered, or a zombie that still acted."""
    found = set()
    for number, effect in _effects(run):
        ended = end_of(run.jobs[number])
        if ended and at(effect) > ended:
            found.add(number)
    return sorted(found)


def after_cancel(run: History) -> list[int]:
    """The customer was told `cancelled`, and there was an effect later than that."""
    told = {a.number: a.cancelled_at for a in run.asked if a.cancel_answer == State.CANCELLED and a.cancelled_at}
    return sorted({n for n, e in _effects(run) if n in told and at(e) > told[n]})


def shared(run: History) -> list[int]:
    """Two jobs whose restarts on one environment interleave: its lock was not one job's alone."""
    found: set[int] = set()
    for _, effects in itertools.groupby(
        sorted(_effects(run), key=lambda p: _place(run, p)), lambda p: _place(run, p)[0]
    ):
        turns = [number for number, _ in itertools.groupby(effects, lambda p: p[0])]
        found |= {number for number, count in Counter(turns).items() if count > 1}
    return sorted(found)


def without_evidence(run: History) -> list[int]:
    """Jobs that were put before an operator with nothing to decide by."""
    return sorted(int(case["number"]) for case in run.evidence if not case["evidence"])


def untrue(run: History) -> list[int]:
    """An ended job whose outcome says of a server what the ledger does not."""
    return sorted(job.number for job in run.jobs.values() if job.hosts and any(_lies(run, job)))


def unlawful(run: History) -> list[int]:
    """Events of a job whose states do not join: somebody wrote over somebody else."""
    return sorted(job.number for job in run.jobs.values() if not _joins(job))


def broken_audit(run: History) -> list[str]:
    """The hash chain over all events does not verify."""
    return [] if run.audit_ok else ["audit"]


MUST_BE_0: Final[Mapping[str, Callable[[History], list[Any]]]] = {
    "doubles": doubles,
    "lost": lost,
    "succeeded without effect": hollow,
    "unanswered": unanswered,
    "accepted twice": accepted_twice,
    "effects before planned": early,
    "effects after the end": after_the_end,
    "effects after cancelled": after_cancel,
    "locks overlapping": shared,
    "needs-attention without evidence": without_evidence,
    "untrue outcomes": untrue,
    "unlawful moves": unlawful,
    "audit broken": broken_audit,
    "data centers left unusable": unusable,
    "left behind untold": left_behind,
    "script batches run twice": ran_twice,
    "script batches shown untruly": untrue_batches,
    "scripts succeeded without effect": hollow_scripts,
    "passwords that nobody has": wrong_passwords,
}


def verdict(run: History) -> dict[str, list[Any]]:
    """Everything that must be empty, by name."""
    return {name: rule(run) for name, rule in MUST_BE_0.items()}


def at(effect: Effect) -> datetime:
    """When an effect happened."""
    return datetime.fromisoformat(str(effect["at"]))


def end_of(job: Told) -> datetime | None:
    """When the job ended; None while it has not."""
    ends = [e.at for e in job.events if e.facts.get("to") in ENDED - {State.NEEDS_ATTENTION.value}]
    return ends[-1] if ends and job.state in ENDED - {State.NEEDS_ATTENTION.value} else None


def _effects(run: History) -> Iterator[tuple[int, Effect]]:
    """Restarts that a known job made, in the ledger's order."""
    for effect in run.effects:
        if effect["kind"] in RESTARTS and effect["job"] in run.jobs:
            yield int(effect["job"]), effect


def _place(run: History, pair: tuple[int, Effect]) -> tuple[str, int]:
    return run.jobs[pair[0]].place, int(pair[1]["n"])


def _lies(run: History, job: Told) -> Iterator[str]:
    hit = hit_by(run.effects, job.number)
    for thing in job.outcome.get("things") or ():
        names = set(str(thing["name"]).split(", "))
        if (thing["state"] == "done" and not names <= hit) or (thing["state"] == "untouched" and names & hit):
            yield str(thing["name"])


def _joins(job: Told) -> bool:
    state = None
    for event in job.events:
        if event.kind is Kind.ASKED:
            state = event.facts.get("state")
        elif "to" in event.facts and "from" in event.facts and event.kind is not Kind.EDITED:
            if event.facts["from"] != state:
                return False
            state = event.facts["to"]
    return state == job.state
