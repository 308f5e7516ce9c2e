"""Files over HTTP: sent raw, kept whole, and handed out so that no browser runs them."""

import hashlib
import socket
from collections.abc import Callable

import httpx2
import pytest

from intake.attach import MAX_BYTES, MOST
from intake.desk import Desk
from intake.read import head
from portal.limits import Limits
from portal.serve import Served
from tests.acceptance.api.hall import asked, client_of, paths, served

EVERY_BYTE = bytes(range(256)) * 3


@pytest.fixture
def files(alice: httpx2.Client) -> str:
    """The address of the files of a request of alice's."""
    return f"/api/v1/requests/{asked(alice)}/attachments"


def sent(client: httpx2.Client, files: str, name: str = "a.txt", content: bytes = b"words") -> str:
    response = client.post(files, params={"name": name}, content=content)
    assert response.status_code == 201, response.text
    found: str = response.json()["id"]
    return found


@pytest.mark.req("CARD-6", "INT-2")
def test_a_file_is_sent_listed_and_fetched_byte_for_byte(alice: httpx2.Client, files: str) -> None:
    headers = {"Content-Type": "image/PNG; charset=x"}
    response = alice.post(files, params={"name": "截图.png"}, content=EVERY_BYTE, headers=headers)
    added = response.json()
    assert response.status_code == 201
    assert set(added) == {"id", "name", "media_type", "size", "sha256", "added_by", "added_at"}
    assert (added["name"], added["media_type"], added["added_by"]) == ("截图.png", "image/png", "alice")
    assert (added["size"], added["sha256"]) == (len(EVERY_BYTE), hashlib.sha256(EVERY_BYTE).hexdigest())
    assert alice.get(files).json() == {"items": [added]}
    assert alice.get(f"{files}/{added['id']}").content == EVERY_BYTE


@pytest.mark.req("INT-2")
def test_what_was_sent_as_a_page_is_handed_out_as_a_download(alice: httpx2.Client, files: str) -> None:
    page = b"<script>alert(1)</script>"
    response = alice.post(files, params={"name": "x.html"}, content=page, headers={"Content-Type": "text/html"})
    fetched = alice.get(f"{files}/{response.json()['id']}")
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in fetched.headers["content-security-policy"]
    assert fetched.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
        ("授权.pdf", "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%8E%88%E6%9D%83.pdf"),
        ("50%;x='y'", "attachment; filename=\"50_;x='y'\"; filename*=UTF-8''50%25%3Bx%3D%27y%27"),
    ],
)
def test_a_download_has_the_name_that_it_was_sent_with(
    alice: httpx2.Client, files: str, name: str, disposition: str
) -> None:
    assert alice.get(f"{files}/{sent(alice, files, name)}").headers["content-disposition"] == disposition


def test_a_file_without_a_content_type_is_plain_bytes(alice: httpx2.Client, files: str) -> None:
    sent(alice, files)
    assert alice.get(files).json()["items"][0]["media_type"] == "application/octet-stream"


@pytest.mark.req("INT-2")
def test_five_mebibytes_are_taken_and_one_byte_more_is_not(alice: httpx2.Client, files: str, desk: Desk) -> None:
    whole = EVERY_BYTE[:256] * (MAX_BYTES // 256)
    assert alice.get(f"{files}/{sent(alice, files, content=whole)}").content == whole
    before = head(desk)
    by_length = alice.post(files, params={"name": "b"}, content=whole + b"!")
    as_it_comes = alice.post(files, params={"name": "b"}, content=(part for part in (whole, b"!")))
    for refused in (by_length, as_it_comes):
        assert (refused.status_code, refused.json()["code"]) == (413, "too-large")
        assert str(MAX_BYTES) in refused.json()["detail"]
    assert (head(desk), len(alice.get(files).json()["items"])) == (before, 1)


@pytest.mark.parametrize("more", ["/x", "/0123456789abcdef", "%2f", "/"])
def test_other_addresses_take_no_more_than_before(alice: httpx2.Client, files: str, more: str) -> None:
    response = alice.post(files + more, content=b" " * (1024 * 1024 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "too-large")


def test_a_file_that_does_not_come_is_not_waited_for(
    desk: Desk, alice: httpx2.Client, token: Callable[..., str]
) -> None:
    number = asked(alice)
    lines = (
        f"POST /api/v1/requests/{number}/attachments?name=a HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token('alice')}\r\nContent-Length: 100\r\n\r\nwords"
    )
    with (
        served(desk, Limits(body_s=0.3)) as patient,
        socket.create_connection((patient.host, patient.port), timeout=10) as wire,
    ):
        wire.sendall(lines.encode())
        assert wire.recv(65536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("query", "content", "kind", "path"),
    [
        ("", b"x", "a/b", "name"),
        ("name=", b"x", "a/b", "name"),
        ("name=a%2fb", b"x", "a/b", "name"),
        ("name=a%00b", b"x", "a/b", "name"),
        ("name=%2e%2e", b"x", "a/b", "name"),
        ("name=" + "a" * 201, b"x", "a/b", "name"),
        ("name=a&name=b", b"x", "a/b", "name"),
        ("name=a&overwrite=1", b"x", "a/b", "overwrite"),
        ("name=a", b"", "a/b", "content"),
        ("name=a", b"x", "nonsense", "media_type"),
    ],
)
def test_a_wrong_file_is_a_mistake_and_nothing_is_stored(
    alice: httpx2.Client, desk: Desk, files: str, query: str, content: bytes, kind: str, path: str
) -> None:
    before = head(desk)
    response = alice.post(f"{files}?{query}", content=content, headers={"Content-Type": kind})
    assert response.status_code == 422, response.text
    assert {p.split(".")[0] for p in paths(response)} == {path}
    assert head(desk) == before


def test_a_request_takes_ten_files_and_none_once_it_has_ended(alice: httpx2.Client, files: str) -> None:
    for _ in range(MOST):
        sent(alice, files)
    assert alice.post(files, params={"name": "b"}, content=b"x").status_code == 409
    ended = asked(alice)
    alice.post(f"/api/v1/requests/{ended}/cancel", json={"reason": "r"})
    late = alice.post(f"/api/v1/requests/{ended}/attachments", params={"name": "b"}, content=b"x")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


@pytest.mark.req("CARD-6")
def test_files_of_another_tenants_request_do_not_exist(alice: httpx2.Client, bob: httpx2.Client, files: str) -> None:
    added = sent(alice, files)
    answers = [bob.get(files), bob.get(f"{files}/{added}"), bob.post(files, params={"name": "b"}, content=b"x")]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, "not-found")}
    assert len(alice.get(files).json()["items"]) == 1


def test_a_file_is_sent_with_the_scope_to_submit_and_read_with_the_one_to_read(
    server: Served, token: Callable[..., str], alice: httpx2.Client, files: str
) -> None:
    added = sent(alice, files)
    with client_of(server, token("alice", "read")) as reader, client_of(server, token("alice", "submit")) as asker:
        assert reader.get(f"{files}/{added}").content == b"words"
        assert reader.post(files, params={"name": "b"}, content=b"x").status_code == 403
        assert sent(asker, files)
        assert {asker.get(files).status_code, asker.get(f"{files}/{added}").status_code} == {403}
    with client_of(server, None) as nobody:
        assert nobody.post(files, params={"name": "b"}, content=b"x").status_code == 401


@pytest.mark.parametrize(("wrong", "status"), [("0" * 16, 404), ("x", 422), ("%00" * 16, 422)])
def test_an_id_that_is_none_says_so(alice: httpx2.Client, files: str, wrong: str, status: int) -> None:
    assert alice.get(f"{files}/{wrong}").status_code == status


@pytest.mark.req("INT-2")
def test_a_watcher_reads_of_each_file_in_the_events(alice: httpx2.Client, files: str) -> None:
    added = sent(alice, files)
    events = alice.get(files.replace("attachments", "events")).json()["items"]
    assert (events[-1]["kind"], events[-1]["facts"]["id"]) == ("attached", added)
