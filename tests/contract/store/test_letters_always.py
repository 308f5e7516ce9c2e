"""Whatever is done to letters in whatever order: at most one of a kind is effective, and only while it lasts."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from domain.errors import Conflict
from domain.letter import LetterState
from intake.desk import Desk
from intake.letter_review import approve, refuse
from intake.letter_scan import add_scan
from intake.letters import Wanted, ask, get, letters, revoke
from intake.read import verify_audit
from runner.letters import effective, sweep
from runner.store.migrate import migrate
from runner.store.store import Store
from tests.scans import PDF
from tests.services import Postgres
from tests.stage import CHEN, LI, OPERATOR, HandClock, desk_on

KINDS = ("download", "restore")
STEPS = settings(max_examples=12, stateful_step_count=25, database=None)


class Office(RuleBasedStateMachine):
    """Two tenants, their letters, the provider and the clock. `was` is what the newest approvals say must hold."""

    numbers: Bundle[int] = Bundle("numbers")
    url: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.store = Store(self.url() if callable(self.url) else "sqlite://", self.clock)
        if self.store.url.startswith("sqlite"):
            migrate(self.store)
        self.desk: Desk = desk_on(self.store)
        self.newest: dict[tuple[str, str], int] = {}

    def teardown(self) -> None:
        assert verify_audit(self.desk).broken_at is None
        self.store.close()

    @rule(target=numbers, who=st.sampled_from((LI, CHEN)), kind=st.sampled_from(KINDS), days=st.integers(0, 3))
    def ask(self, who: Any, kind: str, days: int) -> int:
        today = self.clock.now().astimezone(self.desk.decider.estate.tenants[0].zone).date()
        last_day = date.fromordinal(today.toordinal() + days)
        try:
            number = ask(self.desk, who, {"kind": kind, "reason": "r", "last_day": f"{last_day}"}).number
        except Conflict:
            return 1
        self._scan(number)
        return number

    def _scan(self, number: int) -> None:
        letter = get(self.desk, OPERATOR, number)
        add_scan(self.desk, LI if letter.tenant == "acme" else CHEN, number, "a.pdf", PDF)

    @rule(number=numbers)
    def approve(self, number: int) -> None:
        letter = get(self.desk, OPERATOR, number)
        may = letter.state is LetterState.IN_REVIEW
        try:
            approve(self.desk, OPERATOR, number, letter.rev, {})
        except Conflict:
            assert not may
        else:
            assert may
            self.newest[letter.tenant, letter.kind] = number

    @rule(number=consumes(numbers), by_tenant=st.booleans())
    def end(self, number: int, by_tenant: bool) -> None:
        letter = get(self.desk, OPERATOR, number)
        try:
            if by_tenant:
                revoke(self.desk, LI if letter.tenant == "acme" else CHEN, number, {"reason": "r"})
            else:
                refuse(self.desk, OPERATOR, number, letter.rev, {"opinion": "no"})
        except Conflict:
            return
        if self.newest.get((letter.tenant, letter.kind)) == number:
            del self.newest[letter.tenant, letter.kind]

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.move(hours=hours)

    @rule()
    def sweep(self) -> None:
        sweep(self.store)
        assert self.store.rows("ended_letters", now=self.clock.now(), most=9) == []

    @invariant()
    def at_most_the_newest_is_effective_and_only_until_its_end(self) -> None:
        now = self.clock.now()
        for tenant in ("acme", "beta"):
            found = {each.kind.value: each.number for each in effective(self.store, tenant, now)}
            held = {kind: number for (who, kind), number in self.newest.items() if who == tenant}
            lasting = {k: n for k, n in held.items() if get(self.desk, OPERATOR, n).ends_at > now}
            assert found == lasting

    @invariant()
    def what_a_list_says_is_what_each_letter_says(self) -> None:
        for state in (LetterState.EFFECTIVE, LetterState.VOID):
            for each in letters(self.desk, OPERATOR, Wanted(state=state, limit=200)):
                assert each.state is state
                assert get(self.desk, OPERATOR, each.number).state is state


@pytest.mark.req("LET-2")
def test_letters_hold_together_in_a_file() -> None:
    with TemporaryDirectory() as folder:
        files = (f"sqlite:///{Path(folder) / str(n)}.db" for n in range(10_000))
        run_state_machine_as_test(
            type("InAFile", (Office,), {"url": staticmethod(lambda: next(files))}), settings=STEPS
        )


@pytest.mark.req("LET-2")
def test_letters_hold_together_on_a_server(postgres: Postgres) -> None:
    run_state_machine_as_test(type("OnAServer", (Office,), {"url": staticmethod(postgres.emptied)}), settings=STEPS)
