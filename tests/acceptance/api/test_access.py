"""Who gets in, and what for: tokens, scopes, and tenants who know nothing of each other."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx2
import pytest

from intake.desk import Desk
from intake.people import issue_token, put_account, revoke_token
from portal.limits import Limits
from portal.serve import Served
from tests.acceptance.api.hall import asked, client_of, served, wish

REQUESTS = "/api/v1/requests"
ACTIONS = {
    "cancel": {"reason": "r"},
    "accept": {},
    "reject": {"opinion": "o"},
    "resolve": {"word": "done", "opinion": "o"},
    "rating": {"level": 5},
}


@pytest.mark.req("CARD-6")
@pytest.mark.parametrize("shown", [None, "yw_000000000000_" + "A" * 43, "nonsense", "密码"])
def test_without_a_token_that_opens_nobody_gets_in(server: Served, shown: str | None) -> None:
    headers = {"Authorization": f"Bearer {shown}".encode()} if shown is not None else {}
    response = httpx2.get(f"{server.url}{REQUESTS}", headers=headers, trust_env=False)
    assert (response.status_code, response.json()["code"]) == (401, "no-entry")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_token_of_another_scheme_is_none(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, None, Authorization=f"Basic {token('alice')}") as client:
        assert client.get(REQUESTS).status_code == 401


def test_a_revoked_an_expired_and_a_disabled_accounts_token_open_nothing(
    server: Served, desk: Desk, token: Callable[..., str]
) -> None:
    revoked, disabled = token("alice"), token("bob")
    expired = issue_token(desk, "test", "alice", ["read"], lasts=timedelta(0)).open()
    revoke_token(desk, "test", revoked.split("_")[1])
    put_account(desk, "test", "bob", "beta", ["it-ops"], active=False)
    for presented in (revoked, expired, disabled):
        with client_of(server, presented) as client:
            assert client.get(REQUESTS).status_code == 401


def test_a_token_to_read_reads_and_changes_nothing(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("alice")) as alice:
        number = asked(alice)
    with client_of(server, token("alice", "read")) as reader:
        assert reader.get(f"{REQUESTS}/{number}").status_code == 200
        refused = [reader.post(REQUESTS, json=wish()), reader.post(f"{REQUESTS}/bulk", json={"requests": [wish()]})]
        refused += [reader.post(f"{REQUESTS}/{number}/{a}", json=body) for a, body in ACTIONS.items()]
        refused += [reader.patch(f"{REQUESTS}/{number}", json={"description": "x"}, headers={"If-Match": "*"})]
        assert {(r.status_code, r.json()["code"]) for r in refused} == {(403, "denied")}
        assert 'scope="submit"' in refused[0].headers["www-authenticate"]
        assert len(reader.get(REQUESTS).json()["items"]) == 1


def test_a_token_to_submit_does_not_read(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("alice", "submit")) as asker:
        number = asked(asker)
        for path in (
            REQUESTS,
            f"{REQUESTS}/{number}",
            f"{REQUESTS}/{number}/events",
            "/api/v1/events",
            "/api/v1/places",
        ):
            assert asker.get(path).status_code == 403


@pytest.mark.req("INT-6")
def test_a_tenants_account_cannot_do_an_operators_work_whatever_its_scopes(
    alice: httpx2.Client, opal: httpx2.Client
) -> None:
    number = asked(alice, operation="favour")
    answers = [alice.post(f"{REQUESTS}/{number}/{a}", json=ACTIONS[a]) for a in ("accept", "reject", "resolve")]
    answers += [
        alice.post("/api/v1/audit/verify"),
        alice.post("/api/v1/workers/all/pause"),
        alice.get("/api/v1/workers"),
    ]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "denied")}
    assert opal.get(f"{REQUESTS}/{number}").json()["state"]["name"] == "pending"


@pytest.mark.req("CARD-6")
def test_another_tenants_request_does_not_exist(alice: httpx2.Client, bob: httpx2.Client) -> None:
    number = asked(alice)
    here = f"{REQUESTS}/{number}"
    answers = [bob.get(here), bob.get(f"{here}/versions"), bob.get(f"{here}/events")]
    answers += [bob.get(f"{here}/events", headers={"Accept": "text/event-stream"})]
    answers += [bob.post(f"{here}/cancel", json={"reason": "r"}), bob.post(f"{here}/rating", json={"level": 1})]
    answers += [bob.patch(here, json={"description": "x"}, headers={"If-Match": "*"})]
    assert {a.status_code for a in answers} == {404}
    assert bob.get(f"{REQUESTS}/{number + 1}").json()["code"] == answers[0].json()["code"]


def test_lists_places_and_the_feed_hold_nothing_of_another_tenant(alice: httpx2.Client, bob: httpx2.Client) -> None:
    asked(alice)
    own = asked(bob, place="beta/prod")
    assert [i["number"] for i in bob.get(REQUESTS).json()["items"]] == [own]
    assert bob.get(f"{REQUESTS}?tenant=acme").json()["items"] == []
    assert {p["tenant"] for p in bob.get("/api/v1/places").json()["items"]} == {"beta"}
    assert {e["tenant"] for e in bob.get("/api/v1/events").json()["items"]} == {"beta"}


def test_the_provider_sees_every_tenant(alice: httpx2.Client, opal: httpx2.Client) -> None:
    number = asked(alice)
    assert opal.get(f"{REQUESTS}/{number}").status_code == 200
    assert len(opal.get("/api/v1/places").json()["items"]) == 3


def test_everybody_may_know_who_they_are(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("alice", "submit")) as alice:
        me = alice.get("/api/v1/me").json()
    assert me == {
        "name": "alice",
        "tenant": "acme",
        "roles": ["it-ops"],
        "scopes": ["submit"],
        "email": "",
        "phone": "",
    }


@pytest.fixture
def narrow(desk: Desk) -> Iterator[Served]:
    """A server that lets a token ask three times, and then once in a thousand seconds."""
    with served(desk, Limits(burst=3, rate_per_s=0.001)) as running:
        yield running


def test_a_token_that_asks_too_often_is_told_when_to_come_back(narrow: Served, token: Callable[..., str]) -> None:
    with client_of(narrow, token("alice")) as alice, client_of(narrow, token("bob")) as bob:
        left = [alice.get("/api/v1/me").headers["ratelimit-remaining"] for _ in range(3)]
        refused = alice.get("/api/v1/me")
        assert left == ["2", "1", "0"]
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many")
        assert 900 < int(refused.headers["retry-after"]) <= 1000
        assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == ("3", "0")
        assert bob.get("/api/v1/me").status_code == 200


def test_every_answer_carries_the_security_headers(alice: httpx2.Client, server: Served) -> None:
    for response in (alice.get(REQUESTS), alice.get("/nowhere"), httpx2.get(f"{server.url}/healthz", trust_env=False)):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"
        assert "server" not in response.headers
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.req("CORE-8")
def test_no_token_is_logged(alice: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = alice.headers["authorization"].removeprefix("Bearer ")
    alice.get(REQUESTS)
    alice.post(REQUESTS, json={})
    assert shown not in caplog.text
    assert shown.split("_", 2)[2] not in caplog.text
