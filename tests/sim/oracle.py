"""What must hold after every commit and every effect, judged from the rows and the ledger, not by the core's code."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.event import Event, Kind
from domain.job import FINAL, HOLDING, LIFE, State
from tests.sim.estate import DAY_LIMIT, ESTATE, MONTH_LIMIT, RULES
from tests.sim.hosts import Effect, Sent
from tests.sim.store import SimStore
from tests.sim.world import Actor, World, at, us
from tests.sim.yard import Yard

_LIFE = deepcopy(LIFE)  # a test may break the core's own table
_DUE_TO = timedelta(minutes=3)  # between the claim and the first effect: draining, retries, a slow host
_LIMITS = {"restart|day": DAY_LIMIT, "restart|month": MONTH_LIMIT, "act|day": MONTH_LIMIT, "build|day": MONTH_LIMIT}
_COLUMNS = (
    "number, state, epoch, worker, lease_until, run, step, begun, due_at, planned_at, latest_start, started_at, "
    "blocked_by, tenant, place, lock_mode, operation, stop_asked_by"
)
_HOUR = 3_600_000_000
_OPEN = {"running", "stopping", "in-doubt"}
_WAITING = {"waiting", "pending"}
_CALM = {"sim-glance"}  # operations that do not interrupt users


class Row(NamedTuple):
    number: int
    state: str
    epoch: int
    worker: str | None
    lease_until: int | None
    run: int
    step: int
    begun: int
    due_at: int
    planned_at: int
    latest_start: int
    started_at: int | None
    blocked_by: int | None
    tenant: str
    place: str
    lock_mode: str
    operation: str
    stop_asked_by: str | None


class Oracle:
    """A mirror of the rows as last committed, and the invariants that hold all the time."""

    def __init__(self, world: World, store: SimStore, hosts: Yard) -> None:
        self.world = world
        self.rows: dict[int, Row] = {}
        self.claimed_us: dict[int, int] = {}
        self.run_again: dict[int, int] = {}
        self.resolved: dict[int, list[str]] = {}
        self.alarms: dict[int, set[tuple[str, str]]] = {}  # (why, step): what could not be taken away
        self._store = store
        self._hosts = hosts
        self._offset = us(datetime.fromtimestamp(0, tz=at(0).tzinfo))
        store.committed = self.committed
        hosts.on_effect = self.effect
        hosts.on_undo = self.undo

    # -- after each commit ------------------------------------------------------------------------------------

    def committed(self, actor: Actor | None, events: list[Event]) -> None:
        found = self._store.raw.execute(f"SELECT {_COLUMNS} FROM job").fetchall()  # noqa: S608  our own columns
        now = {row[0]: Row(*row) for row in found}
        if events or now != self.rows:
            self._is_whole(now)
            self._moves(now, events)
            self._guarded(actor, now, events)
            self._locks(now)
            self._quotas()
        self.rows = now
        for event in events:
            self._remember(event)

    def _is_whole(self, now: dict[int, Row]) -> None:
        for number in self.rows.keys() - now.keys():
            self.world.violate("vanished", f"the row of job {number} is gone")

    def _moves(self, now: dict[int, Row], events: list[Event]) -> None:
        """Every change of state is a move of LIFE, with its event."""
        walked = {n: r.state for n, r in self.rows.items()}
        for event in events:
            if event.job is None:
                continue
            if event.kind is Kind.ASKED:
                walked[event.job] = event.facts["state"]
            elif "from" in event.facts and "to" in event.facts and event.kind is not Kind.EDITED:
                self._move(event, walked)
        for number, row in now.items():
            if walked.get(number) != row.state:
                self.world.violate("life", f"job {number} became {row.state} without an event")

    def _move(self, event: Event, walked: dict[int, str]) -> None:
        was, to = event.facts["from"], event.facts["to"]
        legal = _LIFE.get(State(was), {}).get(event.kind)
        if walked.get(event.job or 0) != was or legal != to:
            self.world.violate("life", f"job {event.job}: {event.kind} from {was} to {to} is no move of LIFE")
        walked[event.job or 0] = to
        self.world.tell(f"job {event.job}: {was} -> {to} ({event.kind})")
        if to == "needs-attention":
            self.world.count("needs-attention")
        if event.kind is Kind.CLAIMED:
            self._claim(self.rows[event.job or 0])

    def _guarded(self, actor: Actor | None, now: dict[int, Row], events: list[Event]) -> None:
        """A worker writes about a job only under the epoch that is the row's, and begins only under its lease."""
        hold = actor.hold if actor else None
        if hold is None:
            return
        number = hold.job.number
        before, after = self.rows[number], now[number]
        if before == after and not any(e.job == number for e in events):
            return
        # Nobody's: whoever looked was thought lost, and nobody has taken the doubt over yet. The epoch still counts.
        free = before.worker is None and before.state == "in-doubt"
        if before.epoch != hold.job.epoch or not (free or before.worker == hold.worker):
            mine, theirs = f"epoch {hold.job.epoch}", f"epoch {before.epoch} of {before.worker}"
            self.world.violate("stale", f"job {number}: a write of {mine} was accepted, the row is of {theirs}")
        if any(e.kind is Kind.STEP_BEGUN for e in events) and after.begun:
            hold.begun_us = self.world.now_us
            if before.lease_until is None or before.lease_until + self._offset < self.world.now_us - 1:
                self.world.violate("lease", f"job {number}: a destructive step began after its lease had run out")

    def _locks(self, now: dict[int, Row]) -> None:
        """A question about a late start that nothing has come of yet holds no place."""
        holding = [r for r in now.values() if r.state in HOLDING and r.lock_mode != "none" and r.started_at]
        for i, one in enumerate(holding):
            for other in holding[i + 1 :]:
                if _in_the_way(one, other):
                    self.world.violate("lock", f"jobs {one.number} and {other.number} hold {one.place}, {other.place}")

    def _quotas(self) -> None:
        for key, used in self._store.raw.execute("SELECT key, used FROM quota"):
            limit = _LIMITS["|".join(key.split("|")[1:3])]
            if not 0 <= used <= limit:
                self.world.violate("quota", f"{key} stands at {used} of {limit}")

    def _remember(self, event: Event) -> None:
        if event.job is None:
            return
        if event.kind in (Kind.CLAIMED, Kind.RESUMED):
            self.claimed_us[event.job] = self.world.now_us
        if event.kind is Kind.RUN_AGAIN:
            self.run_again[event.job] = self.run_again.get(event.job, 0) + 1
        if "word" in event.facts:
            self.resolved.setdefault(event.job, []).append(event.facts["word"])
        if event.kind is Kind.ALARM and event.facts["why"] in ("undo", "untidy"):
            self.alarms.setdefault(event.job, set()).add((event.facts["why"], event.facts["step"]))

    # -- times ------------------------------------------------------------------------------------------------

    def _claim(self, row: Row) -> None:
        now, effects = at(self.world.now_us), self.effects_of(row.number)
        if self.world.now_us < row.planned_at + self._offset:
            self.world.violate("early", f"job {row.number} was claimed before its planned time")
        late = self.world.now_us > row.latest_start + self._offset
        if late and not effects and not self._is_renewed(row) and row.number not in self.resolved:
            self.world.violate("late", f"job {row.number} was claimed after its latest start, and nothing had begun")
        why = closed(row, now)
        if why and not row.stop_asked_by:  # to be stopped it needs no leave
            self.world.violate("window", f"job {row.number} was claimed {why}")

    def effect(self, effect: Effect) -> None:
        """At the first instant of an effect on a target."""
        row = self.rows[effect.job]
        earlier = [e for e in self.effects_of(row.number)[:-1] if e.what == effect.what and e.host == effect.host]
        if len(earlier) > self.run_again.get(row.number, 0):
            self.world.count("doubles")
            self.world.violate("twice", f"job {row.number}: {effect.what} happened again on {effect.host}")
        resolved = row.number in self.resolved
        if row.state not in HOLDING and not resolved:
            self.world.violate("lock", f"job {row.number} acts on {row.place} while it is {row.state}")
        self._alone(row)
        self._on_time(row, effect, resolved=resolved)

    def undo(self, sent: Sent, step: str) -> None:
        """When an undo gets through to a target."""
        state = self.rows[sent.job].state
        if sent.job in self._hosts.tidied:
            self.world.violate("taken-back", f"job {sent.job}: {step} is undone, and it had begun to tidy up")
        if state == "needs-attention" and sent.zombie:
            self.world.count("late zombies")
        elif state == "needs-attention":
            self.world.violate("undone", f"job {sent.job}: {step} is undone while a person is asked")

    def _alone(self, row: Row) -> None:
        for program in self._hosts.in_flight():
            other = self.rows[program.sent.job]
            judged_by_people = {row.number, other.number} & self.resolved.keys()
            if other.number != row.number and not judged_by_people and _in_the_way(row, other):
                self.world.violate("lock", f"jobs {row.number} and {other.number} act at once on {row.place}")

    def _on_time(self, row: Row, effect: Effect, *, resolved: bool) -> None:
        """The time that counts is that of the sending; who slept between its commit and the wire is counted apart."""
        sent = effect.sent.at_us
        first = len(self.effects_of(row.number)) == 1 and not self._is_renewed(row)
        since_claim = [e for e in self.effects_of(row.number) if e.at_us >= self.claimed_us[row.number]]
        late = sent > row.latest_start + self._offset + _DUE_TO // timedelta(microseconds=1)
        why = closed(row, at(sent)) if len(since_claim) == 1 else ""
        why = why or ("after its latest start" if first and late and not resolved else "")
        why = why or ("before its planned time" if sent < row.planned_at + self._offset else "")
        if why and effect.sent.zombie:
            self.world.count("late zombies")
        elif why:
            self.world.violate(
                "window" if "closed" in why or "freeze" in why else "late", f"job {row.number}: effect {why}"
            )

    def _is_renewed(self, row: Row) -> bool:
        """A reboot that cut a program of the job short is its effect as well, though none of the ledger's."""
        return any(t.startswith(f"job{row.number}.") for h in self._hosts.all.values() for t in h.renewed)

    def effects_of(self, number: int) -> list[Effect]:
        return [e for e in self._hosts.ledger if e.job == number]

    # -- idle time --------------------------------------------------------------------------------------------

    def landmark(self) -> int | None:
        """When the next job is due, if nothing is going on until then; None while something is."""
        now = self.world.now_us
        times = [now + _HOUR]
        for row in self.rows.values():
            due, latest = row.due_at + self._offset, row.latest_start + self._offset
            is_due = due <= now and row.blocked_by is None
            is_late = latest < now and row.started_at is None
            if row.state in _OPEN or (row.state in _WAITING and (is_due or is_late)):
                return None
            if row.state in _WAITING:
                times += [t for t in (due, latest + 1) if t > now]
        return min(times)

    def unsettled(self) -> list[Row]:
        """Jobs that are neither over, nor a question to a person, nor behind such a question."""
        return [r for r in self.rows.values() if State(r.state) not in FINAL and not self._asks(r)]

    def _asks(self, row: Row) -> bool:
        if row.state == "waiting" and row.blocked_by is not None:
            return self._asks(self.rows[row.blocked_by])
        return row.state == "needs-attention"


def closed(row: Row, moment: datetime) -> str:
    """Why nothing that interrupts users may begin at that moment; worked out anew, without the policies."""
    if row.operation in _CALM:
        return ""
    zone = next(t.zone for t in ESTATE.tenants if t.name == row.tenant)
    local = moment.astimezone(zone)
    if local.hour * 60 + local.minute < 3 * 60 + 30:
        return f"inside the closed window, at {local:%H:%M:%S}"
    frozen = any(f.starts <= moment < f.ends for f in RULES.freezes)
    return f"inside a freeze, at {local:%H:%M:%S}" if frozen else ""


def _in_the_way(one: Row, other: Row) -> bool:
    """Two places overlap if one lies in the other; both shared is no conflict."""
    if one.lock_mode == "none" or other.lock_mode == "none" or one.lock_mode == other.lock_mode == "shared":
        return False
    a, b = one.place + "/", other.place + "/"
    return a.startswith(b) or b.startswith(a)
