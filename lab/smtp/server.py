"""The server: one thread a connection, RFC 5321 as far as a sending client needs it, STARTTLS and AUTH."""

import base64
import binascii
import hmac
import re
import socketserver
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab.smtp.faults import Fault, Switch, Taken

LONGEST_LINE: Final = 4096
MOST_BYTES: Final = 10 * 1024 * 1024
MOST_RECIPIENTS: Final = 100
IDLE_S: Final = 60
_PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>.*", re.IGNORECASE)


class SmtpServer:
    """A mail server on a loopback port. `users` may sign in, once the line is encrypted; without users nobody must."""

    def __init__(
        self,
        *,
        users: dict[str, str] | None = None,
        certificate: tuple[Path, Path] | None = None,
        wrapped: bool = False,
        mechanisms: str = "PLAIN LOGIN",
    ) -> None:
        self.switch = Switch()
        self.users = users or {}
        self.wrapped = wrapped
        self.mechanisms = mechanisms
        self.tls = _context(*certificate) if certificate else None
        self._tcp = _Tcp(("127.0.0.1", 0), _Talk)
        self._tcp.lab = self
        self.port: int = self._tcp.server_address[1]
        self._thread = threading.Thread(target=self._tcp.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.switch.release()
        self._tcp.shutdown()
        self._tcp.server_close()
        self._thread.join()


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = False  # closing waits for the talks: a client has gone by then, and who hangs is released
    allow_reuse_address = True
    lab: SmtpServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; the tests look at the ledger."""


class _Gone(Exception):
    """The connection is to be closed."""


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    timeout = IDLE_S
    server: _Tcp

    def handle(self) -> None:
        self.lab, self.encrypted, self.user = self.server.lab, False, ""
        self.sender: str | None = None
        self.recipients: list[str] = []
        with suppress(_Gone, OSError):
            if self.lab.wrapped:
                self._encrypt()
            self._do("CONNECT", lambda: "220 lab ESMTP")
            while True:
                self._command(self._line())

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
        self.rfile.close()
        self.connection.close()

    def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        known: dict[str, Callable[[str], str]] = {
            "EHLO": self._ehlo,
            "HELO": lambda _: "250 lab",
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: "250 OK",
            "QUIT": self._quit,
        }
        name = word.upper()
        if name not in known:
            self._say("502 5.5.1 the lab does not know this command")
            return
        self._do(name, lambda: known[name](rest))

    def _do(self, name: str, action: Callable[[], str]) -> None:
        """Do it, unless a fault says otherwise."""
        fault = self.lab.switch.due(name)
        if fault is None:
            self._say(action())
            return
        self._go_wrong(fault, action)

    def _go_wrong(self, fault: Fault, action: Callable[[], str]) -> None:
        if fault.kind == "answer":
            self._say(fault.says)
            return
        if fault.kind in ("hang-after", "cut-after"):
            action()
        if fault.kind.startswith("hang"):
            self.lab.switch.hang()
        elif fault.kind == "trickle":
            while True:
                self._say("250-and so on")
        raise _Gone

    def _ehlo(self, _rest: str) -> str:
        self._rset("")
        offers = ["lab", "8BITMIME", "SIZE 10485760", "SMTPUTF8"]
        if self.lab.tls and not self.encrypted:
            offers.append("STARTTLS")
        if self.lab.users and self.encrypted:
            offers.append(f"AUTH {self.lab.mechanisms}")
        return "\r\n".join(f"250{'-' if o != offers[-1] else ' '}{o}" for o in offers)

    def _starttls(self, _rest: str) -> str:
        if not self.lab.tls or self.encrypted:
            return "503 5.5.1 no STARTTLS here"
        self._say("220 go ahead")
        self._encrypt()
        self._rset("")
        return ""

    def _encrypt(self) -> None:
        if self.lab.tls is None:
            raise _Gone
        try:
            self.connection = self.lab.tls.wrap_socket(self.connection, server_side=True)
        except ssl.SSLError:
            raise _Gone from None
        self.rfile = self.connection.makefile("rb")
        self.encrypted = True

    def _auth(self, rest: str) -> str:
        if not (self.lab.users and self.encrypted):
            return "503 5.5.1 not before the line is encrypted"
        mechanism, _, first = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            parts = self._answered(first or self._asked("")).split("\0")
            user, password = (parts[1], parts[2]) if len(parts) == 3 else ("", "")
        elif mechanism.upper() == "LOGIN":
            user = self._answered(first or self._asked("Username:"))
            password = self._answered(self._asked("Password:"))
        else:
            return "504 5.5.4 PLAIN or LOGIN"
        expected = self.lab.users.get(user, "")
        if not expected or not hmac.compare_digest(expected.encode(), password.encode()):
            return "535 5.7.8 wrong user or password"
        self.user = user
        return "235 2.7.0 welcome"

    def _asked(self, prompt: str) -> str:
        self._say(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return self._line()

    def _answered(self, given: str) -> str:
        try:
            return base64.b64decode(given, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""

    def _mail(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if self.lab.users and not self.user:
            return "530 5.7.0 sign in first"
        if not found or self.sender is not None:
            return "503 5.5.1 not now"
        self.sender = found.group(1)
        return "250 2.1.0 OK"

    def _rcpt(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if self.sender is None or not found or len(self.recipients) >= MOST_RECIPIENTS:
            return "503 5.5.1 not now"
        self.recipients.append(found.group(1))
        return "250 2.1.5 OK"

    def _data(self, _rest: str) -> str:
        if not self.recipients:
            return "503 5.5.1 to whom?"
        self._say("354 end with a dot")
        data = bytearray()
        while (line := self._raw()) != b".\r\n":
            data += line.removeprefix(b".") if line.startswith(b"..") else line
            if len(data) > MOST_BYTES:
                raise _Gone
        self._do("END", lambda: self._take(bytes(data)))
        return ""

    def _take(self, data: bytes) -> str:
        mail = Taken(
            sender=self.sender or "",
            recipients=tuple(self.recipients),
            data=data,
            encrypted=self.encrypted,
            user=self.user,
        )
        self.lab.switch.take(mail)
        self._rset("")
        return "250 2.0.0 taken"

    def _rset(self, _rest: str) -> str:
        self.sender, self.recipients = None, []
        return "250 OK"

    def _quit(self, _rest: str) -> str:
        self._say("221 bye")
        raise _Gone

    def _line(self) -> str:
        return self._raw().decode("utf-8", "replace").rstrip("\r\n")

    def _raw(self) -> bytes:
        line = self.rfile.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise _Gone
        return line

    def _say(self, answer: str) -> None:
        if answer:
            self.connection.sendall(f"{answer}\r\n".encode())


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
