"""One-time codes as a tenant meets them: asked for over HTTP, read on the phone that the gateway serves, used once."""

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
import yaml

from domain.operation import Traits
from domain.text import Text
from intake.people import issue_token, put_account, set_contact
from lab.sms import SmsServer, sms_server
from runner.worker import Pace
from tests.acceptance.api.hall import Nap, client_of, estate, served
from wiring import Product, Settings, make_worker, open_product

pytestmark = pytest.mark.req("INT-10")
HOME, CODES = "/api/v1/requests", "/api/v1/codes"
WISH: dict[str, Any] = {
    "operation": "vault",
    "place": "acme/prod",
    "planned_at": (datetime.now(UTC) + timedelta(hours=3)).isoformat(),
}
Clients = Callable[[str], httpx2.Client]


@dataclass(frozen=True, kw_only=True)
class Vault(Nap):
    """Wait a moment, behind a one-time code."""

    name: ClassVar[str] = "vault"
    title: ClassVar[Text] = Text("金库", "Vault")
    traits: ClassVar[Traits] = replace(Nap.traits, code=True)


@pytest.fixture
def gateway() -> Iterator[SmsServer]:
    with sms_server("t0k") as server:
        yield server


@pytest.fixture
def product(tmp_path: Path, gateway: SmsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """An installation with a gateway and a worker, and alice with a phone; dora has none."""
    monkeypatch.setenv("SMS_TOKEN", "t0k")
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(estate(), allow_unicode=True), encoding="utf-8")
    sms = f"{gateway.url}?token=env:SMS_TOKEN"
    opened = open_product(Settings(home=tmp_path / "var", estate=file, bell="memory:", sms=sms), (Vault, Nap))
    for name in ("alice", "dora"):
        put_account(opened.desk, "test", name, "acme", ["it-ops"])
    put_account(opened.desk, "test", "opal", None, ["operator"])
    set_contact(opened.desk, "opal", "alice", {"phone": "+8613800001234"})
    worker = make_worker(opened, Pace(slots=1, lease_s=5.0))
    worker.start()
    yield opened
    worker.stop(10.0)
    opened.close()


@pytest.fixture
def client(product: Product) -> Iterator[Clients]:
    with served(product.desk) as running:
        opened: list[Any] = []

        def make(name: str) -> httpx2.Client:
            token = issue_token(product.desk, "test", name, ["read", "submit", "operate"]).open()
            opened.append(client_of(running, token))
            return opened[-1].__enter__()

        yield make
        for each in opened:
            each.__exit__(None, None, None)


def digits(gateway: SmsServer, nth: int = 1) -> str:
    found = re.search(r"\b\d{6}\b", gateway.wait(nth)[nth - 1]["text"])
    assert found
    return found[0]


def test_a_code_comes_by_the_gateway_and_lets_one_request_in(client: Clients, gateway: SmsServer) -> None:
    alice = client("alice")
    assert alice.post(HOME, json=WISH).status_code == 403
    sent = alice.post(CODES, json=WISH)
    assert sent.status_code == 202, sent.text
    assert sent.json()["to"].endswith("1234")
    assert "380000" not in sent.text
    code = digits(gateway)
    message = gateway.messages[0]
    assert (message["to"], "acme/prod" in message["text"], "金库" in message["text"], "Vault" in message["text"]) == (
        "+8613800001234", True, True, True)  # fmt: skip
    head = {"Idempotency-Key": "k-1"}
    first = alice.post(HOME, json={**WISH, "code": code}, headers=head)
    assert first.status_code == 201, first.text
    again = alice.post(HOME, json=WISH, headers=head)
    assert (again.status_code, again.json()["number"]) == (200, first.json()["number"])
    assert alice.post(HOME, json={**WISH, "code": code}).status_code == 403, "it was used"


def test_a_refusal_says_what_is_wrong_how_many_tries_are_left_and_when_a_new_one_can_be_had(
    client: Clients, gateway: SmsServer
) -> None:
    alice = client("alice")
    sent = alice.post(CODES, json=WISH).json()
    wrong = "000000" if digits(gateway) != "000000" else "111111"
    refused = alice.post(HOME, json={**WISH, "code": wrong})
    assert refused.status_code == 403
    reason = next(r for r in refused.json()["decision"]["reasons"] if r["policy"] == "codes")
    assert (reason["values"]["state"], reason["values"]["left"]) == ("wrong", 4)
    assert reason["values"]["resend_at"] == sent["resend_at"]
    assert wrong not in refused.text
    soon = alice.post(CODES, json=WISH)
    assert (soon.status_code, soon.json()["facts"]["resend_at"]) == (409, sent["resend_at"])


def test_who_has_no_phone_and_what_needs_no_code_are_told_so(client: Clients, gateway: SmsServer) -> None:
    none = client("dora").post(CODES, json=WISH)
    assert (none.status_code, [e["code"] for e in none.json()["errors"]]) == (422, ["no-phone"])
    plain = client("alice").post(CODES, json={**WISH, "operation": "nap"})
    assert (plain.status_code, [e["code"] for e in plain.json()["errors"]]) == (422, ["no-code"])
    assert gateway.asked == 0


def test_an_edit_needs_a_code_for_the_new_parameters(client: Clients, gateway: SmsServer) -> None:
    alice = client("alice")
    assert alice.post(CODES, json=WISH).status_code == 202
    number = alice.post(HOME, json={**WISH, "code": digits(gateway)}).json()["number"]
    head = {"If-Match": alice.get(f"{HOME}/{number}").headers["ETag"]}
    change = {"params": {"seconds": 0.5}}
    assert alice.patch(f"{HOME}/{number}", json=change, headers=head).status_code == 403
    assert alice.post(CODES, json={"request": number, **change}).status_code == 202
    code = digits(gateway, 2)
    other = alice.patch(f"{HOME}/{number}", json={"params": {"seconds": 9.0}, "code": code}, headers=head)
    assert other.status_code == 403
    assert alice.patch(f"{HOME}/{number}", json={**change, "code": code}, headers=head).status_code == 200


def test_the_digits_are_in_no_answer_no_log_and_no_byte_of_the_database(
    client: Clients, gateway: SmsServer, product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    """After it was sent and used: what the store has of it is a keyed digest.

    The write-ahead log is emptied first: until SQLite goes over it again, it holds what was written last.
    """
    caplog.set_level(logging.DEBUG)
    alice, opal = client("alice"), client("opal")
    alice.post(CODES, json=WISH)
    code = digits(gateway)
    number = alice.post(HOME, json={**WISH, "code": code}, headers={"Idempotency-Key": "k"}).json()["number"]
    until = time.monotonic() + 20
    while opal.get("/api/v1/messages").json()["items"][0]["state"] != "sent":
        assert time.monotonic() < until
    pages = [f"{HOME}/{number}", f"{HOME}/{number}/events", "/api/v1/events", "/api/v1/messages"]
    told = "".join(opal.get(page).text for page in pages) + caplog.text
    assert found_in(code, told.encode()) == []
    home = product.settings.home
    with closing(sqlite3.connect(home / "yunwei.db", timeout=20)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        assert "code-key" in dict(connection.execute("SELECT name, value FROM setting"))
    files = {p.name: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    assert str(number).encode() in files["yunwei.db"]
    assert {name: found_in(code, data) for name, data in files.items() if found_in(code, data)} == {}


def found_in(code: str, data: bytes) -> list[bytes]:
    """The digits as a word: within longer numbers and digests six may stand by chance."""
    return re.findall(rb".{0,20}(?<![0-9a-f])" + code.encode() + rb"(?![0-9a-f])", data, re.DOTALL)
