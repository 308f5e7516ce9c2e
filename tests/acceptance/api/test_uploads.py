"""Uploads over HTTP as tus clients send them: cut anywhere, they go on there; bad files leave no bytes."""

import base64
import hashlib
import os
import random
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import httpx2
import pytest
import yaml
from anyio import to_thread

from domain.event import Kind
from intake.desk import Desk
from intake.people import set_contact
from intake.read import feed
from playbooks import OPERATIONS
from portal.arriving import GRACE_S, Arriving, checked
from portal.limits import Limits
from portal.problems import TooSlow
from portal.serve import Served
from tests.acceptance.api.hall import client_of, eventually, paths, served
from tests.acceptance.api.store_room import (
    ALICE,
    DESKS,
    HOME,
    OPAL,
    PLACE,
    SHELF,
    TUS,
    begun,
    cut,
    metadata,
    offset_of,
    piece,
    with_data_centers,
    with_letters,
)
from tests.codes import upload_code
from tests.unit.media.files import Backup, Dac, Tape
from wiring import Product, Settings, make_errands, open_product

pytestmark = pytest.mark.req("DC-7")
WHOLE = Tape().write()
TIMES = 200


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(with_data_centers(), allow_unicode=True), encoding="utf-8")
    settings = Settings(home=tmp_path / "var", estate=file, bell="memory:", sms="http://127.0.0.1:9/")
    opened = open_product(settings, OPERATIONS)
    yield opened
    opened.close()


@pytest.fixture
def alice(server: Served, desk: Desk, token: Callable[..., str]) -> Iterator[httpx2.Client]:
    """IT ops of acme, which has a restore letter."""
    with_letters(desk, "restore")
    with client_of(server, token("alice")) as client:
        set_contact(desk, "test", "alice", {"phone": "+8613800001234"})
        DESKS[id(client)] = desk
        yield client


def files_in(product: Product) -> list[str]:
    """Whatever lies in the artifact store's folder."""
    home = product.settings.home / "artifacts"
    return [p.name for p in home.rglob("*") if p.is_file()]


def test_the_server_tells_what_it_speaks_without_a_token(server: Served) -> None:
    with client_of(server, None) as nobody:
        for path in (HOME, f"{HOME}/0123456789abcdef"):
            told = nobody.options(path)
            assert (told.status_code, told.headers["tus-version"]) == (204, "1.0.0")
            assert set(told.headers["tus-extension"].split(",")) == {
                "creation",
                "checksum",
                "expiration",
                "termination",
            }
            assert told.headers["tus-checksum-algorithm"] == "sha256"
            assert int(told.headers["tus-max-size"]) == 1024**4


@pytest.mark.req("CARD-6")
def test_an_upload_in_pieces_becomes_an_artifact(alice: httpx2.Client, desk: Desk) -> None:
    address = begun(alice, len(WHOLE), description="季度末", restore="yes", kind="backup")
    first = piece(alice, address, 0, WHOLE[:5000])
    assert (first.status_code, first.headers["upload-offset"], first.headers["tus-resumable"]) == (204, "5000", "1.0.0")
    assert first.headers["upload-expires"].endswith("GMT")
    look = alice.head(address, headers=TUS)
    assert (look.headers["upload-offset"], look.headers["upload-length"]) == ("5000", str(len(WHOLE)))
    assert (look.headers["cache-control"], look.headers["yunwei-state"]) == ("no-store", "uploading")
    last = piece(alice, address, 5000, WHOLE[5000:])
    assert (last.status_code, last.headers["yunwei-state"]) == (204, "ready")
    assert offset_of(alice, address) == len(WHOLE)
    made = alice.get(address.replace(HOME, SHELF)).json()
    assert (made["name"], made["description"], made["place"]) == ("账套.bak", "季度末", PLACE)
    assert made["sha256"] == hashlib.sha256(WHOLE).hexdigest()
    assert (made["facts"]["database"], made["facts"]["restore"]) == ("账套一", True)
    told = feed(desk, OPAL).events[-3:]
    assert [e.kind for e in told] == [Kind.UPLOAD_BEGUN, Kind.STORED, Kind.ALARM]
    assert told[-1].facts["why"] == "restore-after-upload", "there is no database server here to restore it to"


def test_two_hundred_uploads_cut_at_random_bytes_and_resumed_are_whole(
    alice: httpx2.Client, server: Served, token: Callable[..., str], desk: Desk
) -> None:
    """The connection is really reset, once or several times; where to go on is what the server says."""
    dice, opener = random.Random(20261126), token("alice")
    cuts = 0
    for n in range(TIMES):
        content = Tape(sets=[Backup(data=dice.randbytes(dice.randrange(1, 400_000)))]).write()
        address = begun(alice, len(content), filename=f"{n}.bak")
        for _ in range(dice.choice((1, 1, 2, 3))):
            offset = offset_of(alice, address)
            if offset == len(content):
                break
            rest = content[offset:]
            cut(server, opener, address, offset, rest, dice.randrange(len(rest)))
            cuts += 1
        _finish(alice, address, content)
        made = alice.get(address.replace(HOME, SHELF)).json()
        assert (made["state"]["name"], made["sha256"]) == ("ready", hashlib.sha256(content).hexdigest()), n
    assert cuts > TIMES


def _finish(client: httpx2.Client, address: str, content: bytes) -> None:
    """As a client does it: ask, send the rest; while the cut one's last bytes are still being stored, ask again."""

    def sent() -> bool:
        offset = offset_of(client, address)
        return offset == len(content) or piece(client, address, offset, content[offset:]).status_code == 204

    eventually(sent)


def test_what_was_sent_before_the_cut_is_not_sent_again(
    alice: httpx2.Client, server: Served, token: Callable[..., str]
) -> None:
    content = Tape(sets=[Backup(data=os.urandom(6_000_000))]).write()
    address = begun(alice, len(content))
    with socket.create_connection((server.host, server.port), timeout=20) as wire:
        lines = (
            f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('alice')}\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        wire.sendall(lines.encode() + content[:4_000_000])
        wire.shutdown(socket.SHUT_WR)
        wire.recv(1)  # until the server has seen the end
    assert offset_of(alice, address) == 4_000_000
    _finish(alice, address, content)
    assert alice.get(address.replace(HOME, SHELF)).json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_one_that_stalls_is_not_waited_for_and_what_came_is_kept(
    alice: httpx2.Client, desk: Desk, token: Callable[..., str]
) -> None:
    address = begun(alice, len(WHOLE))
    lines = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('alice')}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {len(WHOLE)}\r\n\r\n"
    )
    with (
        served(desk, Limits(body_s=0.3)) as patient,
        socket.create_connection((patient.host, patient.port), timeout=10) as wire,
    ):
        wire.sendall(lines.encode() + WHOLE[:700])
        assert wire.recv(65536).startswith(b"HTTP/1.1 408 ")
    assert offset_of(alice, address) == 700


def test_a_piece_with_a_wrong_checksum_is_not_stored(alice: httpx2.Client) -> None:
    address = begun(alice, len(WHOLE))

    def checksum(content: bytes) -> str:
        return "sha256 " + base64.b64encode(hashlib.sha256(content).digest()).decode()

    wrong = piece(alice, address, 0, WHOLE[:900], **{"Upload-Checksum": checksum(b"other")})
    assert (wrong.status_code, wrong.json()["code"]) == (460, "wrong-checksum")
    assert offset_of(alice, address) == 0
    right = piece(alice, address, 0, WHOLE[:900], **{"Upload-Checksum": checksum(WHOLE[:900])})
    assert (right.status_code, offset_of(alice, address)) == (204, 900)
    for nonsense in ("md5 x", "sha256 %%", "sha256", ""):
        assert piece(alice, address, 900, b"x", **{"Upload-Checksum": nonsense}).status_code == 422
    assert offset_of(alice, address) == 900


def opened(server: Served, opener: str, address: str, offset: int = 0) -> socket.socket:
    """A piece with a checksum, announced and not sent: the server says 100 when it begins to read its body."""
    wire = socket.create_connection((server.host, server.port), timeout=10)
    digest = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    lines = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {opener}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 700\r\n"
        f"Expect: 100-continue\r\nUpload-Checksum: sha256 {digest}\r\n\r\n"
    )
    wire.sendall(lines.encode())
    return wire


def test_a_piece_that_cannot_be_taken_is_refused_before_its_body_comes(
    alice: httpx2.Client, server: Served, token: Callable[..., str]
) -> None:
    address = begun(alice, len(WHOLE))
    piece(alice, address, 0, WHOLE[:100])
    wanted = (("alice", f"{HOME}/{'0' * 16}", 0, 404), ("bob", address, 100, 404), ("alice", address, 50, 409))
    for name, where, offset, status in wanted:
        with opened(server, token(name), where, offset) as wire:
            assert wire.recv(65536).startswith(f"HTTP/1.1 {status} ".encode()), (name, where, offset)


def test_one_tenant_cannot_take_all_places_for_uploads(
    alice: httpx2.Client, desk: Desk, token: Callable[..., str]
) -> None:
    address, opener = begun(alice, len(WHOLE)), token("alice")
    with (
        served(desk, Limits(uploads=2, uploads_of_tenant=1)) as small,
        client_of(small, opener) as again,
        client_of(small, token("bob")) as other,
        opened(small, opener, address) as wire,
    ):
        assert wire.recv(65536).startswith(b"HTTP/1.1 100 ")
        where = f"{HOME}/{'0' * 16}"  # whether it is there is looked at by who has a place
        refused = piece(again, where, 0, b"x")
        assert refused.status_code == 503
        assert (refused.headers["retry-after"], "one tenant" in refused.json()["text"]["en"]) == ("5", True)
        assert piece(other, where, 0, b"x").status_code == 404
    _finish(alice, address, WHOLE)


def test_a_piece_with_a_checksum_that_only_trickles_is_not_waited_for() -> None:
    """Each byte comes in time, and all of them together never would. Nobody waits here: the clock is moved by hand."""
    now = [0.0]

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            now[0] += 29
            yield b"x"

    def read() -> None:
        arriving = Arriving(trickle(), 30.0, paced=True, read=lambda: now[0])
        with pytest.raises(TooSlow, match="bytes/s"):
            next(checked(iter(arriving), hashlib.sha256(b"").digest()))

    anyio.run(to_thread.run_sync, read)
    assert now[0] <= GRACE_S + 2 * 29


BAD: dict[str, tuple[str, bytes, str]] = {
    "truncated": ("a.bak", WHOLE[:-2000], "truncated"),
    "log backup": ("a.bak", Tape(sets=[Backup(type="L")]).write(), "log-backup"),
    "stripe": ("a.bak", Tape(families=2).write(), "stripe"),
    "password": ("a.bak", Tape(password="geheim").write(), "password"),
    "zip in disguise": ("a.bak", Dac().write(), "in-disguise"),
    "wrong checksum": ("a.bacpac", Dac(checksum="0" * 64).write(), "wrong-checksum"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_gets_a_clear_verdict_and_leaves_no_bytes(alice: httpx2.Client, product: Product, what: str) -> None:
    name, content, code = BAD[what]
    address = begun(alice, len(content), filename=name)
    refused = piece(alice, address, 0, content)
    assert refused.status_code == 422, refused.text
    assert code in {e["code"] for e in refused.json()["errors"]}
    assert all(e["zh"] and e["en"] for e in refused.json()["errors"])
    assert files_in(product) == []
    assert alice.head(address, headers=TUS).status_code == 410
    assert piece(alice, address, len(content), b"").status_code == 409
    record = alice.get(address.replace(HOME, SHELF)).json()
    assert record["state"]["name"] == "refused"
    assert {r["code"] for r in record["facts"]["refusals"]} >= {code}


def test_an_upload_is_ended_by_its_sender(alice: httpx2.Client, product: Product) -> None:
    address = begun(alice, len(WHOLE))
    piece(alice, address, 0, WHOLE[:100])
    assert alice.delete(address, headers=TUS).status_code == 204
    assert files_in(product) == []
    assert alice.head(address, headers=TUS).status_code == 410
    more = piece(alice, address, 100, b"x")
    assert (more.status_code, more.json()["code"]) == (410, "gone")
    assert alice.get(address.replace(HOME, SHELF)).json()["state"]["name"] == "failed"
    assert alice.delete(address, headers=TUS).status_code == 409


@pytest.mark.req("LET-2", "LET-3")
def test_without_a_restore_letter_nothing_begins(server: Served, token: Callable[..., str], product: Product) -> None:
    with client_of(server, token("alice")) as alice:
        headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(filename="a.bak", place=PLACE)}
        refused = alice.post(HOME, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "refused")
    reasons = {r["policy"]: r["verdict"] for r in refused.json()["decision"]["reasons"]}
    assert (reasons["letters"], reasons["roles"]) == ("refuse", "allow")
    assert refused.headers["tus-resumable"] == "1.0.0"
    assert files_in(product) == []


@pytest.mark.parametrize(
    ("headers", "status", "wrong"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, set()),
        ({"Upload-Length": "-1"}, 422, {"Upload-Length"}),
        ({"Upload-Length": "many"}, 422, {"Upload-Length"}),
        ({"Upload-Length": str(1024**4 + 1)}, 413, set()),
        ({"Upload-Length": "0"}, 422, {"size"}),
        ({"Upload-Metadata": "filename"}, 422, {"filename", "place"}),  # a key alone is one with an empty value
        ({"Upload-Metadata": "filename %%%"}, 422, {"Upload-Metadata"}),
        ({"Upload-Metadata": metadata(filename="a.zip", place="acme/prod")}, 422, {"filename", "place"}),
        ({"Upload-Metadata": metadata(filename="a.bak", place="beta/prod/books")}, 422, {"place"}),
        ({"Upload-Metadata": metadata(filename="a.bak", place=PLACE, colour="red")}, 422, {"colour"}),
    ],
)
def test_a_wrong_beginning_says_everything_that_is_wrong(
    alice: httpx2.Client, product: Product, headers: dict[str, str], status: int, wrong: set[str]
) -> None:
    good = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(filename="a.bak", place=PLACE)}
    response = alice.post(HOME, headers={**good, **headers})
    assert response.status_code == status, response.text
    if wrong:
        assert paths(response) == wrong
    assert files_in(product) == []


def test_a_wrong_piece_changes_nothing(alice: httpx2.Client, bob: httpx2.Client) -> None:
    address = begun(alice, len(WHOLE))
    piece(alice, address, 0, WHOLE[:100])
    assert piece(alice, address, 50, b"x").status_code == 409
    assert piece(alice, address, 50, b"x").json()["facts"]["offset"] == 100
    assert piece(alice, address, 100, b"x", **{"Content-Type": "text/plain"}).status_code == 415
    assert piece(alice, address, 100, b"x", **{"Tus-Resumable": "2.0.0"}).status_code == 412
    assert alice.patch(address, headers={**TUS, "Content-Type": "application/offset+octet-stream"}).status_code == 422
    assert piece(alice, address, 100, WHOLE).status_code == 422
    assert bob.head(address, headers=TUS).status_code == 404
    assert piece(bob, address, 100, b"x").status_code == 404
    assert alice.head(f"{HOME}/{'0' * 16}", headers=TUS).status_code == 404
    assert offset_of(alice, address) == 100


def test_a_worker_drops_what_is_left_behind_by_itself(alice: httpx2.Client, product: Product) -> None:
    address = begun(alice, len(WHOLE))
    piece(alice, address, 0, WHOLE[:100])
    with product.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE artifact SET expires_at = 1")  # a day later
    errands = {e.name: e for e in make_errands(product, {"mssql": None})}
    errands["sweep-artifacts"].do(threading.Event())
    assert alice.get(address.replace(HOME, SHELF)).json()["state"]["name"] == "failed"
    assert files_in(product) == []
    errands["drop-stale"].do(threading.Event())


def test_no_more_than_so_many_are_open_at_once(alice: httpx2.Client) -> None:
    for _ in range(5):
        begun(alice, 100)
    given = {"filename": "a.bak", "place": PLACE}
    told = metadata(**given, code=upload_code(DESKS[id(alice)], ALICE, 9, given))
    refused = alice.post(HOME, headers={**TUS, "Upload-Length": "9", "Upload-Metadata": told})
    assert (refused.status_code, refused.json()["facts"]["most"]) == (409, 5)
