"""One TCP connection of a client: sign in, unseal, answer, until either side closes."""

import select
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

from lab.winrm import sealing, wire
from lab.winrm.actions import Service
from lab.winrm.auth import Accounts, Admission, Gate
from lab.winrm.exchange import Answer, Caller, Cut, Hang, answer
from lab.winrm.shells import ClientGone
from lab.winrm.transcript import Transcript

SOAP: Final = "application/soap+xml;charset=UTF-8"
SEALING_OVERHEAD_BYTES: Final = 1024
HANDSHAKE_S: Final = 10.0
HANG_LIMIT_S: Final = 3600.0
GONE: Final = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every connection of a server shares."""

    service: Service
    accounts: Accounts
    transcript: Transcript
    tls: ssl.SSLContext | None
    allow_basic: bool
    allow_unencrypted: bool
    idle_close_s: float
    max_envelope_bytes: int


class Connection:
    """Serves one socket. `serve` returns when it is closed."""

    def __init__(self, sock: socket.socket, terms: Terms) -> None:
        self._sock = sock
        self._terms = terms
        self._peer = str(sock.getpeername()[0])
        self._poll = select.poll()
        self._dropped = False
        allowed = terms.allow_basic and (terms.tls is not None or terms.allow_unencrypted)
        self._gate = Gate(terms.accounts, allow_basic=allowed)

    def serve(self) -> None:
        """Answer requests until the client leaves, is idle for too long, or the wire is cut."""
        try:
            self._open()
            with self._sock.makefile("rb") as stream:
                while self._serve_one(stream):
                    pass
        except Hang:
            self._wait_until_gone()
        except (OSError, ValueError, Cut, ClientGone):
            pass  # the client left, was idle, or shall believe that the wire broke: nothing is left to say
        finally:
            self._sock.close()

    def drop(self) -> None:
        """Break the connection from another thread."""
        self._dropped = True
        with suppress(OSError):  # it may be gone already
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # of the TCP socket, also under TLS

    def _open(self) -> None:
        self._refuse_when_down()
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._terms.tls is not None:
            self._sock.settimeout(HANDSHAKE_S)
            self._sock = self._terms.tls.wrap_socket(self._sock, server_side=True)
        if self._dropped:  # while the handshake was changing the socket
            raise Cut
        self._sock.settimeout(self._terms.idle_close_s)
        self._poll.register(self._sock.fileno(), GONE)

    def _serve_one(self, stream: BinaryIO) -> bool:
        """Answer one request; False ends the connection."""
        limit = self._terms.max_envelope_bytes + SEALING_OVERHEAD_BYTES
        try:
            request = wire.read_request(stream, self._sock.sendall, max_body_bytes=limit)
        except wire.BadRequest as error:
            self._sock.sendall(wire.compose(wire.Outgoing(status=error.status), keep_alive=False))
            return False
        if request is None:
            return False
        self._refuse_when_down()
        outgoing = self._answered(request)
        self._refuse_when_down()
        self._sock.sendall(wire.compose(outgoing, keep_alive=request.keep_alive))
        return request.keep_alive

    def _answered(self, request: wire.Incoming) -> wire.Outgoing:
        admission = self._gate.admit(request.headers.get("authorization"))
        if admission.user is None:
            return wire.Outgoing(status=401, challenges=admission.challenges)
        if request.body == b"":  # the message that only signs in
            return wire.Outgoing(status=200, challenges=admission.challenges)
        if sealing.is_sealed(request.headers.get("content-type", "")):
            return self._sealed(request, admission, admission.user)
        if self._terms.tls is None and not self._terms.allow_unencrypted:
            return wire.Outgoing(status=401, challenges=("Negotiate",))
        result = self._exchanged(request, request.body, admission.user)
        return wire.Outgoing(
            status=result.status, body=result.envelope, content_type=SOAP, challenges=admission.challenges
        )

    def _sealed(self, request: wire.Incoming, admission: Admission, user: str) -> wire.Outgoing:
        context = self._gate.context
        if context is None:  # signed in by Basic: nothing of this connection can unseal it
            return wire.Outgoing(status=400)
        try:
            plain = sealing.unseal(request.body, context) if request.body is not None else None
        except sealing.Unreadable:
            return wire.Outgoing(status=400)
        result = self._exchanged(request, plain, user)
        return wire.Outgoing(
            status=result.status,
            body=sealing.seal(result.envelope, context),
            content_type=sealing.CONTENT_TYPE,
            challenges=admission.challenges,
        )

    def _exchanged(self, request: wire.Incoming, data: bytes | None, user: str) -> Answer:
        if data is not None and len(data) > self._terms.max_envelope_bytes:
            data = None
        caller = Caller(
            user=user, client_ip=self._peer, endpoint=self._endpoint(request), is_waited_for=self._is_waited_for
        )
        return answer(self._terms.service, self._terms.transcript, data, caller)

    def _endpoint(self, request: wire.Incoming) -> str:
        scheme = "http" if self._terms.tls is None else "https"
        return f"{scheme}://{request.headers.get('host', self._terms.service.machine.name)}/wsman"

    def _is_waited_for(self) -> bool:
        return self._sock.fileno() >= 0 and not self._poll.poll(0)

    def _wait_until_gone(self) -> None:
        self._poll.poll(HANG_LIMIT_S * 1000)

    def _refuse_when_down(self) -> None:
        """A host that reboots answers nothing, not even to a command it has just been given."""
        if not self._terms.service.machine.is_up():
            self._terms.service.shells.end_all()
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            raise Cut
