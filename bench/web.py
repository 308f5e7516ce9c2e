"""A client of the API: keep-alive connections, and a watcher of server-sent events. As thin as can be."""

import http.client
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final

from bench.child import Child
from bench.files import Carrier
from bench.peers.yunwei import ACTOR, Yunwei
from bench.site import Site
from intake.people import issue_token

TIMEOUT_S: Final = 60.0
CONNECTIONS: Final = 8


class Portal:
    """A portal process and a token for each connection: the limits of the API are per token."""

    def __init__(self, site: Site, peer: Yunwei) -> None:
        self.child = Child(site, "bench.portal")
        self._tokens = [issue_token(peer.desk, ACTOR, ACTOR, ["read", "submit"]).open() for _ in range(CONNECTIONS)]
        self._port = 0

    def __enter__(self) -> "Portal":
        self._port = int(self.child.ready())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.child.stop()

    def carrier(self) -> Carrier:
        """A client that moves large files."""
        return Carrier(self._port, self._tokens[0])

    def post_all(self, path: str, bodies: Sequence[Any], expected: int) -> None:
        """POST every body, over CONNECTIONS connections at once. Raises RuntimeError for any other status."""
        shares = [bodies[first::CONNECTIONS] for first in range(CONNECTIONS)]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda share, token: self._post(path, share, token, expected), shares, self._tokens))

    def get(self, path: str) -> Any:
        connection = self._connection()
        connection.request("GET", path, headers=self._headers(self._tokens[0]))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def watch(self, path: str) -> Iterator[Any]:
        """The data of server-sent events, as they come."""
        connection = self._connection()
        connection.request("GET", path, headers={**self._headers(self._tokens[0]), "Accept": "text/event-stream"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the portal answered {answer.status} to a watcher")
        yield None  # connected
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def _post(self, path: str, bodies: Sequence[Any], token: str, expected: int) -> None:
        connection = self._connection()
        headers = {**self._headers(token), "Content-Type": "application/json"}
        for body in bodies:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != expected or b'"problem"' in said:  # in bulk, each has its own status
                raise RuntimeError(f"the portal answered {answer.status}: {said[:300]!r}")
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}
