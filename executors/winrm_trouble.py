"""What goes wrong on the WinRM wire: a table from foreign exceptions to kinds, and one from kinds to our errors."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import requests
from winrm.exceptions import (
    AuthenticationError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from domain.errors import Broke, Denied, Severed, Trouble, Unreachable
from domain.places import Host
from domain.secret import Secret, mask
from domain.text import Text


class Kind(StrEnum):
    """What a failed exchange means to us."""

    IDLE = "no-output-yet"
    BUSY = "busy"
    QUOTA = "quota"
    GONE = "shell-gone"
    DENIED = "denied"
    CERTIFICATE = "certificate"
    TLS = "tls"
    NO_NAME = "no-such-name"
    REFUSED = "refused"
    SLOW = "no-answer-in-time"
    NO_PROGRAM = "no-such-program"
    FAULT = "fault"
    LOST = "connection-lost"


class WireError(Exception):
    """A failed exchange: which `action`, of which kind, with the foreign exception as its cause."""

    def __init__(self, action: str, kind: Kind, why: str) -> None:
        super().__init__(f"{action}: {kind}: {why}")
        self.action = action
        self.kind = kind
        self.why = why


# The host answered in these cases, so it is certain that the command was not started.
NOT_STARTED: Final = frozenset({Kind.QUOTA, Kind.GONE, Kind.DENIED, Kind.NO_PROGRAM})
# The host answered within the session, which therefore still stands.
ANSWERED: Final = frozenset({Kind.IDLE, Kind.BUSY, Kind.QUOTA, Kind.GONE, Kind.NO_PROGRAM, Kind.FAULT})
# Trying again at once cannot help, or does harm (accounts lock after wrong passwords).
FINAL: Final = frozenset({Kind.DENIED, Kind.CERTIFICATE, Kind.TLS, Kind.NO_PROGRAM})

_WSMAN: Final = {
    170: Kind.BUSY,
    5: Kind.DENIED,
    2147942405: Kind.DENIED,  # 0x80070005
    2147942402: Kind.NO_PROGRAM,  # 0x80070002
    2150858843: Kind.GONE,  # invalid selectors: no such shell or command
    2150859173: Kind.QUOTA,  # 0x803381A5, shells per user
    2150859174: Kind.QUOTA,  # 0x803381A6, operations per shell
}


def _fault(cause: Any) -> Kind:
    return _WSMAN.get(cause.wsman_fault_code or cause.wmierror_code, Kind.FAULT)


def _status(cause: Any) -> Kind:
    # 400 is the host's answer to a sealed message on a connection that did not seal it: the old connection is gone.
    return Kind.DENIED if cause.code in (401, 403) else Kind.LOST


def _tls(cause: Any) -> Kind:
    return Kind.CERTIFICATE if "CERTIFICATE" in str(cause).upper() else Kind.TLS


def _connection(cause: Any) -> Kind:
    words = repr(cause)
    rows = (("NameResolutionError", Kind.NO_NAME), ("NewConnectionError", Kind.REFUSED), ("timed out", Kind.SLOW))
    return next((kind for word, kind in rows if word in words), Kind.LOST)


# The first row that fits counts. What fits no row (an unreadable answer, a bad seal) is a lost connection.
TABLE: Final[tuple[tuple[type[Exception], Callable[[Any], Kind]], ...]] = (
    (WinRMOperationTimeoutError, lambda _: Kind.IDLE),
    (WSManFaultError, _fault),
    (AuthenticationError, lambda _: Kind.DENIED),
    (WinRMTransportError, _status),
    (PermissionError, lambda _: Kind.DENIED),  # requests_ntlm: the host does not offer NTLM
    (requests.exceptions.SSLError, _tls),
    (requests.exceptions.Timeout, lambda _: Kind.SLOW),
    (requests.exceptions.ConnectionError, _connection),
    (FileNotFoundError, lambda _: Kind.CERTIFICATE),
    (requests.exceptions.RequestException, lambda _: Kind.LOST),
    (OSError, lambda c: Kind.CERTIFICATE if "CA certificate" in str(c) else Kind.LOST),
)


def kind_of(cause: Exception) -> Kind:
    """The kind of a foreign exception."""
    return next((sort(cause) for row, sort in TABLE if isinstance(cause, row)), Kind.LOST)


# What to tell when nothing was started. Kinds that are not here are rare: `_ELSE` tells of them.
_ADVICE: Final[dict[Kind, tuple[type[Trouble], str, str]]] = {
    Kind.DENIED: (
        Denied,
        "主机拒绝了该账号，或不接受这种认证方式：检查用户名和密码，以及该账号是否有 WinRM 权限",
        "the host refused the account, or this way to sign in: check user and password, and its right to use WinRM",
    ),
    Kind.CERTIFICATE: (
        Unreachable,
        "主机的证书不受信任：把签发它的 CA 证书填入 ca_file，或更换主机证书",
        "the host's certificate is not trusted: name the CA that signed it in ca_file, or replace the certificate",
    ),
    Kind.TLS: (
        Unreachable,
        "无法建立 TLS 连接：检查端口是否为 HTTPS",
        "no TLS on that port: check that it is the HTTPS one",
    ),
    Kind.NO_NAME: (
        Unreachable,
        "找不到该主机名：检查地址或 DNS",
        "the name does not resolve: check the address or DNS",
    ),
    Kind.REFUSED: (
        Unreachable,
        "连接被拒绝：检查主机是否开机、WinRM 是否启用、防火墙是否放行",
        "connection refused: check that the host is up, WinRM enabled and the firewall open",
    ),
    Kind.SLOW: (
        Unreachable,
        "主机未在时限内应答：检查网络，稍后再试",
        "no answer in time: check the network and try again",
    ),
    Kind.QUOTA: (
        Unreachable,
        "WinRM 配额已用尽：关闭多余会话，或提高 MaxShellsPerUser",
        "WinRM's quota is used up: close idle shells, or raise MaxShellsPerUser",
    ),
    Kind.NO_PROGRAM: (
        Broke,
        "主机上没有 powershell.exe：检查系统路径",
        "it has no powershell.exe: check the system's path",
    ),
}
_ELSE: Final = (
    Unreachable,
    "连接未能建立：稍后再试，或查看主机的 WinRM 日志",
    "no session came about: try again, or see the host's WinRM log",
)


def unsent(cause: WireError, host: Host, secret: Secret) -> Trouble:
    """Our error for trouble before the command was started: nothing happened on the host."""
    error, zh, en = _ADVICE.get(cause.kind, _ELSE)
    where, why = f"{host.path} ({host.address}:{host.winrm.port})", mask(cause.why, (secret,))
    text = Text(f"{where}：{zh}。[{why}]", f"{where}: {en}. [{why}]")
    return error(text, host=host.path, cause=str(cause.kind), action=cause.action, started=False)


def severed(cause: WireError, host: Host, secret: Secret) -> Severed:
    """Our error for trouble after the command was sent: what it did is unknown."""
    why = mask(cause.why, (secret,))
    zh = f"{host.path}：命令发出后连接中断（{cause.action}），结果未知；请先查看主机上的标记，不要重复执行。[{why}]"
    en = (
        f"{host.path}: the wire broke after the command was sent (at {cause.action}); its outcome is unknown. "
        f"Look at the marker on the host before anything is repeated. [{why}]"
    )
    return Severed(Text(zh, en), host=host.path, cause=str(cause.kind), action=cause.action, started=True)
