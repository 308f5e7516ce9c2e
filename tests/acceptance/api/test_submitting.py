"""Asking over HTTP: once, whatever the client repeats; with every mistake and every reason at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from intake.desk import Desk
from intake.read import head
from portal.serve import Served
from tests.acceptance.api.hall import ahead, asked, client_of, paths, wish

REQUESTS = "/api/v1/requests"


@pytest.mark.req("CARD-6", "INT-2")
def test_a_submit_answers_its_number_its_place_and_its_decision(alice: httpx2.Client) -> None:
    response = alice.post(REQUESTS, json=wish(description="月末结账前"))
    body = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"{REQUESTS}/{body['number']}"
    assert body["state"] == "waiting"
    assert body["decision"]["verdict"] == "allow"
    shown = alice.get(response.headers["location"]).json()
    assert (shown["description"], shown["asked_by"], shown["place"]) == ("月末结账前", "alice", "acme/prod")
    assert shown["state"] == {"name": "processed", "label": {"zh": "已处理", "en": "processed"}}
    assert shown["execution"]["label"]["zh"] == "等待执行中"


@pytest.mark.req("CORE-1")
def test_the_same_key_and_body_answer_the_first_answer_again(alice: httpx2.Client) -> None:
    body, key = wish(), {"Idempotency-Key": "k-1"}
    first = alice.post(REQUESTS, json=body, headers=key)
    again = alice.post(REQUESTS, json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == first.json()


def test_the_same_key_with_another_body_is_a_mistake_and_stores_nothing(alice: httpx2.Client, desk: Desk) -> None:
    key = {"Idempotency-Key": "k-1"}
    alice.post(REQUESTS, json=wish(), headers=key)
    before = head(desk)
    other = alice.post(REQUESTS, json=wish(description="other"), headers=key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "reused"
    assert head(desk) == before


@pytest.mark.req("CORE-1")
def test_twenty_submits_at_once_with_one_key_make_one_request(alice: httpx2.Client) -> None:
    body, key = wish(), {"Idempotency-Key": "twenty"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: alice.post(REQUESTS, json=body, headers=key), range(20)))
    assert sorted(a.status_code for a in answers) == [200] * 19 + [201]
    assert len({a.json()["number"] for a in answers}) == 1
    assert len(alice.get(REQUESTS).json()["items"]) == 1


def test_keys_of_two_accounts_do_not_meet(alice: httpx2.Client, bob: httpx2.Client) -> None:
    key = {"Idempotency-Key": "mine"}
    first = alice.post(REQUESTS, json=wish(), headers=key)
    other = bob.post(REQUESTS, json=wish(place="beta/prod"), headers=key)
    assert (first.status_code, other.status_code) == (201, 201)


@pytest.mark.req("INT-2", "CORE-6")
def test_every_mistake_is_told_at_once_with_its_path_and_nothing_is_stored(alice: httpx2.Client, desk: Desk) -> None:
    before = head(desk)
    response = alice.post(
        REQUESTS,
        json={
            "operation": "nap",
            "place": "acme/nowhere",
            "params": {"seconds": "long", "what": 1},
            "planned_at": "2030-01-01T00:00:00",
            "email": "nobody",
            "colour": "red",
        },
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert paths(response) == {"place", "params.seconds", "params.what", "planned_at", "email", "colour"}
    assert all(e["zh"] and e["en"] and e["code"] for e in response.json()["errors"])
    assert head(desk) == before


def test_what_interrupts_users_must_be_confirmed(alice: httpx2.Client) -> None:
    body = wish(operation="iis-restart")
    refused = alice.post(REQUESTS, json=body)
    assert (refused.status_code, paths(refused)) == (422, {"confirm"})
    assert alice.post(REQUESTS, json={**body, "confirm": True}).status_code == 201


@pytest.mark.req("INT-11")
def test_a_refusal_names_the_policy_the_reason_and_until_when(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("freya")) as freya:
        response = freya.post(REQUESTS, json=wish(operation="iis-restart", place="frozen/prod", confirm=True))
    body = response.json()
    assert (response.status_code, body["code"]) == (403, "refused")
    against = [r for r in body["decision"]["reasons"] if r["verdict"] != "allow"]
    assert [r["policy"] for r in against] == ["freezes"]
    assert "封网" in against[0]["text"]["zh"]
    assert "frozen" in against[0]["text"]["en"]
    assert body["until"].startswith("2098-12-31T16:00:00")


@pytest.mark.req("INT-6", "INT-11")
def test_a_role_that_may_not_ask_is_refused(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("dora")) as dora:
        response = dora.post(REQUESTS, json=wish())
    assert response.status_code == 403
    reasons = response.json()["decision"]["reasons"]
    assert [r["policy"] for r in reasons if r["verdict"] == "refuse"] == ["roles"]


@pytest.mark.req("INT-8")
@pytest.mark.parametrize("planned", [{"hours": -1}, {"days": 8}])
def test_times_outside_the_allowed_range_are_refused(alice: httpx2.Client, planned: dict[str, float]) -> None:
    response = alice.post(REQUESTS, json=wish(planned_at=ahead(**planned)))
    reasons = response.json()["decision"]["reasons"]
    assert response.status_code == 403
    assert [r["policy"] for r in reasons if r["verdict"] != "allow"] == ["planning"]


@pytest.mark.req("CORE-7", "INT-8", "INT-11")
def test_a_check_says_what_would_happen_and_creates_nothing(alice: httpx2.Client, desk: Desk) -> None:
    before = head(desk)
    response = alice.post(f"{REQUESTS}/check", json=wish(operation="iis-restart"))
    body = response.json()
    assert response.status_code == 200
    assert body["decision"]["verdict"] == "allow"
    assert len(body["decision"]["reasons"]) > 5
    assert body["slots"] != []
    assert any("app1" in s["en"] for s in body["steps"])
    assert (head(desk), alice.get(REQUESTS).json()["items"]) == (before, [])


@pytest.mark.req("CORE-7")
def test_a_check_of_what_is_refused_says_why_with_200(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("freya", "read")) as freya:
        response = freya.post(f"{REQUESTS}/check", json=wish(operation="iis-restart", place="frozen/prod"))
    assert (response.status_code, response.json()["decision"]["verdict"]) == (200, "refuse")


def test_a_bulk_answers_each_wish_on_its_own_in_order(alice: httpx2.Client) -> None:
    wishes = [wish(), wish(place="nowhere"), wish(planned_at=ahead(days=9)), wish(description="last")]
    response = alice.post(f"{REQUESTS}/bulk", json={"requests": wishes})
    items = response.json()["items"]
    assert response.status_code == 207
    assert [i["status"] for i in items] == [201, 422, 403, 201]
    assert items[1]["problem"]["errors"][0]["path"] == "place"
    assert items[2]["problem"]["decision"]["verdict"] == "refuse"
    stored = [i["number"] for i in alice.get(REQUESTS).json()["items"]]
    assert stored == [items[3]["answer"]["number"], items[0]["answer"]["number"]]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "requests"),
        ({"requests": []}, "requests"),
        ({"requests": [wish()] * 501}, "requests"),
        ({"requests": [7]}, "requests[0]"),
        ({"requests": [wish()], "more": 1}, "more"),
    ],
)
def test_a_bulk_that_is_none_is_a_mistake(alice: httpx2.Client, body: dict[str, object], path: str) -> None:
    response = alice.post(f"{REQUESTS}/bulk", json=body)
    assert (response.status_code, paths(response)) == (422, {path})


@pytest.mark.req("CORE-1", "INT-2")
def test_a_bulk_that_is_repeated_with_its_key_creates_nothing_twice(alice: httpx2.Client, desk: Desk) -> None:
    wishes, key = [wish(), wish(place="nowhere"), wish(description="last")], {"Idempotency-Key": "night-7"}
    first = alice.post(f"{REQUESTS}/bulk", json={"requests": wishes}, headers=key).json()["items"]
    before = head(desk)
    again = alice.post(f"{REQUESTS}/bulk", json={"requests": wishes}, headers=key).json()["items"]
    assert [i["status"] for i in first] == [201, 422, 201]
    assert [i["status"] for i in again] == [200, 422, 200]
    assert [again[n]["answer"] for n in (0, 2)] == [first[n]["answer"] for n in (0, 2)]
    assert (head(desk), len(alice.get(REQUESTS).json()["items"])) == (before, 2)


@pytest.mark.req("CORE-1")
def test_a_body_that_contradicts_its_place_in_the_bulk_is_a_mistake_of_its_own(alice: httpx2.Client) -> None:
    key, one, two = {"Idempotency-Key": "night-7"}, wish(description="one"), wish(description="two")
    alice.post(f"{REQUESTS}/bulk", json={"requests": [one]}, headers=key)
    items = alice.post(f"{REQUESTS}/bulk", json={"requests": [two, one]}, headers=key).json()["items"]
    assert [i["status"] for i in items] == [422, 201]
    assert items[0]["problem"]["errors"][0]["code"] == "reused"


@pytest.mark.parametrize("path", ["", "/bulk"])
def test_a_key_that_is_too_long_is_a_mistake_and_stores_nothing(alice: httpx2.Client, path: str) -> None:
    body = {"requests": [wish()]} if path else wish()
    response = alice.post(f"{REQUESTS}{path}", json=body, headers={"Idempotency-Key": "k" * 201})
    assert (response.status_code, paths(response)) == (422, {"Idempotency-Key"})
    assert alice.get(REQUESTS).json()["items"] == []


def test_another_tenants_place_does_not_exist(alice: httpx2.Client) -> None:
    foreign = alice.post(REQUESTS, json=wish(place="beta/prod")).json()["errors"]
    nowhere = alice.post(REQUESTS, json=wish(place="beta/none")).json()["errors"]
    assert [e["code"] for e in foreign] == [e["code"] for e in nowhere] == ["unknown"]
    assert foreign[0]["en"].replace("beta/prod", "x") == nowhere[0]["en"].replace("beta/none", "x")


def test_a_number_grows_with_each_request(alice: httpx2.Client) -> None:
    assert asked(alice) < asked(alice)
