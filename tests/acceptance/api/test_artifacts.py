"""Artifacts over HTTP: lists, downloads whole and in part, counted to the byte, and links without a token."""

import asyncio
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

import intake.downloads
from domain.artifact import CHUNK_BYTES
from domain.event import Kind
from domain.keeping import Record
from domain.usage import TrafficKind
from intake.desk import Desk
from intake.read import feed
from intake.traffic import usage
from playbooks import OPERATIONS
from portal.serve import Served
from tests.acceptance.api.hall import client_of, eventually, paths
from tests.acceptance.api.store_room import OPAL, SHELF, kept, with_data_centers, with_letters
from wiring import Product, Settings, open_product

pytestmark = pytest.mark.req("DC-4")
CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(with_data_centers(), allow_unicode=True), encoding="utf-8")
    opened = open_product(Settings(home=tmp_path / "var", estate=file, bell="memory:"), OPERATIONS)
    yield opened
    opened.close()


@pytest.fixture
def record(desk: Desk, alice: httpx2.Client) -> Record:
    with_letters(desk, "download")
    return kept(desk, CONTENT)


@pytest.fixture
def content(record: Record) -> str:
    return f"{SHELF}/{record.id}/content"


def used(desk: Desk) -> int | None:
    return usage(desk, OPAL, "acme").traffic.used


@pytest.mark.req("DC-2", "CARD-6")
def test_my_backups_are_listed_page_by_page(alice: httpx2.Client, bob: httpx2.Client, desk: Desk) -> None:
    made = {kept(desk, CONTENT, run=str(n)).id for n in range(5)}
    first = alice.get(SHELF, params={"limit": 3, "kind": "backup"}).json()
    rest = alice.get(SHELF, params={"limit": 3, "cursor": first["next"]}).json()
    items = first["items"] + rest["items"]
    assert ({i["id"] for i in items}, len(items), rest["next"]) == (made, 5, None)
    shown = items[0]
    assert shown["kind"] == {"name": "backup", "label": {"zh": "云端备份", "en": "backup"}}
    assert (shown["state"]["name"], shown["size"]) == ("ready", SIZE)
    assert alice.get(f"{SHELF}/{shown['id']}").json() == shown
    assert bob.get(SHELF).json()["items"] == []
    assert bob.get(f"{SHELF}/{shown['id']}").status_code == 404
    wrong = alice.get(SHELF, params={"state": "x", "cursor": "1", "limit": 0, "colour": "red"})
    assert (wrong.status_code, paths(wrong)) == (422, {"state", "cursor", "limit", "colour"})


@pytest.mark.req("USE-1")
def test_what_leaves_is_counted_on_its_way_by_a_thread_and_never_by_the_event_loop(
    alice: httpx2.Client, desk: Desk, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[int, bool]] = []

    def count(_desk: Desk, _tenant: str, _kind: TrafficKind, sent: int) -> None:
        counted.append((sent, asyncio._get_running_loop() is not None))

    monkeypatch.setattr(intake.downloads, "COUNT_EVERY", 1)
    monkeypatch.setattr(intake.downloads, "count", count)
    whole = b"x" * (3 * CHUNK_BYTES)
    assert alice.get(f"{SHELF}/{kept(desk, whole, run='long').id}/content").content == whole
    assert counted == [(CHUNK_BYTES, False)] * 2


@pytest.mark.req("USE-1")
def test_a_download_is_whole_and_counted(alice: httpx2.Client, desk: Desk, content: str, record: Record) -> None:
    response = alice.get(content)
    assert (response.status_code, response.content) == (200, CONTENT)
    headers = response.headers
    assert (headers["etag"], headers["accept-ranges"]) == (f'"{hashlib.sha256(CONTENT).hexdigest()}"', "bytes")
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].endswith("filename*=UTF-8''%E8%B4%A6%E5%A5%97.bak")
    assert eventually(lambda: used(desk)) == SIZE
    told = [e for e in feed(desk, OPAL).events if e.kind is Kind.DOWNLOADED]
    assert [(e.actor, e.facts["bytes"], e.facts["by"]) for e in told] == [("alice", SIZE, "api")]


@pytest.mark.parametrize(
    ("header", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        (f"bytes={SIZE - 1}-", 206, SIZE - 1, SIZE - 1),
        ("bytes=-7", 206, SIZE - 7, SIZE - 1),
        (f"bytes=5-{SIZE * 2}", 206, 5, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 206, 0, SIZE - 1),
        ("bytes=9-1", 200, 0, SIZE - 1),
        ("bytes=0-1,5-6", 200, 0, SIZE - 1),
        ("lines=0-1", 200, 0, SIZE - 1),
    ],
)
def test_a_range_is_served_as_asked_and_counted_alone(
    alice: httpx2.Client, desk: Desk, content: str, header: str, status: int, first: int, last: int
) -> None:
    response = alice.get(content, headers={"Range": header})
    assert (response.status_code, response.content) == (status, CONTENT[first : last + 1])
    told = response.headers.get("content-range")
    assert told == (f"bytes {first}-{last}/{SIZE}" if status == 206 else None)
    assert eventually(lambda: used(desk)) == last - first + 1


def test_a_range_outside_says_how_long_it_is(alice: httpx2.Client, desk: Desk, content: str) -> None:
    response = alice.get(content, headers={"Range": f"bytes={SIZE}-"})
    assert (response.status_code, response.json()["code"]) == (416, "out-of-range")
    assert response.headers["content-range"] == f"bytes */{SIZE}"
    assert used(desk) == 0


def test_if_range_and_if_none_match_are_honoured(alice: httpx2.Client, desk: Desk, content: str) -> None:
    tag = alice.head(content).headers["etag"]
    assert alice.get(content, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    other = alice.get(content, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, SIZE)
    before = eventually(lambda: used(desk) == SIZE + 10 and used(desk))
    same = alice.get(content, headers={"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert alice.get(content, headers={"If-None-Match": '"x"', "Range": "bytes=0-0"}).status_code == 206
    assert eventually(lambda: used(desk) == before + 1)


def test_a_look_tells_size_and_name_and_counts_nothing(alice: httpx2.Client, desk: Desk, content: str) -> None:
    response = alice.head(content)
    assert (response.status_code, response.content) == (200, b"")
    assert (response.headers["content-length"], response.headers["accept-ranges"]) == (str(SIZE), "bytes")
    assert used(desk) == 0


@pytest.mark.req("LET-2", "LET-3", "USE-2")
def test_without_a_letter_every_reason_is_told(
    alice: httpx2.Client, bob: httpx2.Client, opal: httpx2.Client, desk: Desk
) -> None:
    record = kept(desk, CONTENT)
    for answer in (alice.get(f"{SHELF}/{record.id}/content"), alice.post(f"{SHELF}/{record.id}/links")):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (403, "refused")
        assert {r["policy"] for r in told["decision"]["reasons"] if r["verdict"] == "refuse"} == {"letters"}
    assert alice.head(f"{SHELF}/{record.id}/content").status_code == 403
    assert bob.get(f"{SHELF}/{record.id}/content").status_code == 404
    assert opal.get(f"{SHELF}/{record.id}/content").content == CONTENT
    assert used(desk) == 0


@pytest.mark.req("USE-1")
def test_a_download_that_is_broken_off_counts_what_was_handed_to_the_socket(
    desk: Desk, server: Served, token: Callable[..., str], alice: httpx2.Client
) -> None:
    """What is between the two ends of a loopback connection, and in our own buffer, is all that may differ."""
    with_letters(desk, "download")
    large = kept(desk, os.urandom(1024 * 1024) * 48, run="large")
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    wire.settimeout(20)
    with wire:
        wire.connect((server.host, server.port))
        lines = f"GET {SHELF}/{large.id}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('alice')}\r\n\r\n"
        wire.sendall(lines.encode())
        got = 0
        while got < 5 * 1024 * 1024:
            got += len(wire.recv(64 * 1024))
    counted = eventually(lambda: used(desk))
    assert counted is not None
    assert got - 4096 <= counted <= got + 8 * 1024 * 1024
    told = [e.facts for e in feed(desk, OPAL).events if e.kind is Kind.DOWNLOADED]
    assert [(f["bytes"], f["whole"]) for f in told] == [(counted, False)]


def test_a_link_opens_without_a_token_whole_and_in_part(
    alice: httpx2.Client, server: Served, desk: Desk, record: Record
) -> None:
    made = alice.post(f"{SHELF}/{record.id}/links", json={"valid_s": 60})
    assert (made.status_code, set(made.json())) == (201, {"artifact", "url", "expires_at"})
    url = made.json()["url"]
    assert url.startswith(server.url + "/api/v1/links/")
    assert used(desk) == 0
    with client_of(server, None) as nobody:
        path = urlsplit(url).path
        assert nobody.head(path).headers["content-length"] == str(SIZE)
        assert nobody.get(path).content == CONTENT
        part = nobody.get(path, headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, CONTENT[:10])
        altered = nobody.get(path[:-1] + ("A" if path[-1] != "A" else "B"))
        assert (altered.status_code, altered.json()["code"]) == (403, "denied")
        assert nobody.get(path.replace(record.id, "0" * 16)).status_code == 403
        assert nobody.get(f"{SHELF}/{record.id}/content").status_code == 401
    assert eventually(lambda: used(desk) == SIZE + 10)
    told = [e.facts["by"] for e in feed(desk, OPAL).events if e.kind is Kind.DOWNLOADED]
    assert told == ["link", "link"]
    for wrong in ({"valid_s": 0}, {"valid_s": 10**9}, {"valid_s": "1"}, {"colour": "red"}):
        assert alice.post(f"{SHELF}/{record.id}/links", json=wrong).status_code == 422


@pytest.mark.req("DC-2")
def test_deleting_takes_the_scope_to_submit_and_leaves_the_record(
    alice: httpx2.Client, server: Served, token: Callable[..., str], record: Record, content: str
) -> None:
    with client_of(server, token("alice", "read")) as reader, client_of(server, token("dora")) as dora:
        assert reader.delete(f"{SHELF}/{record.id}").status_code == 403
        assert dora.delete(f"{SHELF}/{record.id}").status_code == 403
    deleted = alice.delete(f"{SHELF}/{record.id}")
    assert (deleted.status_code, deleted.json()["state"]["name"]) == (200, "deleted")
    gone = alice.get(content)
    assert (gone.status_code, gone.json()["code"]) == (409, "conflict")
    assert alice.delete(f"{SHELF}/{record.id}").status_code == 409
