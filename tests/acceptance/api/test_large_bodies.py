"""Large bodies are held a few at a time, wait for their turn unread, and are not read from who may not send them."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request

import portal.api.scripts
from domain.errors import Conflict
from domain.text import Text
from intake.desk import Desk
from intake.scripts import MAX_BYTES
from portal.app import make_app
from portal.bodies import received
from portal.limits import Limits
from portal.problems import TooLarge
from portal.serve import Served, serve
from tests.acceptance.api.hall import asked, client_of, served

pytestmark = pytest.mark.req("INT-2")
SCRIPTS = "/api/v1/scripts"
ONE_AT_A_TIME = Limits(large_bodies=1, body_bytes=10)


class Sender:
    """A request whose body is asked for; `asked` counts how often."""

    def __init__(self, app: FastAPI, body: bytes, *, told: str | None) -> None:
        self.asked = 0
        self._body = body
        length = [(b"content-length", told.encode())] if told else [(b"transfer-encoding", b"chunked")]
        scope = {"type": "http", "method": "POST", "path": SCRIPTS, "headers": length, "app": app}
        self.request = Request(scope, self.receive)

    async def receive(self) -> dict[str, object]:
        self.asked += 1
        return {"type": "http.request", "body": self._body, "more_body": False}


async def settled() -> None:
    """Whatever can go on without a clock has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def read(request: Request) -> bytes:
    async with received(request) as raw:
        return raw


@pytest.mark.parametrize("told", ["20", None])
def test_a_large_body_is_not_read_while_another_is_held(desk: Desk, told: str | None) -> None:
    async def scene() -> None:
        app = make_app(desk, ONE_AT_A_TIME)
        first, second = (Sender(app, b"x" * 20, told=told) for _ in range(2))
        small = Sender(app, b"x" * 10, told="10")
        async with received(first.request) as raw:
            assert raw == b"x" * 20
            waiting = asyncio.create_task(read(second.request))
            await settled()
            assert (second.asked, waiting.done()) == (0, False)
            assert await read(small.request) == b"x" * 10
        assert await waiting == b"x" * 20

    asyncio.run(scene())


def test_a_body_that_is_refused_gives_its_place_back(desk: Desk) -> None:
    async def scene() -> None:
        app = make_app(desk, Limits(large_bodies=1, body_bytes=10, script_bytes=15))
        with pytest.raises(TooLarge):
            await read(Sender(app, b"x" * 20, told=None).request)
        assert app.state.large_bodies.borrowed_tokens == 0
        assert await read(Sender(app, b"x" * 12, told="12").request) == b"x" * 12

    asyncio.run(scene())


@pytest.fixture
def narrow(desk: Desk) -> Iterator[Served]:
    """A server with one place for large bodies, which waits for a body only for a moment."""
    with served(desk, Limits(large_bodies=1, body_bytes=1000, body_s=0.3)) as running:
        yield running


def begun(server: Served, token: str, address: str, length: int) -> socket.socket:
    """A connection on which the head of a request was sent, and the first byte of its body."""
    wire = socket.create_connection((server.host, server.port), timeout=10)
    head = f"POST {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\nx"
    wire.sendall(head.encode())
    return wire


def test_who_sends_a_large_body_slowly_loses_the_place_to_the_next(narrow: Served, token: Callable[..., str]) -> None:
    opal = token("opal")
    with closing(begun(narrow, opal, f"{SCRIPTS}?place=acme/prod", MAX_BYTES)) as slow:
        with client_of(narrow, opal) as client:
            answer = client.post(SCRIPTS, params={"place": "acme/prod"}, content=b"x" * 2000)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "wrong-target")
        assert slow.recv(65536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("who", "address", "status"),
    [
        ("alice", f"{SCRIPTS}?place=acme/prod", 403),
        ("bob", f"{SCRIPTS}?place=acme/prod", 404),
        ("bob", "/api/v1/requests/{number}/attachments?name=a", 404),
        ("dora", "/api/v1/letters/{letter}/scans?name=a.pdf", 403),
        ("bob", "/api/v1/letters/{letter}/scans?name=a.pdf", 404),
    ],
)
def test_who_may_not_send_a_file_is_told_before_it_is_read(
    alice: httpx2.Client, server: Served, token: Callable[..., str], who: str, address: str, status: int
) -> None:
    letter = alice.post("/api/v1/letters", json={"kind": "download", "reason": "r"}).json()["number"]
    at = address.format(number=asked(alice), letter=letter)
    with closing(begun(server, token(who), at, 5_000_000)) as wire:
        assert wire.recv(65536).startswith(f"HTTP/1.1 {status} ".encode())


def test_scripts_are_reviewed_a_few_at_a_time(
    desk: Desk, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, seen = make_app(desk, Limits(reviews=1)), []

    def reviewed(*_given: object) -> None:
        seen.append((app.state.reviewing.borrowed_tokens, app.state.reviewing.total_tokens))
        raise Conflict(Text("够了", "that is enough"))

    monkeypatch.setattr(portal.api.scripts, "hand_in", reviewed)
    running = serve(app, "127.0.0.1", 0, grace_s=2.0)
    try:
        with client_of(running, token("opal")) as client:
            assert client.post(SCRIPTS, params={"place": "acme/prod"}, content=b"x").status_code == 409
    finally:
        assert running.stop()
    assert seen == [(1, 1)]
