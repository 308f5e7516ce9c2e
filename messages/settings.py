"""Where mail is handed over, read from one URL with every mistake at once. The password is a reference, never here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from domain.errors import Fault, Mistake
from domain.secret import SecretRef
from domain.text import Text

_PORTS: Final = {"smtp": 587, "smtps": 465}
_KNOWN: Final = frozenset({"from", "password", "ca", "tls"})
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+")


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """`wrapped`: TLS from the first byte (smtps), else STARTTLS, without which nothing is sent unless `plain`."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: SecretRef | None = None
    ca_file: Path | None = None
    wrapped: bool = False
    plain: bool = False


def mail_settings(url: str, variable: str) -> MailSettings:
    """Read `smtp://user@host:587?from=…&password=file:…`. Raises Mistake; its faults name `variable`."""
    faults: list[Fault] = []
    parts = urlsplit(url)
    asked = query_of(parts, _KNOWN, variable, faults)
    if parts.scheme not in _PORTS or not parts.hostname:
        zh, en = (
            "应为 smtp://用户@主机:587?from=…&password=file:…",
            "Must be smtp://user@host:587?from=…&password=file:…",
        )
        faults.append(Fault(variable, Text(zh, en)))
    if parts.password is not None:
        faults.append(_fault(variable, "口令不写在这里；用 password=file:…", "No password here; use password=file:…"))
    if not _ADDRESS.fullmatch(asked.get("from", "")):
        faults.append(
            _fault(variable, "缺少发件地址：from=ops@example.com", "The sender is missing: from=ops@example.com")
        )
    plain, password = asked.get("tls") == "none", secret_ref(asked.get("password"), variable, faults)
    user = unquote(parts.username or "")
    _check_login(user, password, asked.get("tls"), variable, faults)
    port = port_of(parts, _PORTS, variable, faults)
    if faults:
        raise Mistake(Text("设置有误", "The settings have mistakes"), tuple(faults))
    return MailSettings(
        host=parts.hostname or "",
        port=port,
        sender=asked["from"],
        user=user,
        password=password,
        ca_file=Path(asked["ca"]) if "ca" in asked else None,
        wrapped=parts.scheme == "smtps",
        plain=plain,
    )


def secret_ref(value: str | None, variable: str, faults: list[Fault]) -> SecretRef | None:
    """`env:NAME` or `file:/full/path`; None stays None."""
    if value is None:
        return None
    kind, _, name = value.partition(":")
    if kind not in ("env", "file") or not name:
        faults.append(_fault(variable, "密钥应为 env:名称 或 file:路径", "A secret is env:NAME or file:PATH"))
        return None
    return SecretRef(kind, name)


def query_of(parts: SplitResult, known: frozenset[str], variable: str, faults: list[Fault]) -> dict[str, str]:
    """The options of a setting's URL; one that is not `known` is a fault."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for name in dict.fromkeys(n for n, _ in pairs if n not in known):
        zh, en = f"未知选项 {name[:40]!r}", f"Unknown option {name[:40]!r}; allowed: {', '.join(sorted(known))}"
        faults.append(Fault(variable, Text(zh, en), "unknown"))
    return dict(pairs)


def port_of(parts: SplitResult, usual: Mapping[str, int], variable: str, faults: list[Fault]) -> int:
    """The port that is named, or the usual one of its scheme."""
    try:
        return parts.port or usual.get(parts.scheme, 0)
    except ValueError:
        faults.append(_fault(variable, "端口有误", "The port is no port"))
        return 0


def _check_login(user: str, password: SecretRef | None, tls: str | None, variable: str, faults: list[Fault]) -> None:
    if bool(user) is not (password is not None):
        faults.append(_fault(variable, "用户与口令须同时给出", "A user needs a password, and a password a user"))
    if tls not in (None, "none"):
        faults.append(_fault(variable, "tls 只能是 none", "tls may only be none"))
    if tls == "none" and user:
        faults.append(_fault(variable, "未加密的连接上不登录", "Nobody signs in over a wire that is not encrypted"))


def _fault(variable: str, zh: str, en: str) -> Fault:
    return Fault(variable, Text(zh, en))
