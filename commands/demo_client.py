"""The demo as a portal's back end: it asks over HTTP with a token, and looks at the lab's own record."""

from typing import Any, Final

import requests

from commands.following import Shape
from domain.errors import Broke, Unreachable
from domain.places import Host, Site
from domain.secret import Secret
from domain.text import Text

TIMEOUT_S: Final = 30.0


class Client:
    """JSON over HTTP, loopback only: no proxy of the environment is asked."""

    def __init__(self, base: str, token: Secret | None = None) -> None:
        self._base = base.rstrip("/")
        self._http = requests.Session()
        self._http.trust_env = False
        if token:
            self._http.headers["Authorization"] = f"Bearer {token.open()}"

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a GET. Raises Broke for anything but 200, Unreachable."""
        status, answer = self._send("GET", path)
        if status != 200:
            raise Broke(Text(f"GET {path} 应答 {status}：{answer}", f"GET {path} answered {status}: {answer}"))
        return answer

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer of a POST. Raises Unreachable."""
        return self._send("POST", path, body)

    def post_file(self, path: str, content: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer of a POST whose body is a file. Raises Unreachable."""
        return self._send("POST", path, content=content)

    def news(self, number: int, after: int) -> tuple[Shape, list[Shape]]:
        """A request, then its events after a sequence number: an end is written with its last events."""
        item = self.get(f"/requests/{number}")
        return item, self.get(f"/requests/{number}/events?after={after}")["items"]

    def close(self) -> None:
        self._http.close()

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, content: bytes | None = None
    ) -> tuple[int, dict[str, Any]]:
        how: dict[str, Any] = {"timeout": TIMEOUT_S, "allow_redirects": False}
        try:
            answer = self._http.request(method, self._base + path, json=body, data=content, **how)
            return answer.status_code, answer.json()
        except requests.RequestException as error:
            zh, en = f"{self._base}{path} 无应答", f"{self._base}{path} does not answer: {type(error).__name__}"
            raise Unreachable(Text(zh, en)) from error


def site_status(host: Host, site: Site) -> int:
    """What the web site on one host answers; 0 if it does not."""
    with requests.Session() as http:
        http.trust_env = False
        url = f"http://{host.address}:{host.site_port}{site.path}"
        try:
            headers = {"Host": site.host_header} if site.host_header else {}
            return http.get(url, headers=headers, timeout=TIMEOUT_S, allow_redirects=False).status_code
        except requests.RequestException:
            return 0
