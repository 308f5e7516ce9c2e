"""Who signs in: Basic per request, NTLM (raw or inside SPNEGO) per TCP connection, by pyspnego's acceptor."""

import atexit
import base64
import binascii
import hmac
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import spnego
from spnego._ntlm_raw.crypto import ntowfv1

from lab.machine import Machine

NTLM_SIGNATURE: Final = b"NTLMSSP\0"
MAX_TOKEN_CHARS: Final = 48 * 1024
ACCOUNTS_VARIABLE: Final = "NTLM_USER_FILE"


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The outcome of looking at one request. `user` None means 401; `challenges` go into WWW-Authenticate."""

    user: str | None
    challenges: tuple[str, ...] = ()


class _AccountsFile:
    """The file from which pyspnego's acceptor reads accounts, when a context is made and at its last step.

    An environment variable names it, so a process has one, holding the accounts of one host at a time. The variable
    is set once and stays: taking it away again would break whoever is just walking through the environment in another
    thread, as `requests` does for each message.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._held = ""

    @contextmanager
    def holding(self, text: str) -> Iterator[Path]:
        """While inside, the file holds this and nothing else."""
        with self._lock:
            path = self._path = self._path or _made()
            if text != self._held:
                path.write_text(text, encoding="utf-8")
                self._held = text
            yield path


def _made() -> Path:
    handle, name = tempfile.mkstemp(prefix="lab-accounts-")  # mode 0600
    os.close(handle)
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    os.environ[ACCOUNTS_VARIABLE] = name
    return path


_file = _AccountsFile()


class Accounts:
    """The accounts of one machine, as it has them now."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._told: dict[str, str] = {}
        self._as_text = ""

    def matching(self, name: str) -> str | None:
        """The account a client means by `USER` or `DOMAIN\\USER`, spelled as the machine spells it."""
        by_name = {account.lower(): account for account in self._machine.accounts()}
        bare = name.rpartition("\\")[2]
        return by_name.get(name.lower()) or by_name.get(bare.lower())

    def check(self, name: str, password: str) -> str | None:
        """The account, if the password is right."""
        account = self.matching(name)
        expected = self._machine.accounts().get(account, "") if account else ""
        right = hmac.compare_digest(expected.encode(), password.encode())
        return account if right else None

    @contextmanager
    def at_hand(self) -> Iterator[Path]:
        """While inside, the acceptor sees this machine's accounts, in the file whose path it gives."""
        with _file.holding(self._text()) as path:
            yield path

    def _text(self) -> str:
        accounts = dict(self._machine.accounts())
        if accounts != self._told:
            lines = (line for name, password in accounts.items() for line in self._lines(name, password))
            self._told, self._as_text = accounts, "".join(lines)
        return self._as_text

    def _lines(self, name: str, password: str) -> Iterator[str]:
        """One smbpasswd line for each form in which clients send the domain; hashes, so any password fits."""
        domain, _, user = name.rpartition("\\")
        forms = {domain, "", self._machine.name.upper(), socket.gethostname().upper(), "WORKSTATION", "."}
        nt_hash = ntowfv1(password).hex().upper()
        for form in sorted(forms):
            full = f"{form}\\{user}" if form else user
            yield f"{full}:1000:{'0' * 32}:{nt_hash}:[U]:LCT-00000000\n"


class Gate:
    """The authentication state of one TCP connection."""

    def __init__(self, accounts: Accounts, *, allow_basic: bool) -> None:
        self._accounts = accounts
        self._allow_basic = allow_basic
        self._context: Any = None
        self._user: str | None = None
        self._offers = ("Negotiate", 'Basic realm="WSMAN"') if allow_basic else ("Negotiate",)

    @property
    def context(self) -> Any:
        """The security context that seals messages, or None before sign-in or with Basic."""
        return self._context if self._user is not None else None

    def admit(self, authorization: str | None) -> Admission:
        """Decide on one request by its Authorization header."""
        if authorization is None:
            return Admission(user=self._user, challenges=() if self._user is not None else self._offers)
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._basic(token.strip())
        if scheme.lower() in ("negotiate", "ntlm"):
            return self._ntlm(scheme, token.strip())
        return self._refused()

    def _basic(self, token: str) -> Admission:
        try:
            name, colon, password = _decoded(base64.b64decode(token, validate=True)).partition(":")
        except (binascii.Error, ValueError):
            return self._refused()
        user = self._accounts.check(name, password) if self._allow_basic and colon else None
        return Admission(user=user) if user is not None else self._refused()

    def _ntlm(self, scheme: str, token: str) -> Admission:
        try:
            raw = base64.b64decode(token[:MAX_TOKEN_CHARS], validate=True)
            answer = self._step(raw)
        except Exception:  # a hostile token may break the acceptor anywhere: it is a refusal, never a traceback
            return self._refused()
        if not self._context.complete:  # answered in the scheme the client used: curl insists on that
            return Admission(user=None, challenges=(f"{scheme} {base64.b64encode(answer or b'').decode()}",))
        self._user = self._accounts.matching(str(self._context.client_principal))
        if self._user is None:
            return self._refused()
        return Admission(
            user=self._user,
            challenges=(f"{scheme} {base64.b64encode(answer).decode()}",) if answer else (),
        )

    def _step(self, token: bytes) -> bytes | None:
        with self._accounts.at_hand():
            if _starts_over(token):
                self._user, self._context = None, _acceptor(token)
            answer = self._context.step(token)
        return bytes(answer) if answer else None

    def _refused(self) -> Admission:
        self._context = self._user = None
        return Admission(user=None, challenges=self._offers)


def _decoded(credentials: bytes) -> str:
    """UTF-8, or Latin-1 as older clients send it."""
    try:
        return credentials.decode("utf-8")
    except UnicodeDecodeError:
        return credentials.decode("latin-1")


def _starts_over(token: bytes) -> bool:
    """An NTLM type 1 message or a SPNEGO NegTokenInit."""
    return token[:1] == b"\x60" or (token.startswith(NTLM_SIGNATURE) and token[8:12] == b"\x01\0\0\0")


def _acceptor(token: bytes) -> Any:
    if token.startswith(NTLM_SIGNATURE):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
