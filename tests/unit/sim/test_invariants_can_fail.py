"""An invariant that cannot fail proves nothing: each is broken on purpose in the core, and the simulator sees it."""

from dataclasses import replace

import pytest

import runner.store.tx
from domain.decision import Decision, Verdict
from domain.event import Kind
from domain.job import LIFE, State
from domain.operation import Judgement, Outcome
from domain.text import Text
from runner.clean_up import CleanUp
from runner.decider import Decider, _used
from runner.engine import Engine
from runner.hold import Hold
from runner.leavings import leavings
from runner.moves import move
from runner.store.rows import to_job
from runner.store.statements import statements
from runner.store.tx import Tx
from runner.sweeper import Sweeper
from tests.sim.clients import OperatorOnDuty
from tests.sim.hosts import Died, SimHost
from tests.sim.run import _RISKS, simulate
from tests.sim.yard import Yard

pytestmark = pytest.mark.req("CORE-1", "CORE-2", "CORE-3", "CORE-4", "CORE-5", "CORE-8", "INT-9")
MOST_SEEDS = 80


def sql(patch, name, old, new):
    """Change a named statement of the core."""
    named = statements("sqlite")
    assert old in named[name]
    patch.setitem(named, name, named[name].replace(old, new))


def no_epoch_check(patch):
    patch.setattr(Hold, "_current", lambda self, tx: to_job(tx.row("job_for_update", number=self.job.number)))
    for name in ("record_step", "still_mine", "renew_lease"):
        sql(patch, name, "epoch = :epoch AND worker = :worker AND", "")


def no_exclusive_marker(patch):
    def overwrite(self, token, marker):
        self.markers[token] = marker
        return True

    patch.setattr(SimHost, "create_marker", overwrite)


def no_lease_check(patch):
    sql(patch, "begin_step", "AND lease_until > :now", "")
    patch.setattr("runner.worker.Worker._renew", lambda self, tx: [])  # nor anybody who keeps the leases up
    sql(patch, "expired_leases", "lease_until < :now", "lease_until < :now - 60000000")


def lost_means_run_again(patch):
    def lost(self, tx, row):
        move(tx, to_job(row), Kind.RELEASED, changes={"begun": 0})

    patch.setattr(Sweeper, "_lost", lost)


def doubt_means_not_done(patch):
    no = Judgement(outcome=Outcome.NOT_DONE, text=Text("否", "no"))
    patch.setattr(Engine, "_look", lambda self, hold, step: no)


def nothing_is_sent(patch):
    yes = Judgement(outcome=Outcome.DONE, text=Text("是", "yes"))
    patch.setattr(Engine, "_attempt", lambda self, hold, step: yes)


def no_quota_check(patch):
    sql(patch, "quota_take", "< :limit", "< :limit + 100")
    patch.setattr("runner.decider._used", _unused)


def _unused(tx, quota, place, operation, now):
    return replace(_used(tx, quota, place, operation, now), used=0)


def no_quota_given_back(patch):
    patch.setattr("runner.moves._give_back", lambda tx, job: None)


def no_locks(patch):
    patch.setattr("runner.claims._unblocked", lambda tx, candidates: list(candidates))


def no_policies_at_start(patch):
    yes = Decision(verdict=Verdict.ALLOW, reasons=())
    patch.setattr(Decider, "at_start", lambda *args, **kwargs: yes)


def claimed_before_its_time(patch):
    no_policies_at_start(patch)
    sql(patch, "due_jobs", "j.due_at <= :now", "j.due_at <= :now + 600000000")


def a_start_is_never_taken_back(patch):
    for module in ("runner.sweeper", "runner.hold"):
        patch.setattr(f"{module}.taken_back", lambda *_, **__: {})


def the_lost_are_not_looked_for(patch):
    sql(patch, "expired_leases", "lease_until < :now", "1 = 0")


def rows_get_lost(patch):
    sql(patch, "unblock", "UPDATE job SET blocked_by = NULL, rev = rev + 1", "DELETE FROM job")


def moves_without_events(patch):
    tell = Tx.tell

    def quiet(self, job, kind, actor="yunwei", **facts):
        if kind is not Kind.CLAIMED:
            tell(self, job, kind, actor, **facts)

    patch.setattr(Tx, "tell", quiet)


def an_event_slips_out(patch):
    link = runner.store.tx._link
    patch.setattr("runner.store.tx._link", lambda rows, seq, previous: link(rows, seq + 1, previous))


def an_event_is_rewritten(patch):
    sql(patch, "move_chain", "hash = :end_hash", "hash = zeroblob(32)")


def called_off_and_still_claimed(patch):
    patch.setitem(LIFE, State.CANCELLED, {Kind.CLAIMED: State.RUNNING})
    sql(patch, "due_jobs", "INDEXED BY job_due", "")  # which holds waiting jobs only
    sql(patch, "due_jobs", "j.state = 'waiting'", "j.state IN ('waiting', 'cancelled')")


def keys_are_forgotten(patch):
    sql(patch, "idempotent_answer", "AND key = :key", "AND key = :key AND 1 = 0")
    sql(patch, "remember_answer", "INSERT INTO", "INSERT OR REPLACE INTO")


def nothing_is_taken_away(patch):
    patch.setattr(CleanUp, "run", lambda self, hold, why, whatever=False: None)


def what_could_not_be_taken_away_is_not_told(patch):
    note = Hold.note

    def mute(self, kind, **facts):
        if kind is not Kind.ALARM:
            note(self, kind, **facts)

    patch.setattr(Hold, "note", mute)


def only_the_harmless_is_undone(patch):
    patch.setattr("runner.clean_up.leavings", lambda *a, **k: (s for s in leavings(*a, **k) if not s.destructive))


def worse(patch, **risks):
    """What a break needs to be seen soon happens more often."""
    for name, risk in risks.items():
        patch.setitem(_RISKS, name, (risk,))


def an_ending_is_not_committed_first(patch):
    worse(patch, crash=0.01, disproves=0.5)
    patch.setattr(Hold, "ending", lambda *_, **__: None)


def a_person_may_go_on_with_what_was_taken_away(patch):
    patch.setattr("intake.approve._was_taken_away", lambda was: False)

    def close(self, host, program, args):
        raise Died

    patch.setattr(Yard, "_close", close)
    worse(patch, disproves=0.5)


def the_proven_is_undone(patch):
    patch.setattr("runner.leavings.is_proven", lambda plan, at: False)

    def tidy(self, hold, step):
        self._close_step(hold, step, self._read(hold, step))

    patch.setattr(Engine, "_tidy", tidy)


def a_stop_after_the_proof_is_a_cancel(patch):
    worse(patch, crash=0.005, leave=0.5, disproves=0.0)
    patch.setattr(OperatorOnDuty, "_answer", OperatorOnDuty._stop_one)
    for module in ("runner.sweeper", "runner.hold"):
        patch.setattr(f"{module}.is_proven", lambda plan, at: False)


def the_undecided_is_cleaned_up_too(patch):
    end_badly = Engine._end_badly

    def and_clean_up(self, hold, error):
        end_badly(self, hold, error)
        self._clean_up.run(hold, Text("否", "no"))

    patch.setattr(Engine, "_end_badly", and_clean_up)


BREAKS = [
    (no_epoch_check, "stale"),
    (no_exclusive_marker, "twice"),
    (no_lease_check, "lease"),
    (lost_means_run_again, "twice"),
    (doubt_means_not_done, "twice"),
    (nothing_is_sent, "succeeded"),
    (no_quota_check, "quota"),
    (no_quota_given_back, "quota"),
    (no_locks, "lock"),
    (no_policies_at_start, "window"),
    (claimed_before_its_time, "early"),
    (a_start_is_never_taken_back, "late"),
    (the_lost_are_not_looked_for, "vanished"),
    (rows_get_lost, "vanished"),
    (moves_without_events, "life"),
    (an_event_slips_out, "audit"),
    (an_event_is_rewritten, "audit"),
    (called_off_and_still_claimed, "called-off"),
    (keys_are_forgotten, "idempotent"),
    (nothing_is_taken_away, "left"),
    (nothing_is_taken_away, "stands"),
    (what_could_not_be_taken_away_is_not_told, "left"),
    (only_the_harmless_is_undone, "stands"),
    (an_ending_is_not_committed_first, "taken-back"),
    (a_person_may_go_on_with_what_was_taken_away, "taken-back"),
    (the_proven_is_undone, "taken-back"),
    (a_stop_after_the_proof_is_a_cancel, "stands"),
    (the_undecided_is_cleaned_up_too, "undone"),
]


@pytest.mark.parametrize(("broken", "invariant"), BREAKS, ids=[f"{b.__name__}-{i}" for b, i in BREAKS])
def test_a_broken_core_makes_the_simulator_red(broken, invariant, monkeypatch):
    broken(monkeypatch)
    for seed in range(1, MOST_SEEDS + 1):
        if any(v.startswith(f"{invariant}:") for v in simulate(seed).violations):
            return
    pytest.fail(f"{MOST_SEEDS} seeds did not notice: {broken.__name__}")
