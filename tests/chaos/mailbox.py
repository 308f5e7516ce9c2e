"""The mail server of a run: it takes everything, and remembers the passwords that it was to deliver."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from lab.smtp import SmtpServer

_PASSWORD = re.compile(r"administrator: (\S+)")
_REQUEST = re.compile(r"Request (\d+)")


class Mailbox:
    """`url` is what the product sends to."""

    def __init__(self) -> None:
        self._server = SmtpServer()
        self.url = f"smtp://127.0.0.1:{self._server.port}?from=yunwei@provider.example&tls=none"

    def passwords(self) -> dict[int, list[str]]:
        """Request → the passwords that were delivered for it, in order."""
        found: dict[int, list[str]] = {}
        for mail in self._server.switch.taken:
            text = _text(mail.data)
            number, word = _REQUEST.search(text), _PASSWORD.search(text)
            if number and word:
                found.setdefault(int(number[1]), []).append(word[1])
        return found

    def close(self) -> None:
        self._server.close()


def _text(data: bytes) -> str:
    """Subject and text of a mail."""
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}"
