"""What must hold at the end of a run, after everything became healthy again and the clock ran on."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

from domain.job import FINAL, NOT_STARTED, State
from intake.desk import Desk
from intake.read import verify_audit
from tests.sim.clients import Told
from tests.sim.estate import ESTATE, RULES
from tests.sim.oracle import Oracle
from tests.sim.store import SimStore
from tests.sim.world import World
from tests.sim.yard import Yard

_CLASS = {"iis-restart": "restart", "sim-act": "act", "sim-build": "build"}


class Verdict:
    """The checks at the end; each tells the world what does not hold."""

    def __init__(self, world: World, store: SimStore, desk: Desk, hosts: Yard, oracle: Oracle, told: Told) -> None:
        self._world, self._store, self._desk = world, store, desk
        self._hosts, self._oracle, self._told = hosts, oracle, told

    def judge(self) -> None:
        self._nothing_vanished()
        self._success_is_true()
        self._nothing_is_left()
        self._what_failed_is_reverted()
        self._called_off_is_true()
        self._quotas_are_exact()
        self._keys_made_one()
        self._chain_is_whole()
        self._no_error_of_our_own()

    def _nothing_vanished(self) -> None:
        for number in self._told.accepted.keys() - self._oracle.rows.keys():
            self._world.violate("vanished", f"request {number} was accepted and is not there")
        for row in self._oracle.unsettled():
            self._world.count("lost")
            self._world.violate("vanished", f"job {row.number} is still {row.state} when all is quiet")

    def _success_is_true(self) -> None:
        for row in self._oracle.rows.values():
            if row.state == "succeeded" and "done" not in self._oracle.resolved.get(row.number, ()):
                missing = self._wanted(row.number) - self._had(row.number)
                if missing:
                    self._world.violate("succeeded", f"job {row.number} succeeded without {sorted(missing)}")

    def _nothing_is_left(self) -> None:
        """Of a job that is over nothing lies about, unless people were told so."""
        for (_, thing), number in self._hosts.things.items():
            row, name = self._oracle.rows[number], thing.rsplit("-", 1)[1]
            told = {("undo", f"open:{name}"), ("untidy", f"close:{name}")} & self._oracle.alarms.get(number, set())
            if State(row.state) in FINAL and not told:
                self._world.violate("left", f"job {number} is {row.state}, and {thing} is still there")

    def _what_failed_is_reverted(self) -> None:
        """What took effect stands if, and only if, the job has succeeded; or people were told that it does not."""
        for number in {e.job for e in self._hosts.ledger}:
            row = self._oracle.rows[number]
            if row.operation != "sim-build" or State(row.state) not in FINAL:
                continue
            stands, told = number in self._hosts.standing, ("undo", "act") in self._oracle.alarms.get(number, set())
            if row.state == "succeeded" and not stands:
                self._world.violate("taken-back", f"job {number} succeeded, and what it did was taken back")
            elif row.state != "succeeded" and stands and not told:
                self._world.violate("stands", f"job {number} is {row.state}, and what it did still stands")

    def _wanted(self, number: int) -> set[tuple[str, str]]:
        """(host, what) of every destructive step in the stored plan."""
        (plan,) = self._store.raw.execute("SELECT plan FROM job WHERE number = ?", (number,)).fetchone()
        steps = [s for s in json.loads(plan) if s["destructive"]]
        commands = [c for s in steps for c in s["do"].get("commands", [s["do"]])]
        return {(c["host"], (c["fence"] or "jolt").replace(":", ".")) for c in commands}  # as Fence.token writes it

    def _had(self, number: int) -> set[tuple[str, str]]:
        """What happened; a reboot that cut the program short has renewed everything too."""
        had = {(e.host, e.what) for e in self._oracle.effects_of(number)}
        tokens = [(h.path, t) for h in self._hosts.all.values() for t in h.renewed if t.startswith(f"job{number}.")]
        return had | {(path, token.split("-", 2)[2]) for path, token in tokens}

    def _called_off_is_true(self) -> None:
        """What never started did nothing; what was called off did nothing from then on."""
        for row in self._oracle.rows.values():
            idle = State(row.state) in NOT_STARTED and row.started_at is None
            since = 0 if idle else self._told.called_off.get(row.number, self._world.now_us)
            if any(e.at_us >= since for e in self._oracle.effects_of(row.number)):
                self._world.violate("called-off", f"job {row.number} is {row.state}, and it had an effect")

    def _quotas_are_exact(self) -> None:
        held: Counter[str] = Counter()
        for number, asked_at in self._store.raw.execute("SELECT number, asked_at FROM job"):
            held.update(self._keys(number, asked_at))
        used = {k: u for k, u in self._store.raw.execute("SELECT key, used FROM quota") if u}
        if used != dict(held):
            self._world.violate("quota", f"the counters say {used}, the requests hold {dict(held)}")

    def _keys(self, number: int, asked_at: int) -> list[str]:
        """The counters that a request holds a share of, worked out from its history."""
        row = self._oracle.rows[number]
        kind = _CLASS.get(row.operation)
        if kind is None or (State(row.state) in NOT_STARTED and row.started_at is None):
            return []
        zone = next(t.zone for t in ESTATE.tenants if t.name == row.tenant)
        day = datetime.fromtimestamp(asked_at / 1e6, tz=zone)
        forms = {"day": f"{day:%Y-%m-%d}", "month": f"{day:%Y-%m}"}
        return [f"{row.tenant}|{kind}|{q.period}|{forms[q.period]}" for q in RULES.quotas[kind]]

    def _keys_made_one(self) -> None:
        made: Counter[str] = Counter()
        for (description,) in self._store.raw.execute("SELECT description FROM request WHERE version = 1"):
            made[description] += 1
        for tag in self._told.keyed:
            if made[tag] > 1:
                self._world.violate("idempotent", f"{tag} was asked under one key and made {made[tag]} requests")

    def _chain_is_whole(self) -> None:
        found = verify_audit(self._desk)
        if found.broken_at is not None:
            self._world.violate("audit", f"the chain breaks at event {found.broken_at}: {found.why}")
        (count, last) = self._store.raw.execute("SELECT count(*), max(seq) FROM event").fetchone()
        if count != last or found.events != count:
            self._world.violate("audit", f"{count} events, the last has number {last}, {found.events} are verified")

    def _no_error_of_our_own(self) -> None:
        """No job ends by a mistake of ours: a conflict with LIFE, or an exception that nobody foresaw."""
        for number, outcome in self._store.raw.execute("SELECT number, outcome FROM job WHERE outcome IS NOT NULL"):
            said: dict[str, Any] = json.loads(outcome)
            if said.get("code") in ("conflict", "overtaken") or "error of our own" in said["text"]["en"]:
                self._world.violate("own-error", f"job {number} ended by {said['text']['en']!r}")


def settled(oracle: Oracle) -> bool:
    """Nothing goes on and nothing is planned: final, or a question to a person."""
    return not oracle.unsettled()
