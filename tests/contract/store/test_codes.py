"""One-time codes: six digits, five minutes, five tries, sixty seconds between two, one user, one action, one use."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from domain.code import MOST_A_DAY, RESEND, TRIES, VALID, CodeState
from domain.decision import Moment, Refused
from domain.errors import Conflict, Mistake, Unreachable
from domain.request import Role
from intake.change import edit
from intake.codes import ask, attempt, for_submit, use
from intake.desk import Desk
from intake.people import actor_named, put_account, set_contact
from intake.read import show
from intake.submit import check, submit, submit_many, submit_within
from policies import decide
from runner.store.store import Store
from runner.store.tx import Tx
from runner.sweeper import Retention, Sweeper
from tests.codes import code_for, digits_in
from tests.stage import LI, OPERATOR, HandClock, wish

pytestmark = pytest.mark.req("INT-10")
PHONE = "+8613800001234"


@pytest.fixture(autouse=True)
def phone(desk: Desk) -> None:
    set_contact(desk, OPERATOR.name, LI.name, {"phone": PHONE})


def guarded(**more: Any) -> dict[str, Any]:
    return wish("guarded", **more)


def why(refused: Refused) -> dict[str, Any]:
    return next(dict(r.values) for r in refused.decision.reasons if r.policy == "codes")


def refusal(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        submit(desk, LI, body)
    return why(caught.value)


def test_a_code_goes_to_the_phone_lets_one_request_in_and_no_second(desk: Desk) -> None:
    sent = ask(desk, LI, guarded())
    assert sent.to.endswith("1234")
    code = digits_in(desk.store)
    assert submit(desk, LI, guarded(code=code)).number == 1
    resend_at = desk.store.clock.now() + RESEND
    limits = {"valid_s": VALID, "resend_s": RESEND}
    assert refusal(desk, guarded(code=code)) == {"state": "not-asked", "resend_at": resend_at, **limits}


def test_without_a_code_it_is_refused_and_a_dry_run_says_that_one_will_be_needed(desk: Desk) -> None:
    assert refusal(desk, guarded())["state"] == "missing"
    found = check(desk, LI, guarded())
    assert next(r.text.en for r in found.decision.reasons if r.policy == "codes").startswith("A code, sent")
    assert not found.decision.against


def test_what_needs_a_code_is_offered_to_whoever_may_ask_for_it(desk: Desk) -> None:
    """A button that is greyed because nobody has typed a code yet could never be pressed."""
    operation, place = desk.catalog.get("guarded"), desk.place("acme/prod", LI)
    decision = decide(desk.store.write(lambda tx: desk.decider.offered(tx, Moment.SUBMIT, LI, operation, place)))
    assert [r.text.en for r in decision.against] == []
    assert next(dict(r.values) for r in decision.reasons if r.policy == "codes") == {"state": "to-come"}


def test_five_wrong_tries_void_a_code_even_if_the_sixth_is_right(desk: Desk) -> None:
    code = code_for(desk, LI, guarded())
    wrong = "000000" if code != "000000" else "111111"
    left = [refusal(desk, guarded(code=wrong)).get("left") for _ in range(TRIES)]
    assert left == [4, 3, 2, 1, 0]
    assert refusal(desk, guarded(code=code))["state"] == "tried-out"


def test_of_fifty_guesses_at_once_no_more_than_five_count(desk: Desk) -> None:
    code = code_for(desk, LI, guarded())
    purpose = for_submit(LI, desk.catalog.build("guarded", {}), desk.place("acme/prod", LI))
    guesses = [f"{n:06d}" for n in range(51) if f"{n:06d}" != code][:50]
    with ThreadPoolExecutor(8) as pool:
        tries = list(pool.map(lambda g: attempt(desk, LI, purpose, g), guesses))
    assert sorted(t.code.left for t in tries if t.code.state is CodeState.WRONG) == [1, 2, 3, 4]
    assert [t.code.state for t in tries].count(CodeState.TRIED_OUT) == 46, "the fifth, and all that came after it"
    assert refusal(desk, guarded(code=code))["state"] == "tried-out"
    told = [e for e in _all(desk.store, "event") if dict(e)["kind"] == "code-wrong"]
    assert len(told) == TRIES, "each that counted is on record, and no other"


def test_of_eight_that_ask_at_once_one_is_sent_a_code(desk: Desk) -> None:
    start = threading.Barrier(8)

    def one(_: int) -> bool:
        start.wait(10)
        try:
            ask(desk, LI, guarded())
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
    assert len(_all(desk.store, "code")) == 1


def test_of_two_requests_with_one_code_one_is_accepted(desk: Desk) -> None:
    code, start = code_for(desk, LI, guarded()), threading.Barrier(2)

    def one(_: int) -> bool:
        start.wait(10)
        try:
            submit(desk, LI, guarded(code=code))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]


def test_after_five_minutes_it_is_over(desk: Desk, clock: HandClock) -> None:
    code = code_for(desk, LI, guarded())
    clock.move(minutes=5)
    assert refusal(desk, guarded(code=code))["state"] == "not-asked"


def test_a_new_one_can_be_asked_for_after_a_minute_and_voids_the_one_before(desk: Desk, clock: HandClock) -> None:
    first = code_for(desk, LI, guarded())
    clock.move(seconds=59)
    with pytest.raises(Conflict) as soon:
        ask(desk, LI, guarded())
    assert soon.value.facts["retry_s"] == 1
    clock.move(seconds=1)
    second = code_for(desk, LI, guarded())
    if first != second:
        refused = refusal(desk, guarded(code=first))
        assert (refused["state"], refused["left"]) == ("wrong", TRIES - 1)
        assert refused["resend_at"] == desk.store.clock.now() + RESEND
    assert submit(desk, LI, guarded(code=second)).number


@pytest.mark.parametrize("change", [{"place": "acme/test"}, {"params": {"steps": 2}}])
def test_a_code_is_for_its_place_and_its_parameters_alone(desk: Desk, change: dict[str, Any]) -> None:
    code = code_for(desk, LI, guarded())
    assert refusal(desk, guarded(code=code, **change))["state"] == "not-asked"


def test_a_code_is_for_whoever_asked_for_it(desk: Desk) -> None:
    put_account(desk, "stage", "wang", "acme", ["it-ops"])
    code = code_for(desk, LI, guarded())
    with pytest.raises(Refused) as caught:
        submit(desk, actor_named(desk, "wang"), guarded(code=code))
    assert why(caught.value)["state"] == "not-asked"


def test_an_account_without_a_phone_is_told_what_to_do(desk: Desk) -> None:
    set_contact(desk, OPERATOR.name, LI.name, {"phone": None})
    with pytest.raises(Mistake) as caught:
        ask(desk, LI, guarded())
    assert [f.code for f in caught.value.faults] == ["no-phone"]


def test_where_no_gateway_is_set_nobody_waits_for_a_code(desk: Desk) -> None:
    silent = replace(desk, outbox=replace(desk.outbox, channels=frozenset()))
    with pytest.raises(Unreachable):
        ask(silent, LI, guarded())
    assert desk.store.rows("waiting_codes") == []


def test_a_schedule_needs_none(desk: Desk) -> None:
    put_account(desk, "stage", "cron", None, ["scheduler", "operator"])
    assert Role.SCHEDULER in actor_named(desk, "cron").roles
    assert submit(desk, actor_named(desk, "cron"), guarded()).number == 1


def test_what_an_upload_with_its_code_has_asked_for_needs_no_second_one(desk: Desk) -> None:
    """The code of the upload was bound to the restore that follows; nobody is at the phone when the last byte is in."""
    answer = desk.store.write(lambda tx: submit_within(desk, tx, LI, guarded(), "upload-1"))
    said = next(r for r in answer.decision["reasons"] if r["policy"] == "codes")
    assert (answer.number, said["values"]) == (1, {"state": "covered"})


def test_a_repeated_submit_is_answered_again_without_a_code(desk: Desk) -> None:
    code = code_for(desk, LI, guarded())
    first = submit(desk, LI, guarded(code=code), "key-1")
    again = submit(desk, LI, guarded(), "key-1")
    assert (again.number, again.replayed) == (first.number, True)


def test_in_bulk_each_has_its_own(desk: Desk) -> None:
    code = code_for(desk, LI, guarded())
    right, wrong = submit_many(desk, LI, [guarded(code=code), guarded(place="acme/test", code=code)])
    assert not isinstance(right, Exception)
    assert isinstance(wrong, Refused)


def test_an_edit_needs_a_code_of_its_own_bound_to_the_new_parameters(desk: Desk, clock: HandClock) -> None:
    later = "2026-11-23T13:00:00+08:00"
    number = submit(desk, LI, guarded(code=code_for(desk, LI, guarded()), planned_at=later)).number
    rev = show(desk, LI, number).job.rev
    with pytest.raises(Refused):
        edit(desk, LI, number, rev, {"params": {"steps": 3}})
    code = code_for(desk, LI, {"request": number, "params": {"steps": 3}})
    with pytest.raises(Refused) as other:
        edit(desk, LI, number, rev, {"params": {"steps": 4}, "code": code})
    assert why(other.value)["state"] == "not-asked"
    edit(desk, LI, number, rev, {"params": {"steps": 3}, "code": code})
    assert show(desk, LI, number).request.params == {"steps": 3}


def test_nobody_asks_for_more_than_so_many_in_a_day(desk: Desk, clock: HandClock) -> None:
    for _ in range(MOST_A_DAY):
        ask(desk, LI, guarded())
        clock.move(minutes=2)
    with pytest.raises(Conflict) as caught:
        ask(desk, LI, guarded())
    assert caught.value.facts["most"] == MOST_A_DAY


def test_the_digits_are_nowhere_but_on_their_way(desk: Desk) -> None:
    """Once the message is sent and blanked, the database has a keyed digest and nothing else of the code."""
    code = code_for(desk, LI, guarded())
    submit(desk, LI, guarded(code=code))
    rows = desk.store.rows("waiting_codes")
    key = {"id": rows[0]["id"], "attempts": 0, "now": desk.store.clock.now(), "until": desk.store.clock.ahead(60)}
    desk.store.write(lambda tx: tx.row("claim_message", **key))
    desk.store.write(lambda tx: tx.moved("message_sent", id=rows[0]["id"], attempts=1, now=tx.now()))
    told = [str(dict(r)) for table in ("code", "event", "outbox", "job", "request", "idempotency")
            for r in _all(desk.store, table)]  # fmt: skip
    assert told
    # A number of six digits may stand in a time or a digest by chance: it is sought as a word.
    assert not [row for row in told if f"'{code}'" in row or f" {code} " in row or f'"{code}"' in row]


def _all(store: Store, table: str) -> list[Any]:
    from sqlalchemy import select

    from runner.store.schema import metadata

    return list(store.select(select(metadata.tables[table])))


def test_a_right_code_is_used_with_the_request_or_not_at_all(desk: Desk) -> None:
    """A submit that is refused for something else leaves the code good."""
    code = code_for(desk, LI, guarded())
    operation, place = desk.catalog.build("guarded", {}), desk.place("acme/prod", LI)
    tried = attempt(desk, LI, for_submit(LI, operation, place), code)
    assert tried.code.state is CodeState.RIGHT

    def breaks(tx: Any) -> None:
        assert use(tx, tried)
        raise Conflict(desk.catalog.get("guarded").title)

    with pytest.raises(Conflict):
        desk.store.write(breaks)
    assert submit(desk, LI, guarded(code=code)).number == 1


def test_a_quota_that_another_has_taken_meanwhile_leaves_the_code_good(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bulk the others are committed: what one was refused for must not use its code."""
    body, moved = wish("guarded-counted"), Tx.moved
    code = code_for(desk, LI, body)
    taken = lambda tx, name, **key: 0 if name == "quota_take" else moved(tx, name, **key)  # noqa: E731
    monkeypatch.setattr(Tx, "moved", taken)
    accepted, refused = submit_many(desk, LI, [wish("free"), {**body, "code": code}])
    monkeypatch.undo()
    assert not isinstance(accepted, Exception)
    assert isinstance(refused, Refused)
    assert [r.policy for r in refused.decision.against] == ["quotas"]
    assert submit(desk, LI, {**body, "code": code}).number


def test_codes_are_forgotten_when_their_day_is_over(desk: Desk, clock: HandClock) -> None:
    ask(desk, LI, guarded())
    sweeper = Sweeper(desk.store, desk.catalog, Retention())
    clock.move(days=1)
    sweeper.forget()
    assert len(_all(desk.store, "code")) == 1, "still counted"
    clock.move(days=2)
    sweeper.forget()
    assert _all(desk.store, "code") == []
