"""The way from a fresh socket to a session: prelogin, TLS, login."""

import ssl
from dataclasses import dataclass
from typing import Final

from lab.tds.answers import Refused, Server, Session
from lab.tds.channel import Channel, ClearLogin
from lab.tds.dialect import NEWEST, Dialect
from lab.tds.login7 import Hello, read_login
from lab.tds.packets import LARGEST_LOGIN_BYTES, Kind, Malformed, Outgoing, Request, read_request
from lab.tds.prelogin import Encryption, Mode, agree, read_offer, write_answer
from lab.tds.tokens import Tokens
from lab.tds.welcome import NO_INTEGRATED, TLS_NEEDED, refuse, welcome

GREETING_S: Final = 15.0
FAREWELL_S: Final = 2.0


class Rejected(Exception):
    """The client has been told why, and the connection ends."""


@dataclass(frozen=True, kw_only=True)
class Greeted:
    """A client that is in."""

    session: Session
    hello: Hello
    tokens: Tokens


class Greeting:
    """Prelogin, TLS and login of one connection. A client that dawdles is cut off by the socket's timeout."""

    def __init__(self, channel: Channel, server: Server, mode: Mode, tls: ssl.SSLContext | None) -> None:
        self._channel = channel
        self._server = server
        self._mode = mode
        self._tls = tls

    def hello(self) -> Hello:
        """What the client says of itself. Raises Malformed, Rejected, ssl.SSLError, EOFError, OSError."""
        self._channel.set_timeout(GREETING_S)
        request = self._read()
        agreed = Encryption.NOT_SUPPORTED
        if request.kind is Kind.PRELOGIN:
            agreed = self._agree(request)
            request = self._secured(self._tls) if self._tls and agreed is not Encryption.NOT_SUPPORTED else self._read()
        elif self._mode == "required":
            self._reject_clear()
        if request.kind is not Kind.LOGIN:
            raise Malformed(f"{request.kind.name} before the login")
        if agreed is Encryption.OFF:
            self._channel.end_tls()
        return read_login(request.payload)

    def admit(self, hello: Hello) -> Greeted:
        """Log in. Raises Rejected, EOFError, OSError."""
        tokens = Tokens(dialect=hello.dialect, server=self._server.name, collation=self._server.collation)
        try:
            if hello.integrated:
                raise Refused(NO_INTEGRATED)
            session = self._server.login(hello.login)
        except Refused as refused:
            refuse(tokens, Outgoing(self._channel.send), refused.messages)
            raise Rejected from refused
        return Greeted(session=session, hello=hello, tokens=tokens)

    def welcome(self, greeted: Greeted) -> None:
        """Tell the client that it is in; from now on it may be silent for as long as it likes."""
        out = Outgoing(self._channel.send, spid=greeted.session.number)
        welcome(greeted.tokens, out, self._server, greeted.session, greeted.hello)
        self._channel.set_timeout(None)

    def _read(self) -> Request:
        return read_request(self._channel.read, limit=LARGEST_LOGIN_BYTES)

    def _agree(self, request: Request) -> Encryption:
        offer = read_offer(request.payload)
        agreed = agree(self._mode, offer.encryption)
        out = Outgoing(self._channel.send)
        out.add(write_answer(agreed, self._server.version, federated=offer.federated))
        out.end()
        return agreed

    def _secured(self, tls: ssl.SSLContext) -> Request:
        try:
            self._channel.start_tls(tls)
        except ClearLogin:
            self._reject_clear()
        return self._read()

    def _reject_clear(self) -> None:
        tokens = Tokens(dialect=Dialect(NEWEST), server=self._server.name, collation=self._server.collation)
        refuse(tokens, Outgoing(self._channel.send), (TLS_NEEDED,))
        raise Rejected
