"""Text messages through a gateway of the provider's own: one POST of JSON a message, over TLS, with a bearer token.

`{"id": …, "to": "+86…", "text": …}`. The same message always bears the same id, however often it is sent: a gateway
that knows it already answers as before. What it says in detail (signature, template) is the gateway's business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests

from domain.errors import Fault, Mistake
from domain.secret import Secret, SecretRef
from domain.text import Text
from messages.courier import Parcel, Postponed, Returned
from messages.settings import secret_ref

ANSWER_S: Final = 15.0
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class SmsSettings:
    """`url` is the gateway's, without our own query."""

    url: str
    token: SecretRef | None = None


def sms_settings(url: str, variable: str) -> SmsSettings:
    """Read `https://gateway/path?token=file:…`. Raises Mistake; its faults name `variable`."""
    faults: list[Fault] = []
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or (parts.scheme != "https" and not plain):
        text = Text("应为 https://网关/路径?token=file:…", "Must be https://gateway/path?token=file:…")
        faults.append(Fault(variable, text))
    unknown = sorted(set(asked) - {"token"})
    if unknown or parts.password is not None:
        text = Text("只能有 token=file:… 或 env:…", "Only token=file:… or env:… may follow, and no password")
        faults.append(Fault(variable, text, "unknown"))
    token = secret_ref(asked.get("token"), variable, faults)
    if faults:
        raise Mistake(Text("短信网关设置有误", "The SMS gateway's setting has mistakes"), tuple(faults))
    return SmsSettings(url=parts._replace(query="").geturl(), token=token)


class SmsGateway:
    """Hands text messages to the gateway."""

    def __init__(self, settings: SmsSettings, open_secret: Callable[[SecretRef], Secret]) -> None:
        self._settings, self._open_secret = settings, open_secret

    def deliver(self, parcel: Parcel) -> None:
        """Returns when the gateway has taken it. Raises Postponed, also where nobody knows; Returned for a plain no."""
        text = f"{parcel.body.zh}\n{parcel.body.en}"
        message = {"id": parcel.message_id, "to": parcel.recipient, "text": text}
        with requests.Session() as http:
            http.trust_env = False  # no proxy of the environment: the token is for this address
            try:
                how: dict[str, Any] = {"timeout": ANSWER_S, "allow_redirects": False}
                answer = http.post(self._settings.url, json=message, headers=self._headers(), **how)
            except requests.RequestException as error:
                why = type(error).__name__
                raise Postponed(Text(f"短信网关无应答：{why}", f"The SMS gateway does not answer: {why}")) from None
        if not 200 <= answer.status_code < 300:
            raise _refusal(answer.status_code)

    def _headers(self) -> dict[str, str]:
        if self._settings.token is None:
            return {}
        return {"Authorization": f"Bearer {self._open_secret(self._settings.token).open()}"}


def _refusal(status: int) -> Postponed | Returned:
    text = Text(f"短信网关应答 {status}", f"The SMS gateway answered {status}")
    return Returned(text) if status in (400, 404, 410, 422) else Postponed(text)
