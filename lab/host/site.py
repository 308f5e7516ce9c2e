"""The real HTTP port of the emulated site: it listens while W3SVC runs and refuses connections otherwise."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab.host.iis import Answer

REQUEST_S = 30.0
PAUSE_S = 0.1
Answers = Callable[[str, str], Answer]


class SitePort:
    """Holds one loopback port for the life of the host, and listens on it when told to."""

    def __init__(self, port: int, answers: Answers) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        # Bound and never listening: keeps the number ours while the site is down, and connections are refused.
        self._holder = _bound(port)
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """The TCP port, the same up and down."""
        return int(self._holder.getsockname()[1])

    def open(self, listening: bool) -> None:
        """Listen, or stop to; asking twice changes nothing."""
        with self._lock:
            if listening and self._server is None:
                self._server = _Server(_bound(self.port), self._answers)
            elif not listening and self._server is not None:
                self._server.leave()
                self._server = None

    def close(self) -> None:
        """Stop and give the port back."""
        self.open(False)
        self._holder.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, bound: socket.socket, answers: Answers) -> None:
        super().__init__(bound.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self.answers = answers
        self._left = threading.Event()
        bound.listen(64)
        threading.Thread(target=self._accept, name="lab-site", daemon=True).start()

    def leave(self) -> None:
        """Close the listening socket at once; the accepting thread ends by the error."""
        self._left.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self) -> None:
        # `serve_forever` polls twice a second; sixty idle hosts shall cost nothing.
        while True:
            try:
                request, address = self.socket.accept()
            except OSError:
                if self._left.wait(PAUSE_S):
                    return
                continue  # too many open files, for a while
            request.settimeout(REQUEST_S)
            self.process_request(request, address)


class _Handler(BaseHTTPRequestHandler):
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Answer as the site does."""
        answer = self.server.answers(self.path, self.headers.get("Host", ""))
        self.send_response(answer.status)
        if answer.location:
            self.send_header("Location", answer.location)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer.body)

    def do_HEAD(self) -> None:
        """The same without a body."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The lab's record is the ledger."""

    def handle(self) -> None:
        """One request; a client that went away is no event."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
