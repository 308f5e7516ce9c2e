"""People are told: the API shows what was sent, a real worker sends it, and contacts are the provider's to set."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from intake.people import issue_token, put_account
from lab.smtp import SmtpServer
from playbooks import OPERATIONS
from portal.serve import Served
from tests.acceptance.api.hall import ACCOUNTS, Favour, Nap, ahead, asked, client_of, estate, paths, served
from wiring import Product, Settings, make_worker, open_product


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    yield server
    server.close()


@pytest.fixture
def telling(tmp_path: Path, smtp: SmtpServer) -> Iterator[Product]:
    """A deployment that sends mail, with every account of the hall."""
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(estate(), allow_unicode=True), encoding="utf-8")
    mail = f"smtp://127.0.0.1:{smtp.port}?from=ops%40yunwei.example&tls=none"
    settings = Settings(home=tmp_path / "var", estate=file, bell="memory:", mail=mail)
    product = open_product(settings, (*OPERATIONS, Nap, Favour))
    for name, (tenant, roles) in ACCOUNTS.items():
        put_account(product.desk, "test", name, tenant, roles)
    yield product
    product.close()


@pytest.mark.req("INT-3")
def test_a_worker_tells_the_requester_how_it_ended(telling: Product, smtp: SmtpServer) -> None:
    opener = issue_token(telling.desk, "test", "alice", ["read", "submit"]).open()
    worker = make_worker(telling)
    worker.start()
    try:
        with served(telling.desk) as server, client_of(server, opener) as alice:
            asked(alice, email="alice@acme.example", planned_at=ahead(seconds=2))
            (mail,) = smtp.switch.wait_for(1)
    finally:
        assert worker.stop(grace_s=10.0) == []
    assert mail.recipients == ("alice@acme.example",)


@pytest.mark.req("INT-3")
def test_operators_see_what_was_sent_and_have_it_sent_again(
    server: Served, alice: httpx2.Client, opal: httpx2.Client
) -> None:
    number = asked(alice, email="alice@acme.example")
    alice.post(f"/api/v1/requests/{number}/cancel", json={"reason": "改期"}).raise_for_status()
    (message,) = opal.get("/api/v1/messages", params={"job": number}).json()["items"]
    assert (message["kind"], message["state"], message["recipient"]) == ("cancelled", "off", "alice@acme.example")
    assert "body" not in message
    again = opal.post(f"/api/v1/messages/{message['id']}/retry")
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    assert opal.post(f"/api/v1/messages/{message['id']}/retry").status_code == 409
    assert opal.post("/api/v1/messages/999/retry").status_code == 404
    assert opal.get("/api/v1/messages", params={"state": "off"}).json() == {"items": [], "next": None}


def test_messages_are_paged(alice: httpx2.Client, opal: httpx2.Client) -> None:
    for _ in range(3):
        number = asked(alice, email="alice@acme.example")
        alice.post(f"/api/v1/requests/{number}/cancel", json={"reason": "改期"}).raise_for_status()
    first = opal.get("/api/v1/messages", params={"limit": 2}).json()
    rest = opal.get("/api/v1/messages", params={"limit": 2, "cursor": first["next"]}).json()
    assert len({m["id"] for m in first["items"] + rest["items"]}) == 3
    assert rest["next"] is None


def test_messages_are_no_tenants_business(alice: httpx2.Client) -> None:
    assert alice.get("/api/v1/messages").status_code == 403
    assert alice.post("/api/v1/messages/1/retry").status_code == 403


def test_a_contact_is_set_by_an_administrator_of_the_provider(server: Served, token: Callable[..., str]) -> None:
    with client_of(server, token("opal", "admin")) as admin:
        answer = admin.patch("/api/v1/people/alice", json={"email": "a@acme.example", "phone": "+8613812345678"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["email"], answer.json()["phone"]) == ("a@acme.example", "••••5678")
        assert admin.patch("/api/v1/people/alice", json={"email": None}).json()["email"] == ""
        assert admin.patch("/api/v1/people/nobody", json={"email": None}).status_code == 404
        wrong = admin.patch("/api/v1/people/alice", json={"email": "x", "phone": "110", "fax": "1"})
        assert (wrong.status_code, paths(wrong)) == (422, {"email", "phone", "fax"})
    with client_of(server, token("alice")) as alice:
        assert alice.get("/api/v1/me").json()["phone"] == "••••5678"


def test_nobody_sets_a_phone_without_that_right(server: Served, token: Callable[..., str]) -> None:
    change = {"phone": "+8613812345678"}
    for who, scope in (("opal", "operate"), ("alice", "submit"), ("alice", "admin")):
        with client_of(server, token(who, scope)) as client:
            assert client.patch("/api/v1/people/alice", json=change).status_code == 403
