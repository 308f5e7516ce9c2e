"""Large files for uploads and downloads, and a client that moves them over one connection, cut where it is told to."""

import base64
import hashlib
import http.client
import os
import socket
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
PIECE: Final = 256 * 1024
TIMEOUT_S: Final = 300.0
TUS: Final = {"Tus-Resumable": "1.0.0"}
# The smallest whole scan of a letter: a document without pages.
_BODY: Final = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
)
SCAN: Final = _BODY + (
    b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000055 00000 n \n"
    b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(_BODY)
)


def write_backup(file: Path, size: int) -> Path:
    """What looks like a compressed backup: only a server could tell that it is none."""
    block = os.urandom(MIB)
    with file.open("wb") as out:
        out.write(b"MSSQLBAK" + block[8:])
        for _ in range(max(0, size // MIB - 1)):
            out.write(block)
    return file


def bare(file: Path, folder: Path) -> None:
    """The least that anybody must do who keeps a file: write it, sync it, hash it."""
    copy = folder / "bare"
    with file.open("rb") as source, copy.open("wb") as out:
        while chunk := source.read(MIB):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    with copy.open("rb") as back:
        hashlib.file_digest(back, "sha256")
    copy.unlink()


class Carrier:
    """One client of the portal at `port`, with a token."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    def begin(self, size: int, place: str) -> str:
        """A new upload; answers its path."""
        words = {"filename": "bench.bak", "place": place}
        told = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in words.items())
        answer = self._asked("POST", "/api/v1/uploads", {"Upload-Length": str(size), "Upload-Metadata": told}, 201)
        return str(answer.headers["Location"])

    def offset(self, path: str) -> int:
        return int(self._asked("HEAD", path, {}, 200).headers["Upload-Offset"])

    def send(self, path: str, file: Path, *, stop_at: int | None = None) -> None:
        """Send what is missing; with `stop_at` the connection is cut at that byte of the file."""
        first, size = self.offset(path), file.stat().st_size
        lines = (
            f"PATCH {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._token}\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: {first}\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {size - first}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S) as wire, file.open("rb") as source:
            wire.sendall(lines.encode())
            wire.sendfile(source, first, (size if stop_at is None else stop_at) - first)
            if stop_at is not None:
                wire.shutdown(socket.SHUT_WR)
            said = wire.recv(4096)
        if stop_at is None and not said.startswith(b"HTTP/1.1 204 "):
            raise RuntimeError(f"the portal answered {said[:300]!r}")

    def fetch(self, path: str) -> int:
        """Download; answers how many bytes came."""
        answer = self._asked("GET", path, {}, 200)
        room, got = bytearray(PIECE), 0
        while took := answer.readinto(room):
            got += took
        return got

    def _asked(self, method: str, path: str, headers: dict[str, str], expected: int) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        connection.request(method, path, headers={**TUS, **headers, "Authorization": f"Bearer {self._token}"})
        answer = connection.getresponse()
        if answer.status != expected:
            raise RuntimeError(f"the portal answered {answer.status}: {answer.read(300)!r}")
        return answer
