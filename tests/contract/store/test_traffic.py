"""Traffic is counted exactly, by the tenant's day, and what is used up lets nothing leave."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.decision import Refused, Verdict
from domain.errors import Mistake, NotFound
from domain.operation import Lock
from domain.places import Estate
from domain.usage import GB, TrafficKind
from intake.desk import Desk
from intake.letter_review import approve
from intake.letter_scan import add_scan
from intake.letters import ask, get
from intake.submit import submit
from intake.traffic import DayOfTraffic, count, count_in, daily, may_leave, usage
from runner.store.schema import artifact
from runner.store.store import Store
from tests.scans import PDF
from tests.stage import CHEN, LI, OPERATIONS, OPERATOR, HandClock, _like, desk_on, wish

AtOnce = Callable[[list[Callable[[], object]]], list[object]]
BACKUP, ATTACHMENTS = TrafficKind.BACKUP_DOWNLOAD, TrafficKind.ATTACHMENTS


def with_limits(desk: Desk, **limits: int | None) -> Desk:
    estate = Estate(tenants=tuple(replace(t, **limits) for t in desk.decider.estate.tenants))  # type: ignore[arg-type]
    return replace(desk, decider=replace(desk.decider, estate=estate))


def with_letter(desk: Desk) -> None:
    number = ask(desk, LI, {"kind": "download", "reason": "r"}).number
    add_scan(desk, LI, number, "a.pdf", PDF)
    approve(desk, OPERATOR, number, get(desk, OPERATOR, number).rev, {})


@pytest.mark.req("USE-1")
def test_every_byte_that_is_counted_at_once_is_there(desk: Desk, twin_desk: Desk, at_once: AtOnce) -> None:
    def counts(on: Desk, size: int) -> Callable[[], object]:
        return lambda: [count(on, "acme", BACKUP, size) for _ in range(10)]

    assert at_once([counts(d, n) for n, d in enumerate((desk, twin_desk) * 4, 1)])
    assert usage(desk, LI, "acme").traffic.used == 10 * sum(range(1, 9))
    assert usage(desk, CHEN, "beta").traffic.used == 0


@pytest.mark.req("USE-1")
def test_days_are_the_tenants_and_are_told_by_kind_and_date(desk: Desk, clock: HandClock) -> None:
    count(desk, "acme", BACKUP, 5)
    count(desk, "acme", BACKUP, 6)
    count(desk, "acme", ATTACHMENTS, 7)
    clock.move(hours=12)  # past midnight in Shanghai, and not yet in London
    count(desk, "acme", BACKUP, 2**40)
    first, second = date(2026, 11, 23), date(2026, 11, 24)
    whole = [
        DayOfTraffic(day=first, kind=ATTACHMENTS, bytes=7),
        DayOfTraffic(day=first, kind=BACKUP, bytes=11),
        DayOfTraffic(day=second, kind=BACKUP, bytes=2**40),
    ]
    assert daily(desk, LI, "acme") == whole
    assert daily(desk, LI, "acme", kind=BACKUP) == whole[1:]
    assert daily(desk, LI, "acme", first=second, last=second) == whole[2:]
    assert daily(desk, LI, "acme", last=first) == whole[:2]
    assert usage(desk, OPERATOR, "acme").traffic.used == 18 + 2**40


@pytest.mark.req("USE-1")
def test_total_used_and_available_and_no_limit_is_said(desk: Desk) -> None:
    count(desk, "acme", BACKUP, GB)
    without = usage(desk, LI, "acme")
    assert (without.traffic.total, without.traffic.used, without.traffic.available) == (None, GB, None)
    bought = usage(with_limits(desk, traffic_gb=3, storage_gb=1), LI, "acme")
    assert (bought.traffic.total, bought.traffic.used, bought.traffic.available) == (3 * GB, GB, 2 * GB)
    assert bought.storage.total == GB
    assert not bought.traffic.is_used_up


@pytest.fixture
def stored(store: Store) -> Callable[..., None]:
    """`stored("acme", 5, "ready")`: a file of that size on record."""

    def put(tenant: str, size: int | None, state: str) -> None:
        key = secrets.token_hex(8)
        row: dict[str, Any] = {"id": key, "key": key, "tenant": tenant, "kind": "backup", "name": "a.bak"}
        row |= {"state": state, "size": size, "added_by": "li", "added_at": 1}
        with store.engine.begin() as connection:
            connection.execute(artifact.insert().values(**row))

    return put


@pytest.mark.req("USE-1", "USE-2")
def test_storage_is_what_the_tenants_ready_files_take(desk: Desk, stored: Callable[..., None]) -> None:
    desk = with_limits(desk, storage_gb=1)
    with_letter(desk)
    assert usage(desk, LI, "acme").storage.used == 0
    for size, state in ((GB - 1, "ready"), (7, "failed"), (None, "uploading")):
        stored("acme", size, state)
    stored("beta", 9, "ready")
    figures = usage(desk, LI, "acme").storage
    assert (figures.used, figures.available) == (GB - 1, 1)
    assert may_leave(desk, LI, "acme").verdict is Verdict.ALLOW
    stored("acme", 1, "ready")
    refused = may_leave(desk, LI, "acme")
    assert refused.verdict is Verdict.REFUSE
    assert "存储空间已用完" in refused.chief.text.zh


def test_what_is_counted_in_a_transaction_that_fails_is_not_counted(desk: Desk) -> None:
    def write(tx: Any) -> None:
        count_in(desk, tx, "acme", BACKUP, 5)
        raise KeyError("no")

    with pytest.raises(KeyError):
        desk.store.write(write)
    assert usage(desk, LI, "acme").traffic.used == 0


def test_nothing_is_counted_down_or_for_a_stranger(desk: Desk) -> None:
    with pytest.raises(ValueError, match="only grows"):
        count(desk, "acme", BACKUP, -1)
    with pytest.raises(NotFound):
        count(desk, "nobody", BACKUP, 1)
    count(desk, "acme", BACKUP, 0)
    assert daily(desk, LI, "acme") == []


def test_anothers_figures_do_not_exist_and_wrong_days_are_mistakes(desk: Desk) -> None:
    for look in (usage, daily, may_leave):
        with pytest.raises(NotFound):
            look(desk, LI, "beta")
    for days in ((date(2026, 11, 24), date(2026, 11, 23)), (date(2025, 1, 1), date(2026, 1, 2))):
        with pytest.raises(Mistake):
            daily(desk, LI, "acme", first=days[0], last=days[1])


@pytest.mark.req("USE-2", "DC-4")
def test_something_may_leave_with_a_letter_and_while_traffic_is_left(desk: Desk) -> None:
    desk = with_limits(desk, traffic_gb=1)
    assert [r.policy for r in may_leave(desk, LI, "acme").against] == ["letters"]
    with_letter(desk)
    count(desk, "acme", BACKUP, GB - 1)
    allowed = may_leave(desk, LI, "acme")
    assert (allowed.verdict, allowed.against) == (Verdict.ALLOW, ())
    assert may_leave(desk, OPERATOR, "acme").verdict is Verdict.ALLOW
    count(desk, "acme", ATTACHMENTS, 1)
    refused = may_leave(desk, LI, "acme")
    assert (refused.verdict, [r.policy for r in refused.against]) == (Verdict.REFUSE, ["traffic"])
    assert "流量已用完" in refused.chief.text.zh


@pytest.mark.req("USE-2")
def test_an_operation_that_counts_traffic_is_refused_when_none_is_left(store: Any) -> None:
    desk = desk_on(store, operations=(*OPERATIONS, _like("leave", traffic=True, lock=Lock.NONE)))
    desk = with_limits(desk, traffic_gb=1)
    assert submit(desk, LI, wish("leave")).number
    count(desk, "acme", BACKUP, GB)
    with pytest.raises(Refused) as refused:
        submit(desk, LI, wish("leave"))
    assert refused.value.decision.chief.policy == "traffic"
    assert submit(desk, LI, wish("free")).number
