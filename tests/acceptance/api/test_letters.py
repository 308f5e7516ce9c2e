"""Letters of authorization over HTTP."""

from typing import Any

import httpx2
import pytest

from intake.letter_scan import MAX_BYTES
from tests.acceptance.api.hall import in_review, paths
from tests.scans import JPEG, PDF

HOME = "/api/v1/letters"
pytestmark = pytest.mark.req("LET-1")


def approved(opal: httpx2.Client, number: int) -> httpx2.Response:
    tag = opal.get(f"{HOME}/{number}").headers["ETag"]
    response = opal.post(f"{HOME}/{number}/approve", json={"opinion": "同意"}, headers={"If-Match": tag})
    assert response.status_code == 200, response.text
    return response


def state(client: httpx2.Client, number: int) -> str:
    name: str = client.get(f"{HOME}/{number}").json()["state"]["name"]
    return name


@pytest.mark.req("CARD-6")
def test_a_letter_is_asked_for_scanned_and_approved(alice: httpx2.Client, opal: httpx2.Client) -> None:
    made = alice.post(HOME, json={"kind": "restore", "reason": "演练"})
    number = made.json()["number"]
    assert (made.status_code, made.headers["Location"], made.headers["ETag"]) == (201, f"{HOME}/{number}", '"1"')
    assert made.json()["kind"] == {"name": "restore", "label": {"zh": "恢复授权书", "en": "restore letter"}}
    scan = alice.post(f"{HOME}/{number}/scans", params={"name": "a.jpg"}, content=JPEG).json()
    assert (scan["media_type"], scan["size"], scan["added_by"]) == ("image/jpeg", len(JPEG), "alice")
    waiting = alice.get(f"{HOME}/{number}").json()
    assert waiting["state"]["label"]["zh"] == "审核中"
    assert waiting["review_due_at"] > waiting["scanned_at"]
    assert opal.get(f"{HOME}/{number}/scans").json() == {"items": [scan]}
    fetched = opal.get(f"{HOME}/{number}/scans/{scan['id']}")
    assert fetched.content == JPEG
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-disposition"].startswith("attachment;")
    done = approved(opal, number).json()
    assert (done["state"]["name"], done["decided_by"], done["opinion"]) == ("effective", "opal", "同意")


@pytest.mark.req("LET-2")
def test_the_next_one_takes_its_place_and_a_revoked_one_is_gone(alice: httpx2.Client, opal: httpx2.Client) -> None:
    first, second = in_review(alice), in_review(alice)
    approved(opal, first)
    approved(opal, second)
    old = alice.get(f"{HOME}/{first}").json()
    assert (old["state"]["name"], old["ended_why"], old["replaced_by"]) == ("void", "replaced", second)
    assert alice.post(f"{HOME}/{second}/revoke", json={"reason": "完成"}).json()["state"]["name"] == "revoked"
    again = alice.post(f"{HOME}/{second}/revoke", json={"reason": "完成"})
    assert (again.status_code, again.json()["facts"]["state"]) == (409, "revoked")


def test_a_review_names_the_revision_that_was_seen(alice: httpx2.Client, opal: httpx2.Client) -> None:
    number = in_review(alice)
    seen = opal.get(f"{HOME}/{number}").headers["ETag"]
    alice.post(f"{HOME}/{number}/scans", params={"name": "b.pdf"}, content=PDF)
    for word in ("approve", "refuse"):
        for tag, status in ((None, 428), (seen, 412), ('"99"', 412)):
            headers = {"If-Match": tag} if tag else {}
            response = opal.post(f"{HOME}/{number}/{word}", json={"opinion": "o"}, headers=headers)
            assert response.status_code == status, response.text
    assert state(alice, number) == "in-review"
    refused = opal.post(f"{HOME}/{number}/refuse", json={"opinion": "印章不清"}, headers={"If-Match": "*"})
    assert refused.json()["state"]["name"] == "refused"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"kind", "reason"}),
        ({"kind": "x", "reason": "", "last_day": "soon", "more": 1}, {"kind", "reason", "last_day", "more"}),
        ({"kind": "download", "reason": "r", "last_day": "2020-01-01"}, {"last_day"}),
    ],
)
def test_every_mistake_is_told_at_once(alice: httpx2.Client, body: dict[str, Any], wrong: set[str]) -> None:
    response = alice.post(HOME, json=body)
    assert (response.status_code, paths(response)) == (422, wrong)


def test_a_scan_is_at_most_ten_mebibytes_and_of_a_known_kind(alice: httpx2.Client) -> None:
    number = alice.post(HOME, json={"kind": "download", "reason": "r"}).json()["number"]
    files = f"{HOME}/{number}/scans"
    whole = JPEG[:-2] + bytes(MAX_BYTES - len(JPEG)) + JPEG[-2:]
    assert alice.post(files, params={"name": "a"}, content=whole + b"!").status_code == 413
    other = alice.post(files, params={"name": "a.pdf"}, content=b"<script>")
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "unknown-kind")
    assert state(alice, number) == "draft"
    added = alice.post(files, params={"name": "a"}, content=whole)
    assert (added.status_code, added.json()["name"]) == (201, "a.jpg")


@pytest.mark.req("LET-3")
def test_who_may_do_what(
    alice: httpx2.Client, bob: httpx2.Client, opal: httpx2.Client, server: Any, token: Any
) -> None:
    from tests.acceptance.api.hall import client_of

    number = in_review(alice)
    assert {bob.get(f"{HOME}/{number}{more}").status_code for more in ("", "/scans")} == {404}
    assert bob.get(HOME).json() == {"items": [], "next": None}
    assert opal.post(HOME, json={"kind": "download", "reason": "r"}).status_code == 403
    own = alice.post(f"{HOME}/{number}/approve", json={}, headers={"If-Match": "*"})
    assert own.status_code == 403
    with client_of(server, token("dora")) as dora:
        assert dora.post(HOME, json={"kind": "download", "reason": "r"}).status_code == 403
        assert dora.get(f"{HOME}/{number}").status_code == 200


def test_a_list_is_followed_page_by_page(alice: httpx2.Client, opal: httpx2.Client) -> None:
    numbers = [in_review(alice) for _ in range(3)]
    approved(opal, numbers[0])
    page = opal.get(HOME, params={"limit": 2}).json()
    rest = opal.get(HOME, params={"limit": 2, "cursor": page["next"]}).json()
    assert [i["number"] for i in page["items"] + rest["items"]] == numbers[::-1]
    assert rest["next"] is None
    waiting = opal.get(HOME, params={"state": "in-review", "kind": "download", "tenant": "acme"}).json()
    assert [i["number"] for i in waiting["items"]] == numbers[:0:-1]
