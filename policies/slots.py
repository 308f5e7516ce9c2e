"""When could it run? The next admissible start times, found by asking `decide` again and again (CORE-7)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from domain.decision import Moment, Situation, Verdict
from policies import decide

STEP: Final = timedelta(minutes=15)
HORIZON: Final = timedelta(days=7)
MAX_QUESTIONS: Final = 1000
_DAY: Final = timedelta(days=1)
_ASKED_FOR: Final = frozenset({Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL})


def next_slots(
    situation: Situation, count: int, step: timedelta = STEP, horizon: timedelta = HORIZON
) -> tuple[datetime, ...]:
    """At most `count` start times (UTC), each allowed by `decide`, not before `situation.at` nor beyond the horizon.

    They are whole steps of the day in the tenant's zone. None are found where time is no cure (a role is missing, the
    quota of this day is spent), nor after MAX_QUESTIONS. Raises ValueError for a moment at which nothing is planned,
    or a step that does not divide the day.
    """
    if situation.moment not in _ASKED_FOR:
        raise ValueError(f"slots are for plans, not for {situation.moment}")
    if step <= timedelta(0) or _DAY % step:
        raise ValueError(f"a step of {step} does not divide the day")
    return tuple(islice(_slots(situation, step, horizon), max(count, 0)))


def first_slot(situation: Situation, step: timedelta = STEP, horizon: timedelta = HORIZON) -> datetime | None:
    """The first of `next_slots`, if there is one."""
    return next(iter(next_slots(situation, 1, step, horizon)), None)


def _slots(situation: Situation, step: timedelta, horizon: timedelta) -> Iterator[datetime]:
    zone, at = situation.place.tenant.zone, situation.at
    for _ in range(MAX_QUESTIONS):
        at = _whole_step(at, step, zone)
        if at > situation.at + horizon:
            return
        decision = decide(replace(situation, at=at))
        if decision.verdict is Verdict.ALLOW:
            yield at
            at += step
        elif decision.until and decision.until > at:
            at = decision.until
        else:  # a REFUSE, or a WAIT that planning later does not end
            return


def _whole_step(at: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """The first instant not before `at` at which the zone's wall clock shows a whole step of its day.

    The second round is for a clock that is put on or back on the way there.
    """
    for _ in range(2):
        wall = at.astimezone(zone).replace(tzinfo=None)
        past = (wall - wall.replace(hour=0, minute=0, second=0, microsecond=0)) % step
        at = at.astimezone(UTC) + (step - past if past else timedelta(0))
    return at
