"""The control port: the ledger, the hosts and their fault switches, as JSON over HTTP on loopback."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from lab.database import NAME, DatabaseServer
from lab.host import Host, Ledger
from lab.host.faults import FaultBook
from lab.sqlserver.faults import FaultBook as SqlFaultBook

MOST_BODY = 64 * 1024
READ_S = 30.0
POLL_S = 0.1  # how soon `stop` is heard
Answer = tuple[int, object]


class NoSuch(Exception):
    """There is no such path or host."""


class Control:
    """Serves `GET /ledger[?after=n]`, `GET /hosts[/NAME]`, `GET|POST|DELETE /hosts/NAME/faults`, `POST …/reboot`.

    Of the SQL Server: `GET /sql[/db1]`, `GET /sql/db1/ledger[?after=n]`, `GET /sql/db1/tables?database=NAME`,
    `GET|POST|DELETE /sql/db1/faults`,
    `POST /sql/db1/restart`.
    """

    def __init__(
        self, hosts: Mapping[str, Host], ledger: Ledger, database: DatabaseServer | None = None, port: int = 0
    ) -> None:
        self._database = database
        self._hosts = {name.lower(): host for name, host in hosts.items()}
        self._ledger = ledger
        self._server = _Server(("127.0.0.1", port), self.answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="lab-control", daemon=True
        )

    @property
    def port(self) -> int:
        """The TCP port on loopback."""
        return self._server.server_port

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Status and JSON of one request. Raises NoSuch, ValueError."""
        url = urlsplit(target)
        match (method, url.path.strip("/").split("/")):
            case ("GET", ["ledger"]):
                return 200, {"effects": [asdict(effect) for effect in self._ledger.after(_after(url.query))]}
            case ("GET", ["hosts"]):
                return 200, {"hosts": [host.as_json() for host in self._hosts.values()]}
            case (_, ["hosts", name, *rest]):
                return self._of_host(method, self._host(name), rest, body)
            case ("GET", ["sql"]):
                return 200, {"servers": [self._database.as_json()] if self._database else []}
            case (_, ["sql", name, *rest]):
                return self._of_database(method, self._server_named(name), rest, url.query, body)
        raise NoSuch(f"{method} {url.path}")

    def _host(self, name: str) -> Host:
        if name.lower() not in self._hosts:
            raise NoSuch(f"no host {name}")
        return self._hosts[name.lower()]

    def _server_named(self, name: str) -> DatabaseServer:
        if self._database is None or name.lower() != NAME:
            raise NoSuch(f"no database server {name}")
        return self._database

    def _of_database(self, method: str, database: DatabaseServer, rest: list[str], query: str, body: bytes) -> Answer:
        match (method, rest):
            case ("GET", []):
                return 200, database.as_json()
            case ("GET", ["ledger"]):
                return 200, {"effects": [asdict(effect) for effect in database.engine.ledger.after(_after(query))]}
            case ("GET", ["tables"]):
                return 200, {"tables": database.tables(parse_qs(query).get("database", [""])[0])}
            case (_, ["faults"]):
                return _of_faults(method, database.engine.faults, body)
            case ("POST", ["restart"]):
                database.restart()
                return 200, database.as_json()
        raise NoSuch(f"{method} on a database server: {'/'.join(rest)}")

    def _of_host(self, method: str, host: Host, rest: list[str], body: bytes) -> Answer:
        match (method, rest):
            case ("GET", []):
                return 200, host.as_json()
            case ("DELETE", ["faults"]):
                host.clear_faults()
                return 200, {"faults": []}
            case (_, ["faults"]):
                return _of_faults(method, host.faults, body)
            case ("POST", ["reboot"]):
                host.reboot(_seconds(_object(body)))
                return 202, {"up": host.is_up()}
        raise NoSuch(f"{method} on a host: {'/'.join(rest)}")


def _after(query: str) -> int:
    return int(parse_qs(query).get("after", ["0"])[0])


def _of_faults(method: str, faults: FaultBook | SqlFaultBook, body: bytes) -> Answer:
    match method:
        case "GET":
            return 200, {"faults": faults.active()}
        case "POST":
            return 201, _ask(faults, _object(body))
        case "DELETE":
            faults.clear()
            return 200, {"faults": []}
    raise NoSuch(f"{method} on faults")


def _ask(faults: FaultBook | SqlFaultBook, asked: dict[str, object]) -> object:
    name, count = asked.pop("fault", None), asked.pop("count", 1)
    if not isinstance(name, str) or not isinstance(count, int):
        raise ValueError("`fault` must be the name of a fault and `count` a whole number")
    return faults.ask(name, count, **asked).as_json()


def _seconds(asked: dict[str, object]) -> float | None:
    seconds = asked.get("seconds")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
        raise ValueError("seconds must be a number from 0 to 3600")
    return float(seconds)


def _object(body: bytes) -> dict[str, object]:
    asked = json.loads(body or b"{}")
    if not isinstance(asked, dict):
        raise ValueError("the body must be a JSON object")
    return asked


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], answers: Callable[[str, str, bytes], Answer]) -> None:
        super().__init__(address, _Handler)
        self.answers = answers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_S
    server: _Server

    def do_GET(self) -> None:
        """Any method: hand it on, and say errors as JSON."""
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= MOST_BODY:
                raise ValueError(f"a body of more than {MOST_BODY} bytes")
            status, said = self.server.answers(self.command, self.path, self.rfile.read(length))
        except NoSuch as error:
            status, said = 404, {"error": "not-found", "detail": str(error)}
        except ValueError as error:
            self.close_connection = True
            status, said = 400, {"error": "mistake", "detail": str(error)}
        self._say(status, said)

    def do_POST(self) -> None:
        """See do_GET."""
        self.do_GET()

    def do_DELETE(self) -> None:
        """See do_GET."""
        self.do_GET()

    def _say(self, status: int, said: object) -> None:
        data = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses (an unknown method, a broken request line), as JSON too."""
        self.close_connection = True
        self._say(code, {"error": "mistake", "detail": explain or message or str(code)})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The lab's record is the ledger."""
