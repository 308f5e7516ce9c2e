"""One signed-in WinRM session with one shell. With winrm_trouble.py the only importer of pywinrm.

Nothing here repeats anything: every method is one exchange and raises WireError if it fails.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import requests
from requests.adapters import HTTPAdapter
from winrm.protocol import Protocol

from domain.places import Host
from domain.secret import Secret, mask
from executors.winrm_script import COMMAND_LINE
from executors.winrm_trouble import ANSWERED, WireError, kind_of

T = TypeVar("T")
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How patient the wire is. Seconds are of wall-clock time, counts are of tries."""

    operation_s: int = 20  # one exchange on the host
    poll_s: int = 5  # one wait for output: so soon a stop request is seen
    slack_s: int = 10  # how much longer than the host's own limit we wait for its answer
    connects: int = 3  # tries to get a shell and start, while nothing was sent
    resumes: int = 6  # tries to listen again to a running command, in a row
    busy_tries: int = 5
    pause_s: float = 0.5  # before the first repetition; doubles
    stop_s: int = 60  # for ending the process tree and looking that it is gone
    shell_commands: int = 15  # then a new shell: WinRM counts operations per shell and never forgets
    shell_age_s: float = 600.0
    fresh_s: float = 1.0  # a connection idle for longer is renewed before a command: the host may have dropped it


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One answer to Receive. `exit_code` is None while the command runs."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None


class SentBeforeError(requests.RequestException):
    """Something tried to send one message a second time."""


class OnceAdapter(HTTPAdapter):
    """Sends each message once: no retry, no new sign-in and no redirect behind our back can repeat a command."""

    def __init__(self, *, sealed: bool) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._sealed = sealed
        self._last: object = None

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        if request.body:
            if request.body == self._last:
                raise SentBeforeError("the host asked for the message a second time; it is not repeated")
            if self._sealed and not str(request.headers.get("Content-Type")).startswith("multipart/encrypted"):
                raise SentBeforeError("a message that is not encrypted does not leave over plain HTTP")
            self._last = request.body
        answer = super().send(request, stream, timeout, verify, cert, proxies)
        if int(answer.headers.get("Content-Length") or 0) > MAX_ANSWER_BYTES:
            answer.close()
            raise requests.RequestException("the answer is larger than any WinRM answer")
        return answer


class Link:
    """A session and its shell. Not for two threads at once: sealing counts messages per connection."""

    def __init__(self, host: Host, secret: Secret, limits: Limits) -> None:
        self._limits = limits
        self._secret = secret
        self._sealed = host.winrm.transport == "ntlm" and not host.winrm.tls
        self._ntlm = host.winrm.transport == "ntlm"
        self._protocol = _protocol(host, secret, limits)
        self._shell: str | None = None
        self._commands = 0
        self._born = self._last_used = time.monotonic()

    @property
    def worn(self) -> bool:
        """True once the shell should serve no further command."""
        too_old = time.monotonic() - self._born > self._limits.shell_age_s
        return too_old or self._commands >= self._limits.shell_commands

    def ready(self) -> None:
        """Have a fresh connection and an open shell. Changes nothing on the host but that shell."""
        if time.monotonic() - self._last_used > self._limits.fresh_s:
            self.hang_up()
        if self._shell is None:
            self._shell = self._ask("Create", self._limits.operation_s, self._create)
        else:
            self._connect("Connect")

    def start(self) -> str:
        """Send the command line, once. Answers the command's id."""
        self._commands += 1
        shell = self._shell
        return self._ask(
            "Command",
            self._limits.operation_s,
            lambda: str(self._protocol.run_command(shell, COMMAND_LINE, console_mode_stdin=False)),
        )

    def send(self, command_id: str, piece: bytes, *, end: bool) -> None:
        """Write to the command's standard input."""
        self._ask(
            "Send",
            self._limits.operation_s,
            lambda: self._protocol.send_command_input(self._shell, command_id, piece, end=end),
        )

    def receive(self, command_id: str, wait_s: int) -> Heard:
        """Wait for output or the end. Raises WireError of kind IDLE if there was none in time."""
        stdout, stderr, code, done = self._ask(
            "Receive",
            wait_s,
            lambda: self._protocol.get_command_output_raw(self._shell, command_id),
        )
        return Heard(stdout=stdout, stderr=stderr, exit_code=code if done else None)

    def terminate(self, command_id: str) -> None:
        """Signal the command to end; after its end this frees what the host kept for it."""
        self._ask("Signal", self._limits.poll_s, lambda: self._protocol.cleanup_command(self._shell, command_id))

    def close(self) -> None:
        """Delete the shell, which ends what still runs in it, and hang up. Trouble on the way changes nothing."""
        shell, self._shell = self._shell, None
        if shell is not None:
            delete = partial(self._protocol.close_shell, shell, close_session=False)
            with suppress(WireError):  # the host reaps idle shells by itself
                self._ask("Delete", self._limits.poll_s, delete)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; the shell lives on at the host."""
        self._protocol.transport.close_session()
        # pywinrm keeps the old seal: with it the next message would be sealed for a connection that is gone.
        self._protocol.transport.encryption = None

    def _create(self) -> str:
        return str(self._protocol.open_shell(codepage=65001, noprofile=True, idle_timeout="PT900S"))

    def _ask(self, action: str, operation_s: int, exchange: Callable[[], T]) -> T:
        self._protocol.operation_timeout_sec = operation_s
        self._protocol.transport.read_timeout_sec = operation_s + self._limits.slack_s
        self._connect("Connect" if action in ("Create", "Command") else action)
        try:
            return exchange()
        except Exception as cause:
            raise self._failed(action, cause) from cause
        finally:
            self._last_used = time.monotonic()

    def _connect(self, action: str) -> None:
        """Sign in with an empty message, so that no command ever travels in one that the host may ask for again."""
        transport = self._protocol.transport
        if transport.session is not None:
            return
        try:
            session = transport.build_session()
            session.trust_env, session.max_redirects = False, 0
            session.mount("https://", OnceAdapter(sealed=False))
            session.mount("http://", OnceAdapter(sealed=True))
            if self._ntlm:
                transport.setup_encryption(session)
            if not self._sealed:
                transport.encryption = None
            self._last_used = time.monotonic()
        except Exception as cause:
            raise self._failed(action, cause) from cause

    def _failed(self, action: str, cause: Exception) -> WireError:
        kind = kind_of(cause)
        if kind not in ANSWERED:
            self.hang_up()
        return WireError(action, kind, _reason(cause, self._secret))


def _protocol(host: Host, secret: Secret, limits: Limits) -> Any:
    wire = host.winrm
    scheme = "https" if wire.tls else "http"
    return Protocol(
        endpoint=f"{scheme}://{host.address}:{wire.port}/wsman",
        transport=wire.transport,
        username=_credential(wire.user, wire.transport),
        password=_credential(secret.open(), wire.transport),
        ca_trust_path=wire.ca_file,
        server_cert_validation="validate" if wire.verify else "ignore",
        read_timeout_sec=limits.operation_s + limits.slack_s,
        operation_timeout_sec=limits.operation_s,
        message_encryption="never",  # we sign in and turn it on ourselves, see Link._connect
        proxy=None,
    )


def _credential(text: str, transport: str) -> Any:
    # Basic is UTF-8 by RFC 7617, but requests would write text in Latin-1, and fail on Chinese.
    return text.encode() if transport == "basic" else text


def _reason(cause: Exception, secret: Secret) -> str:
    text = mask(" ".join(str(cause).split()), (secret,))
    return f"{type(cause).__name__}: {text[:300]}"
