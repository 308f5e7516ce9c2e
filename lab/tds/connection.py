"""One TCP connection of a client: greet it, then answer its requests until either side leaves."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Final, Literal

from lab.tds.answering import Answering, HungUp, acknowledge
from lab.tds.answers import Answer, Changed, Done, Hangup, Login, Message, Server, Session
from lab.tds.channel import Channel
from lab.tds.greeting import FAREWELL_S, Greeted, Greeting, Rejected
from lab.tds.inbox import Asked, Inbox
from lab.tds.packets import Kind, Malformed, Outgoing, Request
from lab.tds.prelogin import Mode
from lab.tds.prepared import Prepared
from lab.tds.requests import Call, Transact, read_batch, read_calls, read_transact, split_headers
from lab.tds.tokens import WAS_RESET, change

Fate = Literal["go", "drop", "hang"]
Fault = Callable[[str, "Connection"], Fate]

WORDS: Final = {Kind.BATCH: "batch", Kind.RPC: "call", Kind.TRANSACTION: "transaction"}
NO_SUCH_TRANSACTION: Final = "The server failed to resume the transaction. Desc:{:x}."
BROKEN: Final = Message(
    number=3624, severity=20, state=1, text="A system assertion check has failed. Check the lab's log for details."
)
log = logging.getLogger(__name__)


class Cut(Exception):
    """The wire shall break here."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every connection of a server shares."""

    server: Server
    encryption: Mode
    tls: ssl.SSLContext | None
    fault: Fault


class Connection:
    """Serves one socket. `serve` returns when it is closed. `login` and `session` are for the fault hook to look at."""

    def __init__(self, sock: socket.socket, terms: Terms) -> None:
        self._channel = Channel(sock)
        self._terms = terms
        self._inbox = Inbox(self._channel.read)
        self._prepared = Prepared()
        self._greeted: Greeted | None = None
        self._reads_ahead = False
        self.login: Login | None = None
        self.session: Session | None = None

    def serve(self) -> None:
        """Answer until the client leaves or the wire is cut."""
        try:
            greeted = self._greet()
            self._inbox.start()
            self._reads_ahead = True
            while (asked := self._inbox.take()) is not None:
                self._answer(greeted, asked)
        except (HungUp, Rejected):
            self._end_session()
            self._say_goodbye()
        except (OSError, EOFError, Malformed, Cut):
            pass  # the client left, spoke nonsense, or shall believe that the wire broke: nothing is left to say
        except Exception:
            log.exception("a connection of the lab's SQL Server broke")
        finally:
            self._close()

    def drop(self) -> None:
        """Break the connection from another thread."""
        self._channel.cut()

    def _greet(self) -> Greeted:
        greeting = Greeting(self._channel, self._terms.server, self._terms.encryption, self._terms.tls)
        hello = greeting.hello()
        self.login = hello.login
        self._moment("before-login")
        greeted = greeting.admit(hello)
        self.session = greeted.session
        self._moment("after-login")
        greeting.welcome(greeted)
        return greeted

    def _answer(self, greeted: Greeted, asked: Asked) -> None:
        request = asked.request
        if request.kind is Kind.ATTENTION:
            acknowledge(greeted.tokens, self._outgoing(greeted))
            return
        if request.kind not in WORDS:
            raise Malformed(f"{request.kind.name} after the login")
        word, out = WORDS[request.kind], self._outgoing(greeted)
        if request.resets:
            self._reset(greeted, out)
        self._moment(f"before-{word}")
        answering = Answering(greeted.tokens, out, name_of_end=f"after-{word}", moment=self._moment)
        try:
            self._ask(greeted, request, asked.stop, answering)
        except (HungUp, Cut, Malformed, OSError):
            raise
        except Exception:
            log.exception("the lab's SQL Server has a bug")
            answering.run(iter((BROKEN, Hangup())), Event(), is_call=False)
        answering.end()

    def _ask(self, greeted: Greeted, request: Request, stop: Event, answering: Answering) -> None:
        session = greeted.session
        if stop.is_set():  # before it began: the session shall not hear of it
            answering.stopped = True
            return
        if request.ignored:
            answering.run(iter((Done(failed=True),)), stop, is_call=False)
            return
        believed, reading = split_headers(request.payload, greeted.hello.dialect)
        if believed is not None and believed != session.transaction():
            answering.run(_no_such_transaction(believed), stop, is_call=False)
        elif request.kind is Kind.BATCH:
            answering.run(session.batch(read_batch(reading), stop), stop, is_call=False)
        elif request.kind is Kind.TRANSACTION:
            answering.run(_transact(session, read_transact(reading)), stop, is_call=False)
        else:
            for call in tuple(read_calls(reading, greeted.hello.dialect)):
                self._call(session, call, stop, answering)

    def _call(self, session: Session, call: Call, stop: Event, answering: Answering) -> None:
        if not answering.stopped:
            names = tuple(parameter.name for parameter in call.parameters)
            answers = self._prepared.run(call, lambda name, values: session.call(name, values, stop))
            answering.run(answers, stop, is_call=True, names=names)

    def _reset(self, greeted: Greeted, out: Outgoing) -> None:
        before = greeted.session.database
        greeted.session.reset()
        self._prepared.forget()
        out.add(change(WAS_RESET, b"\0\0"))
        if greeted.session.database != before:
            out.add(greeted.tokens.changed(Changed(what="database", new=greeted.session.database, old=before)))

    def _outgoing(self, greeted: Greeted) -> Outgoing:
        return Outgoing(self._channel.send, spid=greeted.session.number, size=greeted.hello.packet_bytes)

    def _moment(self, moment: str) -> None:
        fate = self._terms.fault(moment, self)
        if fate == "hang":
            self._wait_until_gone()
        if fate != "go":
            raise Cut

    def _wait_until_gone(self) -> None:
        if self._reads_ahead:
            self._inbox.gone.wait()
            return
        self._channel.set_timeout(None)
        while True:
            self._channel.read(1)

    def _say_goodbye(self) -> None:
        """Without this, closing with unread bytes would reset the connection and lose what was said last."""
        self._channel.finish()
        self._channel.set_timeout(FAREWELL_S)
        if self._reads_ahead:
            self._inbox.gone.wait(FAREWELL_S)
            return
        with suppress(OSError, EOFError):
            while True:
                self._channel.read(1)

    def _close(self) -> None:
        self._channel.cut()
        if self._reads_ahead:
            self._inbox.join()
        self._end_session()
        self._channel.close()

    def _end_session(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            try:
                session.close()
            except Exception:
                log.exception("the lab's SQL Server could not close a session")


def _transact(session: Session, asked: Transact) -> Iterator[Answer]:
    yield from session.transact(asked.event)
    if asked.then_begins:
        yield from session.transact("begin")


def _no_such_transaction(believed: int) -> Iterator[Answer]:
    text = NO_SUCH_TRANSACTION.format(believed)
    return iter((Message(number=3971, severity=16, state=1, text=text), Done(failed=True)))
