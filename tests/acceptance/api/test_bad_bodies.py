"""Bodies that are not what they say, in every way there is: refused with a reason, and nothing is stored."""

import socket
from collections.abc import Callable, Iterator

import httpx2
import pytest

from intake.desk import Desk
from intake.read import head
from portal.limits import Limits
from portal.serve import Served
from tests.acceptance.api.hall import client_of, served, wish

REQUESTS = "/api/v1/requests"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def patient(desk: Desk) -> Iterator[Served]:
    """A server that waits for a body only for a moment."""
    with served(desk, Limits(body_s=0.3)) as running:
        yield running


@pytest.mark.req("CARD-6", "INT-2")
@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        (b'{"operation": "nap", "place": "\xff\xfe"}', "body", "not-utf-8"),
        (b'{"operation": "nap",', "body", "not-json"),
        (b"", "body", "not-an-object"),
        (b"[]", "body", "not-an-object"),
        (b'"nap"', "body", "not-an-object"),
        (b'{"operation": "nap", "operation": "iis-restart"}', "operation", "duplicate"),
        (b'{"params": {"seconds": 1, "seconds": 2}}', "params.seconds", "duplicate"),
        (b'{"params": {"seconds": NaN}}', "params.seconds", "no-number"),
        (b'{"params": {"seconds": -Infinity}}', "params.seconds", "no-number"),
        (b'{"params": {"seconds": 1e999}}', "params.seconds", "no-number"),
        (b'{"params": {"list": [1, NaN]}}', "params.list[1]", "no-number"),
        (b'{"params": {"seconds": ' + b"9" * 5000 + b"}}", "body", "no-number"),
        (b'{"description": "\\ud800"}', "description", "not-utf-8"),
        (b'{"\\udc00": 1}', "body", "not-utf-8"),
        (b'{"params": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body", "too-deep"),
        (b'{"a":{"b":' + b"[" * 19 + b"]" * 19 + b"}}", "a.b" + "[0]" * 18, "too-deep"),
    ],
)
def test_what_is_not_plain_json_is_refused(alice: httpx2.Client, desk: Desk, raw: bytes, path: str, code: str) -> None:
    before = head(desk)
    response = alice.post(REQUESTS, content=raw, headers=JSON)
    assert response.status_code == 422, response.text
    assert (path, code) in {(e["path"], e["code"]) for e in response.json()["errors"]}
    assert head(desk) == before


def test_all_mistakes_of_the_json_are_told_at_once(alice: httpx2.Client) -> None:
    raw = b'{"a": NaN, "b": 1, "b": 2, "c": "\\udfff"}'
    errors = alice.post(REQUESTS, content=raw, headers=JSON).json()["errors"]
    assert {(e["path"], e["code"]) for e in errors} == {("a", "no-number"), ("b", "duplicate"), ("c", "not-utf-8")}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"])
def test_other_content_types_are_not_read(alice: httpx2.Client, kind: str) -> None:
    response = alice.post(REQUESTS, content=b"{}", headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "wrong-content-type")


def test_an_oversized_body_is_refused_by_its_length(alice: httpx2.Client, desk: Desk) -> None:
    before = head(desk)
    response = alice.post(REQUESTS, json=wish(description="x" * 1_100_000))
    assert (response.status_code, response.json()["code"]) == (413, "too-large")
    assert head(desk) == before


def test_an_oversized_body_without_a_length_is_refused_as_it_comes(alice: httpx2.Client) -> None:
    parts = (b" " * 65536 for _ in range(32))
    response = alice.post(REQUESTS, content=parts, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "too-large")


def test_a_body_that_does_not_come_is_not_waited_for(patient: Served, token: Callable[..., str]) -> None:
    head_lines = (
        f"POST {REQUESTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('alice')}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((patient.host, patient.port), timeout=10) as wire:
        wire.sendall(head_lines.encode())
        assert wire.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_text_with_control_characters_is_refused(alice: httpx2.Client) -> None:
    response = alice.post(REQUESTS, json=wish(description="a\x00b"))
    assert [(e["path"], e["code"]) for e in response.json()["errors"]] == [("description", "control-characters")]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=ten",
        "cursor=0",
        "cursor=1;drop",
        "state=odd",
        "execution=odd",
        "asked_from=yesterday",
        "asked_to=2026-01-01T00:00:00",
        "text=%00",
        "sort=number",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_query_is_a_mistake_with_its_name(alice: httpx2.Client, query: str) -> None:
    response = alice.get(f"{REQUESTS}?{query}")
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["path"].split(".")[0] == query.split("=", maxsplit=1)[0]
    assert error["zh"] != error["en"]


def test_all_mistakes_of_a_query_are_told_at_once(alice: httpx2.Client) -> None:
    errors = alice.get(f"{REQUESTS}?limit=0&sort=x&asked_from=never").json()["errors"]
    assert {e["path"] for e in errors} == {"limit", "sort", "asked_from"}


def test_routes_without_a_query_refuse_one(alice: httpx2.Client) -> None:
    response = alice.get("/api/v1/operations?page=2")
    assert (response.status_code, response.json()["errors"][0]["path"]) == (422, "page")


@pytest.mark.parametrize("number", ["0", "-1", "one", str(2**63)])
def test_a_number_that_cannot_be_is_a_mistake(alice: httpx2.Client, number: str) -> None:
    response = alice.get(f"{REQUESTS}/{number}")
    assert (response.status_code, response.json()["errors"][0]["path"]) == (422, "number")


def test_an_address_that_is_none_and_a_method_that_is_none_say_so(alice: httpx2.Client) -> None:
    nowhere, wrong = alice.get("/api/v2/requests"), alice.delete(REQUESTS)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no-route")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("accept", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "请求有误"),
        ("en-GB,zh;q=0.1", "The request has mistakes"),
        ("", "The request has mistakes"),
    ],
)
def test_a_problem_is_told_in_the_readers_language_and_in_both(
    server: Served, token: Callable[..., str], accept: str, title: str
) -> None:
    with client_of(server, token("alice"), **{"Accept-Language": accept}) as alice:
        body = alice.post(REQUESTS, json={}).json()
    assert body["title"] == title
    assert set(body["text"]) == {"zh", "en"}
