"""The server: a listening socket on loopback, a thread for each connection, a tick for idle shells."""

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.machine import Machine
from lab.winrm.actions import Service
from lab.winrm.auth import Accounts
from lab.winrm.configuration import Configuration
from lab.winrm.connection import Connection, Terms
from lab.winrm.shells import Shells
from lab.winrm.transcript import Transcript

HOST: Final = "127.0.0.1"
BACKLOG: Final = 128
MAX_CONNECTIONS: Final = 300
TICK_S: Final = 1.0
STOP_S: Final = 5.0
PAUSE_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The certificate (chain) and key of an HTTPS listener, as PEM files."""

    cert_file: Path
    key_file: Path


class WinRMServer:
    """WinRM in front of a machine. `port` is the one really bound once `start` has returned.

    Basic is answered over HTTPS only, and plain SOAP over HTTP is refused, unless `allow_unencrypted`.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        tls: Tls | None = None,
        allow_basic: bool = False,
        allow_unencrypted: bool = False,
        port: int = 0,
        idle_close_s: float = 120.0,
        max_envelope_kb: int = 500,
        transcript: Path | None = None,
    ) -> None:
        self.port = port
        self._shells = Shells()
        self._terms = Terms(
            service=Service(
                machine=machine,
                shells=self._shells,
                configuration=Configuration(
                    max_envelope_kb=max_envelope_kb, allow_basic=allow_basic, allow_unencrypted=allow_unencrypted
                ),
            ),
            accounts=Accounts(machine),
            transcript=Transcript(transcript),
            tls=_tls_context(tls),
            allow_basic=allow_basic,
            allow_unencrypted=allow_unencrypted,
            idle_close_s=idle_close_s,
            max_envelope_bytes=max_envelope_kb * 1024,
        )
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and answer from now on. Raises OSError when the port is taken."""
        listener = socket.create_server((HOST, self.port), backlog=BACKLOG)
        self.port = listener.getsockname()[1]
        listener.settimeout(TICK_S)
        self._stopping.clear()
        self._listener = listener
        self._thread = threading.Thread(target=self._accept, args=(listener,), name=f"winrm-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port, break every connection and end every shell."""
        self._stopping.set()
        if self._listener is not None and self._thread is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the waiting accept
            self._thread.join(STOP_S)
            self._listener.close()
        self._drop_connections()
        self._shells.end_all()

    def power_off(self) -> None:
        """What a power cut does: every connection breaks and every shell is forgotten. The port stays open."""
        self._drop_connections()
        self._shells.end_all()

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        with self._lock:
            return len(self._connections)

    def _accept(self, listener: socket.socket) -> None:
        ticked_at = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() - ticked_at >= TICK_S:  # also while clients come all the time
                self._tick()
                ticked_at = time.monotonic()
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:  # stopped, or too many open files: then wait a little
                if self._stopping.wait(PAUSE_S):
                    return
                continue
            self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
            full = len(self._connections) >= MAX_CONNECTIONS
        if full:
            sock.close()
            return
        try:
            connection = Connection(sock, self._terms)
        except OSError:
            sock.close()  # it left before we looked
            return
        with self._lock:
            self._connections.add(connection)
        threading.Thread(target=self._run, args=(connection,), name="winrm-connection", daemon=True).start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _tick(self) -> None:
        self._shells.end_idle()
        if not self._terms.service.machine.is_up():
            self.power_off()

    def _drop_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.drop()


def _tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert_file, tls.key_file)
    return context
