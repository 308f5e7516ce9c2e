"""A text-message gateway for loopback: keeps what comes, once for each id, and fails when it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

MOST_BYTES = 64 * 1024
TRICKLE_S = 0.02
Failure = int | Literal["before", "after", "trickle", "hang"]


@dataclass
class SmsServer:
    """`messages` are those that arrived, in order; `asked` counts every try."""

    token: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    failures: list[Failure] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"

    def fail(self, *how: Failure) -> None:
        """The next tries: a status; `before`: cut, nothing kept; `after`: kept, then cut; `trickle`, `hang`: no end."""
        self.failures.extend(how)

    def wait(self, count: int, timeout_s: float = 30.0) -> list[dict[str, Any]]:
        """Until so many are there. Raises TimeoutError."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.messages) >= count, timeout_s):
                raise TimeoutError(f"{len(self.messages)} of {count} text messages came")
            return list(self.messages)

    def begun(self) -> Failure:
        """Count a try; how it shall end (0: well)."""
        with self.news:
            self.asked += 1
            return self.failures.pop(0) if self.failures else 0

    def take(self, message: dict[str, Any]) -> None:
        with self.news:
            if message["id"] not in [m["id"] for m in self.messages]:
                self.messages.append(message)
            self.news.notify_all()


@contextmanager
def sms_server(token: str = "") -> Iterator[SmsServer]:
    """Serves until it is left."""
    server = SmsServer(token=token)
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Talk", (_Talk,), {"lab": server}))
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Talk(BaseHTTPRequestHandler):
    lab: SmsServer

    def do_POST(self) -> None:
        how = self.lab.begun()
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MOST_BYTES))
        if self.lab.token and self.headers.get("Authorization") != f"Bearer {self.lab.token}":
            how = 401
        if how == "before":
            self.close_connection = True
        elif how == "hang":
            self.lab.closing.wait()
        elif how == "trickle":
            self._trickle()
        elif how == "after":
            self.lab.take(json.loads(body))
            self.close_connection = True
        elif how:
            self._answer(int(how))
        else:
            self.lab.take(json.loads(body))
            self._answer(200)

    def _trickle(self) -> None:
        """A header that never ends, a letter at a time."""
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Wait: ")
            while not self.lab.closing.wait(TRICKLE_S):
                self.wfile.write(b".")

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", self.lab.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The tests look at what came."""
