"""The server: a listening socket on loopback and a thread for each connection."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.tds.answers import Server
from lab.tds.connection import Connection, Fate, Fault, Terms
from lab.tds.prelogin import Mode

BACKLOG: Final = 512
MAX_CONNECTIONS: Final = 1000
STOP_S: Final = 5.0
PAUSE_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The certificate (chain) and key of a server, as PEM files."""

    cert_file: Path
    key_file: Path


def no_fault(_moment: str, _connection: Connection) -> Fate:
    """The wire of a good day."""
    return "go"


class TdsServer:
    """TDS in front of an emulated SQL Server. `port` is the one really bound once `start` has returned.

    `fault` is asked at each moment of a connection: before-login, after-login, before-batch, before-call,
    before-transaction, mid-message (after the first row or message has gone out), after-batch, after-call,
    after-transaction (all but the last Done has been said). `certificate` may be None only without encryption.
    """

    def __init__(
        self,
        server: Server,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        encryption: Mode = "optional",
        certificate: Certificate | None = None,
        fault: Fault = no_fault,
    ) -> None:
        self._address = address
        self.port = address[1]
        self._terms = Terms(
            server=server, encryption=encryption, tls=_tls_context(encryption, certificate), fault=fault
        )
        self._connections: dict[Connection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and answer from now on. Raises OSError when the port is taken."""
        listener = socket.create_server((self._address[0], self.port), backlog=BACKLOG)
        self.port = listener.getsockname()[1]
        self._stopping.clear()
        self._listener = listener
        self._thread = threading.Thread(target=self._accept, args=(listener,), name=f"tds-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port, break every connection, and wait for their sessions to close."""
        self._stopping.set()
        if self._listener is not None and self._thread is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the waiting accept
            self._thread.join(STOP_S)
            self._listener.close()
        for thread in self.drop_connections():
            thread.join(STOP_S)

    def drop_connections(self) -> list[threading.Thread]:
        """What a power cut does: every connection breaks. Answers the threads that are about to end."""
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            connection.drop()
        return list(connections.values())

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        with self._lock:
            return len(self._connections)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:  # stopped, or too many open files: then wait a little
                if self._stopping.wait(PAUSE_S):
                    return
                continue
            self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):  # it left before we looked; its thread will find out
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, self._terms)
        thread = threading.Thread(target=self._run, args=(connection,), name="tds-connection", daemon=True)
        with self._lock:
            if len(self._connections) >= MAX_CONNECTIONS:
                sock.close()
                return
            self._connections[connection] = thread
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._connections[connection]


def _tls_context(encryption: Mode, certificate: Certificate | None) -> ssl.SSLContext | None:
    if encryption == "none":
        return None
    if certificate is None:
        raise ValueError(f"encryption {encryption} needs a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2  # clients fail or hang with 1.3 here
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    return context
