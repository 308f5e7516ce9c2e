"""Changing what was asked, and the provider's word, over HTTP."""

from collections.abc import Callable

import httpx2
import pytest

from intake.desk import Desk
from intake.read import head
from runner.sweeper import Retention, Sweeper
from runner.worker import Worker
from tests.acceptance.api.hall import ahead, asked, eventually, paths

REQUESTS = "/api/v1/requests"


def _name(client: httpx2.Client, number: int) -> str:
    name: str = client.get(f"{REQUESTS}/{number}").json()["execution"]["name"]
    return name


@pytest.mark.req("INT-2", "INT-8")
def test_an_edit_from_the_revision_that_was_read_makes_a_version(alice: httpx2.Client) -> None:
    number, later = asked(alice, description="first"), ahead(hours=5)
    read = alice.get(f"{REQUESTS}/{number}")
    edited = alice.patch(f"{REQUESTS}/{number}", json={"planned_at": later}, headers={"If-Match": read.headers["etag"]})
    assert edited.status_code == 200
    assert edited.headers["etag"] != read.headers["etag"]
    assert (edited.json()["planned_at"], edited.json()["version"]) == (later, 2)
    versions = alice.get(f"{REQUESTS}/{number}/versions").json()["items"]
    assert [(v["version"], v["description"]) for v in versions] == [(1, "first"), (2, "first")]


def test_an_edit_without_a_revision_or_from_an_old_one_changes_nothing(alice: httpx2.Client, desk: Desk) -> None:
    number = asked(alice)
    tag = alice.get(f"{REQUESTS}/{number}").headers["etag"]
    alice.patch(f"{REQUESTS}/{number}", json={"description": "one"}, headers={"If-Match": tag})
    before = head(desk)
    answers = [
        alice.patch(f"{REQUESTS}/{number}", json={"description": "two"}, headers=headers)
        for headers in ({}, {"If-Match": tag}, {"If-Match": f"W/{tag}"}, {"If-Match": "nonsense"})
    ]
    assert [a.status_code for a in answers] == [428, 412, 412, 412]
    assert answers[1].json()["facts"]["current"] == 2
    assert head(desk) == before


def test_an_edit_may_name_several_revisions_or_any(alice: httpx2.Client) -> None:
    number = asked(alice)
    several = alice.patch(f"{REQUESTS}/{number}", json={"description": "a"}, headers={"If-Match": '"9", "1"'})
    whatever = alice.patch(f"{REQUESTS}/{number}", json={"description": "b"}, headers={"If-Match": "*"})
    assert (several.status_code, whatever.status_code) == (200, 200)


def test_an_edit_with_mistakes_or_against_a_policy_changes_nothing(alice: httpx2.Client) -> None:
    number, anyhow = asked(alice), {"If-Match": "*"}
    wrong = alice.patch(f"{REQUESTS}/{number}", json={"place": "x", "planned_at": "soon"}, headers=anyhow)
    refused = alice.patch(f"{REQUESTS}/{number}", json={"planned_at": ahead(days=30)}, headers=anyhow)
    assert (wrong.status_code, paths(wrong)) == (422, {"place", "planned_at"})
    assert (refused.status_code, refused.json()["code"]) == (403, "refused")
    assert alice.get(f"{REQUESTS}/{number}").json()["version"] == 1


@pytest.mark.req("INT-7")
def test_a_cancel_before_the_cutoff_cancels_and_inside_it_is_refused(alice: httpx2.Client) -> None:
    early, late = asked(alice, planned_at=ahead(minutes=31)), asked(alice, planned_at=ahead(minutes=29))
    cancelled = alice.post(f"{REQUESTS}/{early}/cancel", json={"reason": "改期"})
    refused = alice.post(f"{REQUESTS}/{late}/cancel", json={"reason": "改期"})
    assert (cancelled.status_code, cancelled.json()["execution"]["name"]) == (200, "cancelled")
    assert (refused.status_code, refused.json()["code"]) == (403, "refused")
    assert _name(alice, late) == "waiting"


def test_what_has_ended_cannot_be_cancelled_again(alice: httpx2.Client) -> None:
    number = asked(alice)
    alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
    again = alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
    assert (again.status_code, again.json()["facts"]["state"]) == (409, "cancelled")


@pytest.mark.parametrize(
    ("action", "body", "path"),
    [
        ("cancel", {}, "reason"),
        ("cancel", {"reason": "r", "why": 1}, "why"),
        ("reject", {}, "opinion"),
        ("accept", {"word": "yes"}, "word"),
        ("resolve", {"word": "maybe", "opinion": "o"}, "word"),
        ("rating", {"level": 6}, "level"),
        ("rating", {"level": True}, "level"),
    ],
)
def test_an_action_with_mistakes_tells_them(
    opal: httpx2.Client, action: str, body: dict[str, object], path: str
) -> None:
    number = asked(opal, operation="favour")
    response = opal.post(f"{REQUESTS}/{number}/{action}", json=body)
    assert (response.status_code, paths(response)) == (422, {path})


@pytest.mark.req("INT-1")
def test_what_the_provider_accepts_waits_and_what_it_rejects_ends(alice: httpx2.Client, opal: httpx2.Client) -> None:
    wanted, unwanted = asked(alice, operation="favour"), asked(alice, operation="favour")
    assert alice.get(f"{REQUESTS}/{wanted}").json()["state"]["label"]["zh"] == "待处理"
    accepted = opal.post(f"{REQUESTS}/{wanted}/accept").json()
    rejected = opal.post(f"{REQUESTS}/{unwanted}/reject", json={"opinion": "请改到周末"}).json()
    assert (accepted["state"]["name"], accepted["execution"]["name"]) == ("processed", "waiting")
    assert (rejected["state"]["label"]["zh"], rejected["opinion"]) == ("已驳回", "请改到周末")
    assert opal.post(f"{REQUESTS}/{unwanted}/accept").status_code == 409


@pytest.mark.req("INT-1")
def test_a_pending_request_is_withdrawn_with_a_reason(alice: httpx2.Client) -> None:
    number = asked(alice, operation="favour")
    body = alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "不需要了"}).json()
    assert (body["state"]["label"]["zh"], body["execution"]["outcome"]["reason"]) == ("已取消", "不需要了")


@pytest.mark.req("INT-4")
def test_work_is_rated_once_and_only_when_it_has_ended(alice: httpx2.Client, worker: Worker) -> None:
    number = asked(alice, planned_at=None)
    early = alice.post(f"{REQUESTS}/{number}/rating", json={"level": 5})
    worker.start()
    eventually(lambda: _name(alice, number) == "succeeded")
    rated = alice.post(f"{REQUESTS}/{number}/rating", json={"level": 4, "text": "很快"})
    again = alice.post(f"{REQUESTS}/{number}/rating", json={"level": 1})
    assert (early.status_code, rated.status_code, again.status_code) == (409, 200, 409)
    assert (rated.json()["rating"], rated.json()["state"]["label"]["zh"]) == (4, "已完成")


@pytest.fixture
def undecided(alice: httpx2.Client, desk: Desk) -> Callable[[], int]:
    """The number of a request that came too late and waits for a person."""

    def make() -> int:
        number = asked(alice, operation="promise", planned_at=None)
        eventually(lambda: _swept(desk, alice, number))
        return number

    return make


def _swept(desk: Desk, client: httpx2.Client, number: int) -> bool:
    Sweeper(desk.store, desk.catalog, Retention()).sweep()
    return _name(client, number) == "needs-attention"


@pytest.mark.req("CORE-2")
@pytest.mark.parametrize(("word", "state"), [("failed", "failed"), ("run-again", "waiting"), ("done", "waiting")])
def test_an_operator_resolves_what_nobody_else_can(
    opal: httpx2.Client, undecided: Callable[[], int], word: str, state: str
) -> None:
    number = undecided()
    resolved = opal.post(f"{REQUESTS}/{number}/resolve", json={"word": word, "opinion": "已核实"})
    assert (resolved.status_code, resolved.json()["execution"]["name"]) == (200, state)


def test_what_needs_no_attention_cannot_be_resolved(opal: httpx2.Client) -> None:
    number = asked(opal)
    response = opal.post(f"{REQUESTS}/{number}/resolve", json={"word": "failed", "opinion": "o"})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_an_unknown_number_is_not_found_everywhere(opal: httpx2.Client) -> None:
    here = f"{REQUESTS}/4711"
    answers = [opal.get(here), opal.get(f"{here}/events"), opal.get(f"{here}/versions")]
    answers += [opal.post(f"{here}/cancel", json={"reason": "r"}), opal.post(f"{here}/accept")]
    answers += [opal.patch(here, json={"description": "x"}, headers={"If-Match": "*"})]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, "not-found")}
