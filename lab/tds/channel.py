"""The bytes of one connection: clear, or TLS whose handshake travels inside prelogin packets."""

import socket
import ssl
import threading
from contextlib import suppress
from typing import Final

from lab.tds.packets import Kind, Malformed, Outgoing, read_packet

CHUNK_BYTES: Final = 65536


class ClearLogin(Exception):
    """The client goes on in clear where TLS was agreed."""


class Channel:
    """Reads for one thread and writes for one thread at a time; the TLS engine between them is locked."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._clear = bytearray()
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._lock = threading.Lock()

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises EOFError when the client is gone, OSError on a broken wire."""
        while len(self._clear) < count:
            self._fill()
        data = bytes(self._clear[:count])
        del self._clear[:count]
        return data

    def send(self, data: bytes) -> None:
        """All of it. Raises OSError when the client is gone."""
        if self._tls is not None:
            with self._lock:
                self._tls.write(data)
                data = self._outgoing.read()
        self._sock.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands inside prelogin packets. Raises ssl.SSLError, ClearLogin, and as `read`."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while not self._shook(tls):
            packet = read_packet(self.read)
            if packet.kind is Kind.LOGIN:
                raise ClearLogin
            if packet.kind is not Kind.PRELOGIN:
                raise Malformed(f"{packet.kind.name} in the middle of the handshake")
            self._incoming.write(packet.body)
        self._tls = tls
        self._decrypt()

    def end_tls(self) -> None:
        """Go on in clear, both ways: what TLS has not read yet is clear text already."""
        self._tls = None
        self._clear += self._incoming.read()

    def set_timeout(self, seconds: float | None) -> None:
        """How long a read or a write may be silent."""
        self._sock.settimeout(seconds)

    def cut(self) -> None:
        """Break the connection, also from another thread; `close` is still due."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Say that nothing more comes, and give the client time to read what it was told."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the socket back."""
        self._sock.close()

    def _shook(self, tls: ssl.SSLObject) -> bool:
        done = True
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            done = False
        finally:  # an alert goes out too
            if said := self._outgoing.read():
                packet = Outgoing(self._sock.sendall, kind=Kind.PRELOGIN)
                packet.add(said)
                packet.end()
        return done

    def _fill(self) -> None:
        data = self._sock.recv(CHUNK_BYTES)
        if not data:
            raise EOFError
        if self._tls is None:
            self._clear += data
            return
        with self._lock:
            self._incoming.write(data)
        self._decrypt()

    def _decrypt(self) -> None:
        with self._lock, suppress(ssl.SSLWantReadError):
            while self._tls is not None:
                data = self._tls.read(CHUNK_BYTES)
                if not data:  # close_notify
                    raise EOFError
                self._clear += data
