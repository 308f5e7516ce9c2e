"""Downloads: allowed with all reasons, counted to the byte, and links that open one artifact for a while."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from domain.artifact import ArtifactKey, Range
from domain.decision import Refused
from domain.errors import Conflict, Denied, Mistake, NotFound
from domain.event import Kind
from domain.keeping import Record
from domain.request import Actor
from intake import artifacts, links
from intake.desk import Desk
from intake.downloads import COUNT_EVERY, allowed, fetch
from intake.people import put_account
from intake.read import feed
from intake.traffic import usage
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from runner.store.store import Store
from tests.contract.objects.conftest import lab_in, local_room, s3_room
from tests.contract.store.test_traffic import with_letter
from tests.stage import CHEN, LI, OPERATOR, HandClock, desk_on

pytestmark = pytest.mark.req("DC-4")
CONTENT = bytes(range(256)) * 40


def kept(desk: Desk, content: bytes = CONTENT, run: str = "1", tenant: str = "acme") -> Record:
    """A backup as a job would have made it."""
    key = ArtifactKey(tenant=tenant, kind="backup", run=run, name="a.bak")
    stored = desk.artifacts.put(key, [content])
    row = {"id": artifact_id(str(key)), "tenant": tenant, "kind": "backup", "key": str(key), "description": ""}
    row |= {"place": f"{tenant}/prod/one", "name": "账套.bak", "size": stored.size, "sha256": stored.sha256}
    row |= {"state": "ready", "facts": dumps({}), "job": None, "added_by": "li"}
    desk.store.write(lambda tx: tx.moved("insert_artifact", **row, added_at=tx.now()))
    return artifacts.get(desk, OPERATOR, str(row["id"]))


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return desk_on(store, artifacts=local_room(tmp_path / "room").store)


@pytest.fixture
def s3_desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "s3").mkdir()
    lab = lab_in(tmp_path / "s3")
    yield desk_on(store, artifacts=s3_room(lab, tmp_path / "s3").store)
    lab.close()


def used(desk: Desk) -> int:
    found = usage(desk, OPERATOR, "acme").traffic.used
    assert found is not None
    return found


def taken(desk: Desk, record: Record, actor: Actor = LI, range_: Range | None = None, most: int = 10**9) -> bytes:
    """What somebody got who stops after `most` bytes."""
    got = b""
    with fetch(desk, actor, allowed(desk, actor, record.id), range_) as download:
        for chunk in download:
            part = chunk[: most - len(got)]
            download.handed(len(part))
            got += part
            if len(got) == most:
                break
    return got


@pytest.mark.req("LET-2", "LET-3", "USE-2")
def test_it_leaves_with_a_letter_and_traffic_and_else_all_reasons_are_told(desk: Desk) -> None:
    record = kept(desk)
    tenants = tuple(replace(t, traffic_gb=0) for t in desk.decider.estate.tenants)
    poor = replace(desk, decider=replace(desk.decider, estate=replace(desk.decider.estate, tenants=tenants)))
    with pytest.raises(Refused) as raised:
        allowed(poor, LI, record.id)
    assert {r.policy for r in raised.value.decision.against} == {"letters", "traffic"}
    with_letter(poor)
    with pytest.raises(Refused) as raised:
        allowed(poor, LI, record.id)
    assert {r.policy for r in raised.value.decision.against} == {"traffic"}
    assert taken(desk, record) == CONTENT


@pytest.mark.req("USE-1")
def test_what_left_is_counted_and_told_to_the_byte_also_when_it_was_broken_off(desk: Desk) -> None:
    with_letter(desk)
    record = kept(desk)
    assert taken(desk, record) == CONTENT
    assert used(desk) == len(CONTENT)
    assert taken(desk, record, most=1000) == CONTENT[:1000]
    assert taken(desk, record, range_=Range(first=5000, last=5999)) == CONTENT[5000:6000]
    assert used(desk) == len(CONTENT) + 2000
    told = [e.facts for e in feed(desk, OPERATOR).events if e.kind is Kind.DOWNLOADED]
    assert [(f["bytes"], f["first"], f["whole"]) for f in told] == [
        (len(CONTENT), 0, True),
        (1000, 0, False),
        (1000, 5000, False),
    ]


@pytest.mark.req("USE-1")
def test_a_long_download_is_counted_on_its_way(desk: Desk) -> None:
    with_letter(desk)
    record = kept(desk)
    with fetch(desk, LI, record) as download:
        chunks = iter(download)
        download.handed(COUNT_EVERY + 1)
        assert used(desk) == 0, "not by who hands over"
        next(chunks)
        assert used(desk) == COUNT_EVERY + 1
        download.handed(7)
        next(chunks, b"")
        assert used(desk) == COUNT_EVERY + 1
    assert used(desk) == COUNT_EVERY + 8


def test_the_providers_operators_need_no_letter_and_use_no_traffic(desk: Desk) -> None:
    assert taken(desk, kept(desk), OPERATOR) == CONTENT
    assert used(desk) == 0
    assert [e.actor for e in feed(desk, OPERATOR).events if e.kind is Kind.DOWNLOADED] == ["operator"]


def test_others_artifacts_do_not_exist_and_deleted_ones_have_nothing_to_give(desk: Desk) -> None:
    with_letter(desk)
    record = kept(desk)
    with pytest.raises(NotFound):
        allowed(desk, CHEN, record.id)
    artifacts.delete(desk, LI, record.id)
    with pytest.raises(Conflict, match="deleted"):
        allowed(desk, LI, record.id)


def test_a_link_opens_one_artifact_until_it_ends(desk: Desk, clock: HandClock) -> None:
    with_letter(desk)
    record, other = kept(desk), kept(desk, run="2")
    link = links.make(desk, LI, record.id, valid_s=60)
    assert link.own
    ticket = link.address.removeprefix(links.PATH)
    actor, found = links.follow(desk, ticket)
    assert (actor.name, found) == ("li", record)
    assert used(desk) == 0  # it has not been followed yet
    altered = [ticket.replace(record.id, other.id), ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), "x", ""]
    id_, until, by, mark = ticket.split(".")
    altered += [f"{id_}.{int(until) + 1}.{by}.{mark}", f"{id_}.{until}.{by[:-1]}.{mark}", f"{ticket}\n", ticket + "="]
    for wrong in altered:
        with pytest.raises(Denied, match="not valid"):
            links.follow(desk, wrong)
    clock.move(seconds=60)
    with pytest.raises(Denied, match="expired"):
        links.follow(desk, ticket)


def test_a_link_dies_with_its_makers_rights(desk: Desk) -> None:
    with_letter(desk)
    record = kept(desk)
    ticket = links.make(desk, LI, record.id).address.removeprefix(links.PATH)
    put_account(desk, "stage", "li", "acme", ["data-ops"])
    with pytest.raises(Refused):
        links.follow(desk, ticket)
    artifacts.delete(desk, OPERATOR, record.id)
    with pytest.raises(Refused):
        links.follow(desk, ticket)


@pytest.mark.parametrize("valid_s", [0, -1, links.MOST_S + 1])
def test_a_link_is_valid_for_at_most_a_week(desk: Desk, valid_s: int) -> None:
    with pytest.raises(Mistake):
        links.make(desk, OPERATOR, kept(desk).id, valid_s)


@pytest.mark.req("USE-1")
def test_the_stores_own_link_counts_whole_when_it_is_made(s3_desk: Desk) -> None:
    record = kept(s3_desk)
    with pytest.raises(Refused):
        links.make(s3_desk, LI, record.id)
    assert used(s3_desk) == 0
    with_letter(s3_desk)
    link = links.make(s3_desk, LI, record.id, valid_s=60)
    assert not link.own
    assert used(s3_desk) == len(CONTENT)
    answer = httpx2.get(link.address, trust_env=False)
    assert hashlib.sha256(answer.content).hexdigest() == record.sha256
    links.make(s3_desk, OPERATOR, record.id)
    assert used(s3_desk) == len(CONTENT)
    assert [e.facts["counted"] for e in feed(s3_desk, OPERATOR).events if e.kind is Kind.LINKED] == [len(CONTENT), 0]
