"""What the tests of artifacts share: data centers at acme and beta, letters, backups on record, tus by hand."""

import base64
import socket
from collections.abc import Callable
from typing import Any

import httpx2

from domain.artifact import ArtifactKey
from domain.keeping import Record
from domain.request import Actor, Role
from intake.artifacts import get
from intake.desk import Desk
from intake.letter_review import approve
from intake.letter_scan import add_scan
from intake.letters import ask
from intake.letters import get as letter
from portal.serve import Served
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from tests.acceptance.api.hall import estate
from tests.codes import upload_code
from tests.scans import PDF

HOME = "/api/v1/uploads"
SHELF = "/api/v1/artifacts"
TUS = {"Tus-Resumable": "1.0.0"}
PLACE = "acme/prod/books"
DESKS: dict[int, Desk] = {}  # of the clients that upload: whose phone the code goes to
ALICE = Actor(name="alice", tenant="acme", roles=frozenset({Role.IT_OPS}))
OPAL = Actor(name="opal", tenant=None, roles=frozenset({Role.OPERATOR}))


def with_data_centers() -> dict[str, Any]:
    found = estate()
    for tenant in found["tenants"]:
        tenant["environments"][0]["data_centers"] = [{"name": "books", "title": "账套", "database": "Books"}]
    return found


def with_letters(desk: Desk, *kinds: str) -> None:
    for kind in kinds:
        number = ask(desk, ALICE, {"kind": kind, "reason": "r"}).number
        add_scan(desk, ALICE, number, "a.pdf", PDF)
        approve(desk, OPAL, number, letter(desk, OPAL, number).rev, {})


def kept(desk: Desk, content: bytes, run: str = "1") -> Record:
    """A backup of acme's, as a job would have made it."""
    key = ArtifactKey(tenant="acme", kind="backup", run=run, name="a.bak")
    stored = desk.artifacts.put(key, [content])
    row = {"id": artifact_id(str(key)), "tenant": "acme", "kind": "backup", "key": str(key), "description": ""}
    row |= {"place": PLACE, "name": "账套.bak", "size": stored.size, "sha256": stored.sha256}
    row |= {"state": "ready", "facts": dumps({}), "job": None, "added_by": "alice"}
    desk.store.write(lambda tx: tx.moved("insert_artifact", **row, added_at=tx.now()))
    return get(desk, OPAL, str(row["id"]))


def metadata(**words: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())


def begun(client: httpx2.Client, size: int, **words: str) -> str:
    """The address of a new upload."""
    given = {"filename": "账套.bak", "place": PLACE, **words}
    told = metadata(**given, code=upload_code(DESKS[id(client)], ALICE, size, given))
    response = client.post(HOME, headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": told})
    assert response.status_code == 201, response.text
    return str(response.headers["Location"])


def piece(client: httpx2.Client, address: str, offset: int, content: bytes, **more: str) -> httpx2.Response:
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **more}
    return client.patch(address, content=content, headers=headers)


def offset_of(client: httpx2.Client, address: str) -> int:
    response = client.head(address, headers=TUS)
    assert response.status_code == 200, response.status_code
    return int(response.headers["Upload-Offset"])


def cut(server: Served, token: str, address: str, offset: int, rest: bytes, after: int) -> None:
    """Announce all of the rest, send `after` bytes of it, and reset the connection."""
    lines = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {len(rest)}\r\n\r\n"
    )
    with socket.create_connection((server.host, server.port), timeout=20) as wire:
        wire.sendall(lines.encode() + rest[:after])
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # no goodbye: a reset


Token = Callable[..., str]
