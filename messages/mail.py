"""Mail over SMTP: encrypted and checked, one connection a message, and all of it within one wall-clock limit."""

import base64
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from domain.errors import Denied
from domain.secret import Secret, SecretRef
from domain.text import Text
from messages.courier import Parcel, Postponed, Returned
from messages.settings import MailSettings

ANSWER_S: Final = 20.0  # for one answer of the server
WHOLE_S: Final = 90.0  # for the whole delivery: a server may answer for ever, a little at a time
_MOST_WORDS: Final = 300
_READY: Final = 220
_WELCOME: Final = 235
_ASKED: Final = 334


class Smtp:
    """Hands messages to one mail server."""

    def __init__(
        self, settings: MailSettings, open_secret: Callable[[SecretRef], Secret], whole_s: float = WHOLE_S
    ) -> None:
        self._settings = settings
        self._open_secret = open_secret
        self._whole_s = whole_s
        self._tls = ssl.create_default_context(cafile=settings.ca_file)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def deliver(self, parcel: Parcel) -> None:
        """Returns when the server has taken it. Raises Postponed, also where nobody knows; Returned for a plain no."""
        mail, recipient = compose(parcel, self._settings.sender), parcel.recipient
        with _translated(self._where()), self._connected() as client:
            self._sign_in(client)
            client.send_message(mail, self._settings.sender, [recipient])
            with suppress(smtplib.SMTPException, OSError):  # it has been taken: how they part is of no matter
                client.quit()

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is cut when the time is over, whatever it is waiting for then."""
        client = self._client()
        watch = threading.Timer(self._whole_s, _cut, [client])
        watch.daemon = True
        watch.start()
        try:
            code, words = client.connect(self._settings.host, self._settings.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, words)
            if not watch.is_alive():  # it ran out while there was no connection to cut
                raise TimeoutError
            yield client
        finally:
            watch.cancel()
            client.close()

    def _client(self) -> smtplib.SMTP:
        timeout_s = min(ANSWER_S, self._whole_s)
        if self._settings.wrapped:
            return _Wrapped(timeout=timeout_s, context=self._tls, name=self._settings.host)
        return _Plain(timeout=timeout_s, name=self._settings.host)

    def _sign_in(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if not (self._settings.wrapped or self._settings.plain):
            client.starttls(context=self._tls)  # raises if it is not offered: then nothing is sent
            client.ehlo()
        if self._settings.password:
            _log_in(client, self._settings.user, self._open_secret(self._settings.password))

    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


class _Plain(smtplib.SMTP):
    """Knows the server's name before it connects: the certificate is checked against it."""

    def __init__(self, *, timeout: float, name: str) -> None:
        super().__init__(timeout=timeout)
        self._host = name


class _Wrapped(smtplib.SMTP_SSL):
    def __init__(self, *, timeout: float, context: ssl.SSLContext, name: str) -> None:
        super().__init__(timeout=timeout, context=context)
        self._host = name


def compose(parcel: Parcel, sender: str) -> EmailMessage:
    """The mail, in both languages. Raises Returned if the address is none."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address("yunwei", addr_spec=sender)
        mail["To"] = Address(addr_spec=parcel.recipient)
    except (ValueError, IndexError, MessageError):
        raise Returned(Text("收件地址有误", "the recipient is no address")) from None
    mail["Subject"] = f"{parcel.subject.zh} / {parcel.subject.en}"
    mail["Message-ID"] = f"<{parcel.message_id}>"
    mail["Date"] = format_datetime(parcel.created_at)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{parcel.body.zh}\n\n{'-' * 40}\n\n{parcel.body.en}\n", cte="base64")
    return mail


def _log_in(client: smtplib.SMTP, user: str, password: Secret) -> None:
    """PLAIN or LOGIN, in UTF-8 (RFC 4616): smtplib's own takes ASCII only. Raises SMTPAuthenticationError."""
    offered = client.esmtp_features.get("auth", "").split()
    if "PLAIN" in offered:
        code, said = client.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password.open()}"))
    elif "LOGIN" in offered:
        code, said = client.docmd("AUTH", "LOGIN " + _base64(user))
        if code == _ASKED:
            code, said = client.docmd(_base64(password.open()))
    else:
        raise smtplib.SMTPNotSupportedError("it offers neither AUTH PLAIN nor AUTH LOGIN")
    if code != _WELCOME:
        raise smtplib.SMTPAuthenticationError(code, said)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """The one table of what smtplib raises."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise _refused(where, code, words) from None
    except smtplib.SMTPDataError as error:
        raise _refused(where, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:  # the greeting, the login, the sender: ours to mend, then sent again
        said = _words(error.smtp_error)
        zh, en = f"邮件服务器 {where} 拒绝：{said}", f"the mail server {where} refuses us: {said}"
        raise Postponed(Text(zh, en)) from None
    except smtplib.SMTPNotSupportedError as error:
        zh, en = f"邮件服务器 {where} 不支持：{error}", f"the mail server {where} cannot do that: {error}"
        raise Postponed(Text(zh, en)) from None
    except ssl.SSLError as error:
        why = error.reason or "TLS"
        zh, en = f"与邮件服务器 {where} 的 TLS 失败：{why}", f"TLS with the mail server {where} failed: {why}"
        raise Postponed(Text(zh, en)) from None
    except (OSError, smtplib.SMTPException) as error:
        why = type(error).__name__
        zh, en = f"与邮件服务器 {where} 的连接失败：{why}", f"the connection with the mail server {where} failed: {why}"
        raise Postponed(Text(zh, en)) from None
    except Denied as error:  # the password cannot be read: the message names the reference
        raise Postponed(error.text) from None


def _refused(where: str, code: int, words: bytes | str) -> Postponed | Returned:
    """5xx is the server's last word about this message; 4xx asks us to come again."""
    said = _words(words)
    text = Text(f"邮件服务器 {where} 拒收：{code} {said}", f"the mail server {where} does not take it: {code} {said}")
    return Returned(text) if code >= 500 else Postponed(text)


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return "".join(c if c.isprintable() else " " for c in text)[:_MOST_WORDS]


def _cut(client: smtplib.SMTP) -> None:
    sock = client.sock
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
