"""The wire to a web site on one host: asked directly by address, under the site's own host name."""

import time
from collections.abc import Callable
from typing import Final

import requests

from domain.command import Call, Command, Reading, SiteProbe
from domain.errors import Stopped
from domain.places import Host
from domain.text import Text

REQUEST_S: Final = 30.0
MAX_BODY_BYTES: Final = 64 * 1024


class SiteExecutor:
    """Carries `SiteProbe`. A site that is down is a fact (`ok` false, `error` says how), not an error."""

    def __init__(self, hosts: Callable[[str], Host], request_s: float = REQUEST_S) -> None:
        self._hosts = hosts
        self._request_s = request_s

    def run(self, command: Command, call: Call) -> Reading:
        """Facts: `statuses`, `seconds` (one each per request), `ok`, and `error` (a code, or None)."""
        if not isinstance(command, SiteProbe):
            raise TypeError(f"the site executor cannot carry {type(command).__name__}")
        host = self._hosts(command.host)
        until = time.monotonic() + call.timeout_s
        statuses: list[int] = []
        seconds: list[float] = []
        error: str | None = None
        while error is None and len(statuses) < command.times:
            if call.stop_asked():
                raise Stopped(
                    Text(f"{command.host}：站点检查已按请求停止", f"{command.host}: the site probe was stopped")
                )
            begun = time.monotonic()
            status, error = self._ask(host, command, min(self._request_s, until - begun))
            seconds.append(round(time.monotonic() - begun, 3))
            statuses += [] if status is None else [status]
        ok = error is None and all(status in command.statuses for status in statuses)
        return Reading(facts={"statuses": statuses, "seconds": seconds, "ok": ok, "error": error})

    def close(self) -> None:
        """Nothing is held: each request has its own connection, as a first visitor has."""

    def _ask(self, host: Host, command: SiteProbe, wait_s: float) -> tuple[int | None, str | None]:
        if wait_s <= 0:
            return None, "timed-out"
        url = f"http://{host.address}:{host.site_port}{command.path}"
        until = time.monotonic() + wait_s
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy and no .netrc stands between us and the host
                header = {"Host": command.host_header} if command.host_header else {}
                with session.get(url, headers=header, timeout=wait_s, allow_redirects=False, stream=True) as answer:
                    return answer.status_code, _body_error(answer, until)
        except requests.RequestException as cause:
            return None, _code(cause)


def _body_error(answer: requests.Response, until: float) -> str | None:
    """Read some of the body: a worker process that dies behind the headers is not up. A slow drip is cut off."""
    read = 0
    for part in answer.iter_content(4096):
        read += len(part)
        if read >= MAX_BODY_BYTES:
            break
        if time.monotonic() > until:
            return "timed-out"
    return None


# What a failed request means, by the words of the cause's type names (requests wraps urllib3's errors several deep).
_CODES: Final = (
    ("NameResolutionError", "no-such-name"),
    ("NewConnectionError", "refused"),
    ("Timeout", "timed-out"),
    ("timed out", "timed-out"),
    ("ConnectionError", "cut"),
    ("ChunkedEncodingError", "cut"),
)


def _code(cause: requests.RequestException) -> str:
    words = repr(cause)
    return next((code for word, code in _CODES if word in words), "no-http")
