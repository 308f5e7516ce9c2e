"""A scripted Windows host behind the WinRM server, and the servers the contract is proven on."""

import base64
import http.client
import ipaddress
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.machine import Chunk, Signal, WireFault, WirePoint
from lab.winrm import Tls, WinRMServer

USER, PASSWORD = "operator", "Correct:horse 8"
MEGABYTE = b"0123456789abcdef" * 65536
DEADLINE_S = 20.0
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"


class ScriptedProcess:
    """A process that says what it is told, when it is told."""

    def __init__(self) -> None:
        self.pid = 4711
        self.signals: list[Signal] = []
        self.typed = b""
        self.reads = 0
        self.echoes = False  # says what was typed, and ends, when its input ends
        self.exit_code: int | None = None
        self._chunks: deque[Chunk] = deque()
        self.changed = threading.Condition()

    def say(self, data: bytes, stream: str = "stdout") -> None:
        with self.changed:
            self._chunks.append(Chunk(stream, data))
            self.changed.notify_all()

    def finish(self, code: int = 0) -> None:
        with self.changed:
            self.exit_code = code if self.exit_code is None else self.exit_code
            self.changed.notify_all()

    def write(self, data: bytes, *, end: bool) -> None:
        if self.exit_code is not None:
            raise BrokenPipeError
        with self.changed:
            self.typed += data
            self.changed.notify_all()
        if end and self.echoes:
            self.say(self.typed)
            self.finish()

    def read(self, timeout_s: float) -> tuple[list[Chunk], int | None]:
        with self.changed:
            self.reads += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._chunks or self.exit_code is not None, timeout_s)
            chunks, self._chunks = list(self._chunks), deque()
            return chunks, self.exit_code

    def signal(self, name: Signal) -> None:
        self.signals.append(name)
        self.finish(-1073741510)

    def wait_for(self, happened: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(happened, DEADLINE_S)


class ScriptedMachine:
    """A host that knows a handful of command lines. Everything else is not recognized."""

    def __init__(self) -> None:
        self.name = "APP1"
        self.up = True
        self.started: list[dict[str, object]] = []
        self.processes: list[ScriptedProcess] = []
        self.faults: dict[tuple[str, WirePoint], WireFault] = {}
        self.passwords = {USER: PASSWORD}

    def accounts(self) -> Mapping[str, str]:
        return self.passwords

    def default_codepage(self) -> int:
        return 936

    def is_up(self) -> bool:
        return self.up

    def wire_fault(self, action: str, point: WirePoint) -> WireFault:
        return self.faults.pop((action, point), "none")

    def start(self, line: str, **how: object) -> ScriptedProcess:
        if line == "missing.exe" and how["skip_cmd_shell"]:
            raise FileNotFoundError(line)
        if line == "forbidden":
            raise PermissionError(line)
        if line == "broken":
            raise RuntimeError("the emulated host has a bug")
        process = ScriptedProcess()
        self.started.append({"line": line, **how})
        self.processes.append(process)
        self._run(line, process, how)
        return process

    def _run(self, line: str, process: ScriptedProcess, how: Mapping[str, object]) -> None:
        word, _, rest = line.partition(" ")
        if word == "echo":
            process.say(f"{rest}\r\n".encode())
            process.finish()
        elif word == "big":
            process.say(MEGABYTE)
            process.finish()
        elif word == "fail":
            process.say(b"out \r\n")
            process.say(b"err \r\n", "stderr")
            process.finish(int(rest))
        elif word == "where":
            environment = how["environment"]
            assert isinstance(environment, Mapping)
            process.say(f"{how['folder']}|{environment.get('JOB')}|{how['codepage']}".encode())
            process.finish()
        elif word == "cat":
            process.echoes = True
        elif word != "wait":
            process.say(f"'{word}' is not recognized as an internal or external command".encode(), "stderr")
            process.finish(1)


class Reply(NamedTuple):
    """An answer of the server."""

    status: int
    body: bytes
    challenges: list[str]

    def find(self, tag: str) -> str:
        match = re.search(rf"<\w+:{tag}[^>]*>([^<]*)<", self.body.decode())
        assert match, f"no {tag} in {self.body.decode()}"
        return match.group(1)

    @property
    def fault(self) -> int:
        match = re.search(r'WSManFault[^>]* Code="(\d+)"', self.body.decode())
        assert match, f"no fault in {self.body.decode()}"
        return int(match.group(1))

    @property
    def output(self) -> bytes:
        pieces = re.findall(r"<rsp:Stream [^>]*>([^<]+)<", self.body.decode())
        return b"".join(base64.b64decode(piece) for piece in pieces)


class RawClient:
    """Plain HTTP, so that a test can send what no client library would."""

    def __init__(self, port: int, login: tuple[str, str] | None) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        self.headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        if login:
            self.headers["Authorization"] = f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"

    def post(self, body: str | bytes, headers: Mapping[str, str] | None = None) -> Reply:
        data = body.encode() if isinstance(body, str) else body
        self.http.request("POST", "/wsman", data, {**self.headers, **(headers or {})})
        response = self.http.getresponse()
        return Reply(response.status, response.read(), response.headers.get_all("WWW-Authenticate") or [])

    def call(self, action: str, body: str = "", **headers: str) -> Reply:
        return self.post(envelope(action, body, **headers))

    def open_shell(self) -> str:
        body = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>"
        return self.call("Create", body).find("ShellId")

    def run(self, shell: str, line: str) -> str:
        body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"
        return self.call("Command", body, shell_id=shell).find("CommandId")

    def receive(self, shell: str, command: str, **headers: str) -> Reply:
        stream = f'<rsp:DesiredStream CommandId="{command}">stdout stderr</rsp:DesiredStream>'
        return self.call("Receive", f"<rsp:Receive>{stream}</rsp:Receive>", shell_id=shell, **headers)


def envelope(
    action: str,
    body: str,
    *,
    shell_id: str = "",
    resource: str = SHELL + "cmd",
    timeout: str = "PT20S",
    extra: str = "",
) -> str:
    """A request as a client writes it; `action` is a short name or a whole address."""
    base = TRANSFER if action in ("Get", "Create", "Delete") else SHELL
    address = action if ":" in action else base + action
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:rsp="' + SHELL.rstrip("/") + '"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
        f"<a:Action>{address}</a:Action><a:MessageID>uuid:aBc-17</a:MessageID>"
        f"<w:ResourceURI>{resource}</w:ResourceURI><w:OperationTimeout>{timeout}</w:OperationTimeout>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>{extra}'
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


@pytest.fixture
def raw(login: tuple[str, str]) -> Iterator[Callable[..., RawClient]]:
    """Makes raw clients, signed in by Basic unless told otherwise, and closes them at the end."""
    clients: list[RawClient] = []

    def connect(server: WinRMServer, login: tuple[str, str] | None = login) -> RawClient:
        clients.append(RawClient(server.port, login))
        return clients[-1]

    yield connect
    for client in clients:
        client.http.close()


@pytest.fixture
def write_envelope() -> Callable[..., str]:
    return envelope


@pytest.fixture
def machine() -> ScriptedMachine:
    return ScriptedMachine()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "APP1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    files = Tls(cert_file=folder / "cert.pem", key_file=folder / "key.pem")
    files.cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


ServerFactory = Callable[..., WinRMServer]


@pytest.fixture
def serve(machine: ScriptedMachine) -> Iterator[ServerFactory]:
    """Starts servers in front of the machine (or another one) and stops them at the end."""
    running: list[WinRMServer] = []

    def start(host: object = None, **options: object) -> WinRMServer:
        server = WinRMServer(host or machine, **{"allow_basic": True, **options})
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def login() -> tuple[str, str]:
    return USER, PASSWORD
