"""Lists that stay stable while others submit, and the things that a form is made of."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.api.hall import ahead, asked

REQUESTS = "/api/v1/requests"


def _pages(client: httpx2.Client, **query: str) -> Iterator[list[int]]:
    """The numbers of each page, following the Link header."""
    url: httpx2.URL | str | None = f"{REQUESTS}?{'&'.join(f'{k}={v}' for k, v in query.items())}"
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.text
        yield [i["number"] for i in response.json()["items"]]
        url = response.links.get("next", {}).get("url")


def _found(client: httpx2.Client, **query: str) -> list[int]:
    response = client.get(REQUESTS, params=query)
    assert response.status_code == 200, response.text
    return [i["number"] for i in response.json()["items"]]


@pytest.mark.req("INT-5")
def test_pages_are_whole_and_newest_first(alice: httpx2.Client) -> None:
    numbers = [asked(alice) for _ in range(7)]
    pages = list(_pages(alice, limit="3"))
    assert [len(p) for p in pages] == [3, 3, 1]
    assert [n for page in pages for n in page] == numbers[::-1]


@pytest.mark.req("INT-5")
def test_pages_have_no_gap_and_no_double_while_requests_come_in(alice: httpx2.Client) -> None:
    numbers = [asked(alice) for _ in range(6)]
    seen: list[int] = []
    for page in _pages(alice, limit="2"):
        seen += page
        asked(alice)  # between two pages
    assert seen == numbers[::-1]


@pytest.mark.req("INT-5")
def test_a_search_finds_by_state_operation_place_time_and_text(alice: httpx2.Client, opal: httpx2.Client) -> None:
    waiting = asked(alice, description="月末结账 100%")
    pending = asked(alice, operation="favour", description="month end")
    rejected = asked(alice, operation="favour")
    opal.post(f"{REQUESTS}/{rejected}/reject", json={"opinion": "请改到周末"})
    assert _found(alice, state="pending") == [pending]
    assert _found(alice, state="rejected") == [rejected]
    assert _found(alice, execution="waiting") == [waiting]
    assert _found(alice, operation="favour") == [rejected, pending]
    assert _found(alice, text="结账 100%") == [waiting]
    assert _found(alice, text="MONTH") == [pending]
    assert _found(alice, text="周末") == [rejected]
    assert _found(alice, text="0_") == []
    assert _found(alice, place="acme/prod") == [rejected, pending, waiting]
    assert _found(alice, place="acme/other") == []
    assert _found(alice, asked_from=ahead(minutes=1)) == []
    assert _found(alice, asked_to=ahead(minutes=1), asked_from=ahead(minutes=-1)) == [rejected, pending, waiting]


def test_several_execution_states_may_be_asked_for(alice: httpx2.Client) -> None:
    waiting, pending = asked(alice), asked(alice, operation="favour")
    response = alice.get(f"{REQUESTS}?execution=waiting&execution=pending")
    assert [i["number"] for i in response.json()["items"]] == [pending, waiting]


def test_the_operator_lists_one_tenant(alice: httpx2.Client, bob: httpx2.Client, opal: httpx2.Client) -> None:
    first, second = asked(alice), asked(bob, place="beta/prod")
    assert _found(opal) == [second, first]
    assert _found(opal, tenant="beta") == [second]


@pytest.mark.req("CARD-6")
def test_an_operation_is_described_as_a_form_needs_it(alice: httpx2.Client) -> None:
    names = [o["name"] for o in alice.get("/api/v1/operations").json()["items"]]
    restart = alice.get("/api/v1/operations/iis-restart").json()
    assert "iis-restart" in names
    assert restart["title"] == {"zh": "重启IIS", "en": "Restart IIS"}
    assert restart["params"]["properties"]["order"]["enum"] == ["one-by-one", "all-at-once"]
    assert restart["interrupts_users"] is True


def test_an_operation_that_is_none_is_not_found(alice: httpx2.Client) -> None:
    response = alice.get("/api/v1/operations/format-disk")
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


def test_places_are_those_one_may_name_in_a_request(alice: httpx2.Client) -> None:
    (place,) = alice.get("/api/v1/places").json()["items"]
    assert (place["path"], place["title"], place["hosts"]) == ("acme/prod", "账套测试 / 正式环境", ["app1"])
    assert asked(alice, place=place["path"]) == 1
