"""Letters of authorization on every store: their life, one effective at most, and what happens by the clock alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Refused
from domain.errors import Conflict, Denied, Mistake, NotFound
from domain.event import Event, Kind
from domain.letter import Letter, LetterKind, LetterState
from domain.operation import Lock
from domain.places import Estate
from domain.request import Actor, Role
from domain.usage import TrafficKind
from intake.desk import Desk
from intake.letter_review import approve, refuse
from intake.letter_scan import MAX_BYTES, MOST, add_scan, read_scan, scans
from intake.letters import MOST_OPEN, Wanted, ask, get, letters, revoke
from intake.read import feed, verify_audit
from intake.submit import submit
from intake.traffic import count, usage
from runner.claims import Claims
from runner.letters import effective
from runner.store.migrate import is_migrated, migrate
from runner.sweeper import Retention, Sweeper
from tests.scans import GIF, JPEG, PDF, PNG
from tests.stage import CHEN, LI, OPERATIONS, OPERATOR, HandClock, _like, desk_on, wish

AtOnce = Callable[[list[Callable[[], object]]], list[object]]
WU = Actor(name="wu", tenant="acme", roles=frozenset({Role.ENTERPRISE_ADMIN}))
DATA = Actor(name="data", tenant="acme", roles=frozenset({Role.DATA_OPS}))
BEFORE = import_module("runner.store.migrations.versions.0006_letters").down_revision
DOWNLOAD = {"kind": "download", "reason": "年度审计"}


def in_review(desk: Desk, kind: str = "download", actor: Actor = LI, **more: Any) -> Letter:
    number = ask(desk, actor, {"kind": kind, "reason": "r", **more}).number
    add_scan(desk, actor, number, "scan.pdf", PDF)
    return get(desk, actor, number)


def approved(desk: Desk, letter: Letter) -> Letter:
    return approve(desk, OPERATOR, letter.number, letter.rev, {"opinion": "同意"})


def state_of(desk: Desk, letter: Letter) -> LetterState:
    return get(desk, OPERATOR, letter.number).state


def sweep(desk: Desk) -> None:
    Sweeper(desk.store, desk.catalog, Retention()).sweep()


def told(desk: Desk, *kinds: Kind) -> list[Event]:
    return [e for e in feed(desk, OPERATOR).events if e.kind in kinds]


@pytest.mark.req("LET-1")
def test_a_letter_goes_from_a_draft_over_its_scan_and_the_review_to_being_effective(desk: Desk) -> None:
    letter = ask(desk, LI, DOWNLOAD)
    assert (letter.state, letter.kind, letter.reason) == (LetterState.DRAFT, LetterKind.DOWNLOAD, "年度审计")
    assert letter.last_day == date(2026, 12, 23)  # a month after NOON's day in Shanghai
    scan = add_scan(desk, LI, letter.number, "盖章.pdf", PDF)
    letter = get(desk, LI, letter.number)
    assert letter.state is LetterState.IN_REVIEW
    assert read_scan(desk, OPERATOR, letter.number, scan.id).content == PDF
    letter = approved(desk, letter)
    assert (letter.state, letter.decided_by, letter.opinion) == (LetterState.EFFECTIVE, "operator", "同意")
    assert get(desk, WU, letter.number) == letter
    assert [e.kind for e in told(desk, *[k for k in Kind if k.startswith("letter-")])] == [
        Kind.LETTER_ASKED,
        Kind.LETTER_SCANNED,
        Kind.LETTER_APPROVED,
    ]
    assert verify_audit(desk).broken_at is None


@pytest.mark.req("LET-1")
def test_a_refused_letter_keeps_the_opinion_and_goes_no_further(desk: Desk) -> None:
    letter = in_review(desk)
    with pytest.raises(Mistake):
        refuse(desk, OPERATOR, letter.number, letter.rev, {})
    done = refuse(desk, OPERATOR, letter.number, letter.rev, {"opinion": "印章不清"})
    assert (done.state, done.opinion) == (LetterState.REFUSED, "印章不清")
    for late in (
        lambda: approve(desk, OPERATOR, letter.number, done.rev, {}),
        lambda: add_scan(desk, LI, letter.number, "b.pdf", PDF),
        lambda: revoke(desk, LI, letter.number, {"reason": "r"}),
    ):
        with pytest.raises(Conflict):
            late()


@pytest.mark.req("LET-1")
@pytest.mark.parametrize(
    ("name", "content", "media_type", "kept"),
    [
        ("scan.pdf", PDF, "application/pdf", "scan.pdf"),
        ("SCAN.JPEG", JPEG, "image/jpeg", "SCAN.JPEG"),
        ("a.gif", GIF, "image/gif", "a.gif"),
        ("a.png", PNG, "image/png", "a.png"),
        ("page.html", PNG, "image/png", "page.html.png"),
        ("名" * 200, JPEG, "image/jpeg", "名" * 196 + ".jpg"),
    ],
)
def test_a_scan_is_known_by_its_content_and_ends_as_it_is(
    desk: Desk, name: str, content: bytes, media_type: str, kept: str
) -> None:
    number = ask(desk, LI, DOWNLOAD).number
    scan = add_scan(desk, LI, number, name, content)
    assert (scan.name, scan.media_type, scan.size) == (kept, media_type, len(content))


@pytest.mark.req("LET-1")
def test_a_scan_that_is_none_is_refused_with_every_fault_and_leaves_a_draft(desk: Desk) -> None:
    letter = ask(desk, LI, DOWNLOAD)
    with pytest.raises(Mistake) as mistake:
        add_scan(desk, LI, letter.number, "a/b.pdf", b"MZ not a scan")
    assert [(f.path, f.code) for f in mistake.value.faults] == [("name", "invalid"), ("content", "unknown-kind")]
    with pytest.raises(Mistake) as mistake:
        add_scan(desk, LI, letter.number, "b.png", PNG + bytes(MAX_BYTES))
    assert [f.code for f in mistake.value.faults] == ["too-large"]
    assert get(desk, LI, letter.number) == letter
    assert scans(desk, LI, letter.number) == []


@pytest.mark.req("LET-1")
def test_ten_mebibytes_are_taken(desk: Desk) -> None:
    number = ask(desk, LI, DOWNLOAD).number
    whole = JPEG[:-2] + bytes(MAX_BYTES - len(JPEG)) + JPEG[-2:]
    assert add_scan(desk, LI, number, "big.jpg", whole).size == MAX_BYTES


@pytest.mark.req("LET-1")
@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, ["kind", "reason"]),
        (
            {"kind": "upload", "reason": "x" * 501, "last_day": "2026-11-22", "who": 1},
            ["kind", "last_day", "reason", "who"],
        ),
        ({**DOWNLOAD, "last_day": "2026-11-22"}, ["last_day"]),
        ({**DOWNLOAD, "last_day": "2027-11-25"}, ["last_day"]),
        ({**DOWNLOAD, "last_day": "26.11.2026"}, ["last_day"]),
        ({**DOWNLOAD, "last_day": 20261126}, ["last_day"]),
    ],
)
def test_every_mistake_of_a_wish_is_told_at_once(desk: Desk, body: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(Mistake) as mistake:
        ask(desk, LI, body)
    assert sorted(f.path for f in mistake.value.faults) == faults
    assert letters(desk, LI, Wanted()) == []


@pytest.mark.parametrize("day", ["2026-11-23", "2027-11-24"])
def test_today_and_the_last_day_within_reach_are_taken(desk: Desk, day: str) -> None:
    assert ask(desk, LI, {**DOWNLOAD, "last_day": day}).last_day == date.fromisoformat(day)


@pytest.mark.req("LET-3")
def test_letters_are_the_tenants_for_its_administrators_and_it_ops_alike(desk: Desk) -> None:
    letter = in_review(desk, actor=LI)
    add_scan(desk, WU, letter.number, "page2.jpg", JPEG)
    letter = approved(desk, get(desk, LI, letter.number))
    assert [each.number for each in effective(desk.store, "acme", desk.store.clock.now())] == [letter.number]
    assert revoke(desk, WU, letter.number, {"reason": "r"}).state is LetterState.REVOKED
    for who, error in ((DATA, Denied), (OPERATOR, Denied), (CHEN, NotFound)):
        with pytest.raises(error):
            revoke(desk, who, letter.number, {"reason": "r"})
    for who in (DATA, OPERATOR):
        with pytest.raises(Denied):
            ask(desk, who, DOWNLOAD)


def test_only_operators_review_and_only_what_they_have_seen(desk: Desk) -> None:
    letter = in_review(desk)
    with pytest.raises(Denied):
        approve(desk, LI, letter.number, letter.rev, {})
    add_scan(desk, LI, letter.number, "page2.pdf", PDF)
    with pytest.raises(Conflict):
        approved(desk, letter)
    assert state_of(desk, letter) is LetterState.IN_REVIEW


@pytest.mark.req("LET-2")
def test_the_earlier_effective_letter_of_that_kind_becomes_void_and_no_other(desk: Desk) -> None:
    old, other_kind = approved(desk, in_review(desk)), approved(desk, in_review(desk, "restore"))
    other_tenant = approved(desk, in_review(desk, actor=CHEN))
    new = approved(desk, in_review(desk))
    replaced = get(desk, LI, old.number)
    assert (replaced.state, replaced.ended_why, replaced.replaced_by) == (LetterState.VOID, "replaced", new.number)
    assert {state_of(desk, each) for each in (new, other_kind, other_tenant)} == {LetterState.EFFECTIVE}
    (event,) = told(desk, Kind.LETTER_VOIDED)
    assert (event.tenant, event.facts["letter"], event.facts["replaced_by"]) == ("acme", old.number, new.number)


@pytest.mark.req("LET-2")
def test_however_many_are_approved_at_once_one_is_effective(desk: Desk, twin_desk: Desk, at_once: AtOnce) -> None:
    waiting = [in_review(desk) for _ in range(8)]
    works = [lambda d=d, one=one: approved(d, one) for d, one in zip((desk, twin_desk) * 4, waiting, strict=True)]
    answers = at_once(works)
    assert all(isinstance(a, Letter) for a in answers), answers
    states = sorted(state_of(desk, each) for each in waiting)
    assert states == [LetterState.EFFECTIVE, *[LetterState.VOID] * 7]
    assert len(told(desk, Kind.LETTER_APPROVED)) == 8
    assert len(told(desk, Kind.LETTER_VOIDED)) == 7
    assert verify_audit(desk).broken_at is None


def test_of_an_approval_a_refusal_and_a_revocation_at_once_one_happens(
    desk: Desk, twin_desk: Desk, at_once: AtOnce
) -> None:
    letter = in_review(desk)
    answers = at_once(
        [
            lambda: approve(desk, OPERATOR, letter.number, letter.rev, {}),
            lambda: refuse(twin_desk, OPERATOR, letter.number, letter.rev, {"opinion": "no"}),
            lambda: revoke(twin_desk, LI, letter.number, {"reason": "r"}, letter.rev),
        ]
    )
    assert [isinstance(a, Letter) for a in answers].count(True) == 1, answers
    assert [isinstance(a, Conflict) for a in answers].count(True) == 2, answers


@pytest.mark.req("LET-2")
def test_at_the_tenants_midnight_a_letter_is_void_at_once_and_a_sweep_writes_it_down(
    desk: Desk, clock: HandClock
) -> None:
    letter = approved(desk, in_review(desk, last_day="2026-11-23"))
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    clock.move(seconds=(midnight - clock.now()).total_seconds() - 1)
    assert state_of(desk, letter) is LetterState.EFFECTIVE
    sweep(desk)
    clock.move(seconds=1)
    ended = get(desk, LI, letter.number)
    assert (ended.state, ended.ended_why, ended.ended_at) == (LetterState.VOID, "expired", midnight)
    assert effective(desk.store, "acme", clock.now()) == ()
    assert [each.number for each in letters(desk, LI, Wanted(state=LetterState.VOID))] == [letter.number]
    assert letters(desk, LI, Wanted(state=LetterState.EFFECTIVE)) == []
    assert told(desk, Kind.LETTER_VOIDED) == []
    for _ in range(2):
        sweep(desk)
    assert get(desk, LI, letter.number) == replace(ended, rev=ended.rev + 1)
    (event,) = told(desk, Kind.LETTER_VOIDED)
    assert event.facts["why"] == "expired"


@pytest.mark.req("LET-2")
def test_what_has_ended_is_neither_approved_nor_revoked_nor_scanned_before_the_sweep(
    desk: Desk, clock: HandClock
) -> None:
    letter, draft = in_review(desk, last_day="2026-11-23"), ask(desk, LI, {**DOWNLOAD, "last_day": "2026-11-23"})
    old = approved(desk, in_review(desk, last_day="2026-11-23"))
    clock.move(days=1)
    for late in (
        lambda: approved(desk, letter),
        lambda: revoke(desk, LI, letter.number, {"reason": "r"}),
        lambda: add_scan(desk, LI, draft.number, "a.pdf", PDF),
    ):
        with pytest.raises(Conflict):
            late()
    new = approved(desk, in_review(desk))
    assert (state_of(desk, old), get(desk, LI, old.number).ended_why) == (LetterState.VOID, "expired")
    assert state_of(desk, new) is LetterState.EFFECTIVE


def in_zone(desk: Desk, zone: str) -> Desk:
    estate = Estate(tenants=tuple(replace(t, zone=ZoneInfo(zone)) for t in desk.decider.estate.tenants))
    return replace(desk, decider=replace(desk.decider, estate=estate))


@pytest.mark.req("LET-2")
@pytest.mark.parametrize(
    ("zone", "last_day", "ends"),
    [
        ("Africa/Cairo", "2027-04-29", "2027-04-29T22:00:00+00:00"),  # the next day begins at 01:00
        ("America/Havana", "2027-03-13", "2027-03-14T05:00:00+00:00"),
        ("America/Havana", "2027-11-06", "2027-11-07T04:00:00+00:00"),  # the next midnight comes twice
        ("America/New_York", "2027-03-14", "2027-03-15T04:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-12-26", "2026-12-26T10:00:00+00:00"),
    ],
)
def test_a_letter_ends_at_its_own_tenants_midnight(
    desk: Desk, clock: HandClock, zone: str, last_day: str, ends: str
) -> None:
    there, moment = in_zone(desk, zone), datetime.fromisoformat(ends)
    letter = approved(there, in_review(there, last_day=last_day))
    clock.move(seconds=(moment - clock.now()).total_seconds() - 0.000001)
    assert state_of(there, letter) is LetterState.EFFECTIVE
    clock.move(microseconds=1)
    assert state_of(there, letter) is LetterState.VOID


@pytest.mark.req("LET-3")
def test_the_review_is_promised_within_half_a_working_day_and_the_provider_is_warned_once_before(
    desk: Desk, clock: HandClock
) -> None:
    letter = in_review(desk)  # at Monday noon in Shanghai
    assert letter.review_due_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    add_scan(desk, LI, letter.number, "page2.pdf", PDF)
    clock.move(hours=3, minutes=29)
    sweep(desk)
    assert told(desk, Kind.ALARM) == []
    clock.move(minutes=1)
    for _ in range(3):
        sweep(desk)
    (alarm,) = told(desk, Kind.ALARM)
    assert (alarm.facts["why"], alarm.facts["letter"], alarm.tenant) == ("letter-review", letter.number, "acme")
    assert alarm.facts["review_due_at"] == "2026-11-23T08:30:00+00:00"
    assert alarm.at < letter.review_due_at


@pytest.mark.req("LET-3")
def test_a_review_that_was_done_gives_no_alarm(desk: Desk, clock: HandClock) -> None:
    approved(desk, in_review(desk))
    refused = in_review(desk)
    refuse(desk, OPERATOR, refused.number, refused.rev, {"opinion": "no"})
    clock.move(days=3)
    sweep(desk)
    assert told(desk, Kind.ALARM) == []


@pytest.mark.req("LET-3")
def test_sweepers_that_come_at_once_warn_once_and_void_once(
    desk: Desk, twin_desk: Desk, clock: HandClock, at_once: AtOnce
) -> None:
    in_review(desk)
    approved(desk, in_review(desk, "restore", last_day="2026-11-23"))
    clock.move(days=1)
    assert at_once([lambda d=d: sweep(d) for d in (desk, twin_desk) * 3]) == [None] * 6
    assert (len(told(desk, Kind.ALARM)), len(told(desk, Kind.LETTER_VOIDED))) == (1, 1)


def test_a_tenant_has_so_many_open_letters_and_no_more_also_when_asked_at_once(
    desk: Desk, twin_desk: Desk, at_once: AtOnce
) -> None:
    for _ in range(MOST_OPEN - 3):
        ask(desk, LI, DOWNLOAD)
    answers = at_once([lambda d=d: ask(d, LI, DOWNLOAD) for d in (desk, twin_desk) * 4])
    assert [isinstance(a, Letter) for a in answers].count(True) == 3, answers
    assert [isinstance(a, Conflict) for a in answers].count(True) == 5
    ask(desk, CHEN, DOWNLOAD)


def test_a_letter_has_so_many_scans_and_no_more(desk: Desk) -> None:
    number = ask(desk, LI, DOWNLOAD).number
    for n in range(MOST):
        add_scan(desk, LI, number, f"{n}.pdf", PDF)
    with pytest.raises(Conflict):
        add_scan(desk, LI, number, "more.pdf", PDF)
    assert [s.name for s in scans(desk, LI, number)] != []
    assert len(scans(desk, LI, number)) == MOST


def test_lists_are_paged_without_a_gap_and_show_only_what_is_ones_own(desk: Desk) -> None:
    mine = [ask(desk, LI, {"kind": kind, "reason": "r"}).number for kind in ("download", "restore") * 4]
    others = ask(desk, CHEN, DOWNLOAD).number
    pages, before = [], None
    while page := letters(desk, LI, Wanted(before=before, limit=3)):
        pages += [each.number for each in page]
        before = page[-1].number
    assert pages == sorted(mine, reverse=True)
    assert letters(desk, LI, Wanted(tenant="beta")) == []
    assert [each.number for each in letters(desk, OPERATOR, Wanted(limit=1))] == [others]
    kinds = {each.kind for each in letters(desk, OPERATOR, Wanted(tenant="acme", kind=LetterKind.RESTORE))}
    assert kinds == {LetterKind.RESTORE}
    for look in (lambda: get(desk, LI, others), lambda: scans(desk, LI, others), lambda: get(desk, LI, 99)):
        with pytest.raises(NotFound):
            look()
    with pytest.raises(Mistake):
        letters(desk, LI, Wanted(limit=0))


@pytest.mark.req("LET-3", "LET-2")
def test_an_operation_that_needs_a_letter_is_refused_without_and_again_when_it_starts(
    store: Any, clock: HandClock
) -> None:
    desk = desk_on(store, operations=(*OPERATIONS, _like("leave", letter="download", lock=Lock.NONE)))
    with pytest.raises(Refused) as refused:
        submit(desk, LI, wish("leave"))
    assert refused.value.decision.chief.policy == "letters"
    letter = approved(desk, in_review(desk, actor=WU))
    soon = (clock.now() + timedelta(minutes=5)).isoformat()
    ran, stopped = submit(desk, LI, wish("leave")).number, submit(desk, LI, wish("leave", planned_at=soon)).number
    claims = Claims(desk.store, desk.catalog, desk.decider, "w1", 15.0)
    assert [c.job.number for c in claims.due(4)] == [ran]
    revoke(desk, WU, letter.number, {"reason": "r"})
    clock.move(minutes=5)
    assert claims.due(4) == []
    row = desk.store.row("job", number=stopped)
    assert row is not None
    assert row["state"] == "refused"
    assert "letter" in row["outcome"]


@pytest.mark.req("CORE-12")
def test_a_store_of_before_there_were_letters_and_traffic_gets_their_tables(desk: Desk) -> None:
    store = desk.store
    with store.engine.begin() as connection:
        for name in ("letter", "letter_scan", "traffic"):
            connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{BEFORE}'")  # noqa: S608
    assert not is_migrated(store)
    migrate(store)
    assert is_migrated(store)
    first, second = approved(desk, in_review(desk)), approved(desk, in_review(desk))
    assert (state_of(desk, first), state_of(desk, second)) == (LetterState.VOID, LetterState.EFFECTIVE)
    count(desk, "acme", TrafficKind.PRODUCT, 3)
    assert usage(desk, LI, "acme").traffic.used == 3
