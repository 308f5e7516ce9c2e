"""Text messages through a gateway of the provider's own: one POST of JSON a message, over TLS, with a bearer token.

`{"id": …, "to": "+86…", "text": …}`. The same message always bears the same id, however often it is sent: a gateway
that knows it already answers as before. What it says in detail (signature, template) is the gateway's business.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from domain.errors import Denied, Fault, Mistake
from domain.secret import Secret, SecretRef
from domain.text import Text
from messages.courier import Parcel, Postponed, Returned, Undelivered
from messages.settings import port_of, query_of, secret_ref

WHOLE_S: Final = 15.0  # for the whole delivery: a code that comes later is of little use
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_KNOWN: Final = frozenset({"token", "ca"})
_PORTS: Final = {"https": 443, "http": 80}
_FOR_GOOD: Final = (400, 404, 410, 422)  # another try would be answered the same


@dataclass(frozen=True, kw_only=True)
class SmsSettings:
    """Where the gateway is. `encrypted` is False on loopback alone."""

    host: str
    port: int
    path: str
    encrypted: bool = True
    token: SecretRef | None = None
    ca_file: Path | None = None


def sms_settings(url: str, variable: str) -> SmsSettings:
    """Read `https://gateway/path?token=file:…`. Raises Mistake; its faults name `variable`."""
    faults: list[Fault] = []
    parts = urlsplit(url)
    asked = query_of(parts, _KNOWN, variable, faults)
    _check_address(parts, variable, faults)
    port, token = port_of(parts, _PORTS, variable, faults), secret_ref(asked.get("token"), variable, faults)
    if faults:
        raise Mistake(Text("短信网关设置有误", "The SMS gateway's setting has mistakes"), tuple(faults))
    return SmsSettings(
        host=parts.hostname or "",
        port=port,
        path=parts.path or "/",
        encrypted=parts.scheme == "https",
        token=token,
        ca_file=Path(asked["ca"]) if "ca" in asked else None,
    )


def _check_address(parts: SplitResult, variable: str, faults: list[Fault]) -> None:
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or (parts.scheme != "https" and not plain):
        text = Text("应为 https://网关/路径?token=file:…", "Must be https://gateway/path?token=file:…")
        faults.append(Fault(variable, text))
    if parts.username is not None or parts.password is not None:
        text = Text(
            "地址中不写用户与口令；用 token=file:…", "Neither user nor password in the address; use token=file:…"
        )
        faults.append(Fault(variable, text))


class SmsGateway:
    """Hands text messages to the gateway: one connection a message, no proxy, no redirect, within `whole_s`."""

    def __init__(
        self, settings: SmsSettings, open_secret: Callable[[SecretRef], Secret], whole_s: float = WHOLE_S
    ) -> None:
        self._settings = settings
        self._open_secret = open_secret
        self._whole_s = whole_s
        self._tls = ssl.create_default_context(cafile=settings.ca_file)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def deliver(self, parcel: Parcel) -> None:
        """Returns when the gateway has taken it. Raises Postponed, also where nobody knows; Returned for a plain no."""
        text = f"{parcel.body.zh}\n{parcel.body.en}"
        message = {"id": parcel.message_id, "to": parcel.recipient, "text": text}
        with _translated(), self._connected() as http:
            http.request("POST", self._settings.path, json.dumps(message), self._headers())
            status = http.getresponse().status  # what else it says is not read: the status is its word
        if not 200 <= status < 300:
            raise _refusal(status)

    @contextmanager
    def _connected(self) -> Iterator[HTTPConnection]:
        """A connection that is cut when the time is over, whatever it is waiting for then."""
        at = self._settings
        http: HTTPConnection
        if at.encrypted:
            http = HTTPSConnection(at.host, at.port, timeout=self._whole_s, context=self._tls)
        else:
            http = HTTPConnection(at.host, at.port, timeout=self._whole_s)
        over = threading.Event()
        watch = threading.Timer(self._whole_s, _cut, [http, over])
        watch.daemon = True
        watch.start()
        try:
            http.connect()
            if over.is_set():  # it ran out while there was no connection to cut
                raise TimeoutError
            yield http
            if over.is_set():  # an answer that we cut off ourselves reads like one that has ended
                raise TimeoutError
        finally:
            watch.cancel()
            http.close()

    def _headers(self) -> dict[str, str]:
        kind = {"Content-Type": "application/json"}
        if self._settings.token is None:
            return kind
        return {**kind, "Authorization": f"Bearer {self._open_secret(self._settings.token).open()}"}


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever goes wrong on the way: it is tried again. No error tells the token."""
    try:
        yield
    except Denied as error:  # the token cannot be read: the message names the reference
        raise Postponed(error.text) from None
    except ValueError:
        zh, en = "短信网关的令牌含有不能发送的字符", "The SMS gateway's token holds characters that cannot be sent"
        raise Postponed(Text(zh, en)) from None
    except (OSError, HTTPException) as error:
        why = type(error).__name__
        raise Postponed(Text(f"短信网关无应答：{why}", f"The SMS gateway does not answer: {why}")) from None


def _refusal(status: int) -> Undelivered:
    text = Text(f"短信网关应答 {status}", f"The SMS gateway answered {status}")
    return Returned(text) if status in _FOR_GOOD else Postponed(text)


def _cut(http: HTTPConnection, over: threading.Event) -> None:
    over.set()
    sock = http.sock
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
