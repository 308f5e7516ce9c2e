"""HTTP around the bucket: who asks is checked first, then the switch may spoil it, then the action runs."""

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from lab.s3.actions import ACTIONS, Answer, Request, action_of
from lab.s3.body import Body, take, wire
from lab.s3.bucket import Bucket, Rules
from lab.s3.faults import Fault, Switch
from lab.s3.refusal import Refusal
from lab.s3.signature import Asked, Keeper

BLOCK: Final = 256 * 1024
IDLE_S: Final = 30


class Gone(Exception):
    """The connection is closed without an answer, on purpose."""


class S3Server:
    """One bucket on a loopback port. `now` may be turned by tests: `server.now = lambda: …`."""

    def __init__(
        self,
        folder: Path,
        *,
        keys: dict[str, str],
        bucket: str = "lab",
        region: str = "us-east-1",
        rules: Rules | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.switch = Switch()
        self.bucket = Bucket(bucket, folder, self.switch, rules or Rules())
        self.keeper = Keeper(keys=keys, region=region)
        self._http = _Server(("127.0.0.1", port), Handler)
        self._http.lab = self
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.switch.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    lab: S3Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; the tests look at the ledger."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True  # head and body are two writes, and the second would wait for an acknowledgement
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Silent."""

    def _serve(self) -> None:
        lab, parts = self.server.lab, urlsplit(self.path)
        headers = {k.lower(): v for k, v in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(method=self.command, path=unquote(parts.path), query=query, headers=headers)
        body, name = wire(self.rfile, headers), "?"
        try:
            payload = lab.keeper.check(asked, lab.now())
            key = self._key(asked)
            name = action_of(self.command, key, query)
            request = Request(key=key, query=query, headers=headers, take=lambda: self._take(body, headers, payload))
            answer = self._played(name, request)
            self._drain(body)  # what follows the last aws-chunk belongs to this request, not to the next
        except Refusal as refusal:
            self.close_connection = True  # the body may be unread
            self._drain(body)  # a client that is still sending would not read the answer
            xml = {"Content-Type": "application/xml"}
            answer = Answer(status=refusal.status, headers=xml, body=refusal.xml(asked.path))
        except (Gone, ConnectionError, TimeoutError):
            self.close_connection = True
            return
        lab.switch.answered(name, answer.status)
        self._send(answer)

    def _key(self, asked: Asked) -> str:
        """The bucket is the first part of the path, or of the host's name."""
        bucket = self.server.lab.bucket.name
        if asked.headers.get("host", "").startswith(bucket + "."):
            return asked.path.removeprefix("/")
        name, _, key = asked.path.removeprefix("/").partition("/")
        if name != bucket:
            raise Refusal("NoSuchBucket", "The specified bucket does not exist")
        return key

    def _take(self, body: BufferedReader, headers: dict[str, str], payload: str) -> Body:
        return take(body, headers, payload, self.server.lab.bucket.fresh())

    def _played(self, name: str, request: Request) -> Answer:
        """The action, with the fault that is due."""
        lab = self.server.lab
        fault = lab.switch.due(name, request.key)
        if fault:
            self._spoil(fault)
        answer = ACTIONS[name](lab.bucket, request)
        if fault and fault.kind == "drop-after":
            raise Gone
        if fault and fault.kind == "cut":
            self._send(answer, cut=True)
            raise Gone
        return answer

    def _spoil(self, fault: Fault) -> None:
        if fault.kind == "drop-before":
            raise Gone
        if fault.kind == "slow":
            self.server.lab.switch.wait(fault.seconds)
        if fault.kind == "slow-down":
            raise Refusal("SlowDown", "Please reduce your request rate.")
        if fault.kind == "denied":
            raise Refusal("AccessDenied", "Access Denied")

    def _drain(self, body: BufferedReader) -> None:
        try:
            while body.read(BLOCK):
                pass
        except (OSError, ValueError):
            return

    def _send(self, answer: Answer, cut: bool = False) -> None:
        length = answer.length if answer.file else len(answer.body)
        file = answer.file.open("rb") if answer.file else None
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        if file:
            with file:
                file.seek(answer.first)
                self._pour(file, 0 if self.command == "HEAD" else length // 2 if cut else length)

    def _pour(self, file: Any, left: int) -> None:
        while left and (block := file.read(min(BLOCK, left))):
            self.wfile.write(block)
            left -= len(block)
