"""A WinRM server of the lab in front of a machine that plays scripts written here, and counts what really started."""

import datetime
import ipaddress
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain.command import PowerShell
from domain.places import Host, WinRM
from domain.secret import Secret, SecretRef
from executors.winrm import WinRMExecutor
from executors.winrm_link import Limits
from executors.winrm_script import COMMAND_LINE
from lab.machine import Chunk
from lab.winrm import Tls, WinRMServer
from playbooks.scripts import load

PASSWORD = "pass word-密码"
QUICK = Limits(operation_s=3, poll_s=1, slack_s=1, pause_s=0.02, stop_s=10)


def eventually(condition: Callable[[], object], wait_s: float = 10.0) -> None:
    """Wait until the condition holds; fail if it does not in time."""
    deadline, tick = time.monotonic() + wait_s, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the awaited condition did not come true in time"
        tick.wait(0.01)


class Watcher:
    """A call that records what is said and can be stopped."""

    def __init__(self, timeout_s: float = 20.0, max_bytes: int = 100_000) -> None:
        self.timeout_s, self.max_bytes = timeout_s, max_bytes
        self.said: list[tuple[str, str]] = []
        self.on_line: Callable[[str], None] = lambda line: None
        self._stopped = threading.Event()
        self._wakes: list[Callable[[], None]] = []

    def say(self, stream: str, line: str) -> None:
        self.said.append((stream, line))
        self.on_line(line)

    def progress(self, percent: float, **facts: object) -> None:
        """Not looked at here."""

    def part(self, number: int, facts: object) -> None:
        """Not looked at here."""

    def stop_asked(self) -> bool:
        return self._stopped.is_set()

    def on_stop(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    def stop(self) -> None:
        self._stopped.set()
        for wake in self._wakes:
            wake()


class Exit(Exception):
    """A script's way to end early."""


class PlayedProcess:
    """PowerShell as far as the bootstrap goes; the script itself is a Python function, found by its text."""

    def __init__(self, machine: "PlayedMachine", pid: int) -> None:
        self.pid, self.started = pid, f"2024-05-06T07:08:{pid % 60:02}.0000000Z"
        self.ended, self.stubborn = threading.Event(), False
        self._machine, self._stdin, self._input_ended = machine, b"", threading.Event()
        self._chunks: list[Chunk] = []
        self._code: int | None = None
        self._news = threading.Condition()
        threading.Thread(target=self._live, daemon=True).start()

    def write(self, data: bytes, *, end: bool) -> None:
        self._stdin += data
        if end:
            self._input_ended.set()

    def read(self, timeout_s: float) -> tuple[list[Chunk], int | None]:
        with self._news:
            self._news.wait_for(lambda: self._chunks or self._code is not None, timeout_s)
            chunks, self._chunks = self._chunks, []
            return chunks, self._code

    def signal(self, name: str) -> None:
        if not self.stubborn:
            self.kill()

    def kill(self) -> None:
        self._end(-1073741510)

    def out(self, text: str | bytes, stream: Any = "stdout") -> None:
        with self._news:
            if self._code is None:
                self._chunks.append(Chunk(stream, text.encode() if isinstance(text, str) else text))
                self._news.notify_all()

    def exit(self, code: int) -> None:
        self._end(code)
        raise Exit

    def _live(self) -> None:
        self.out("@@yunwei:pid " + json.dumps({"pid": self.pid, "started": self.started}) + "\r\n")
        while not (self._input_ended.wait(0.05) or self.ended.is_set()):
            pass
        if self.ended.is_set():
            return
        try:
            call = json.loads(self._stdin)
            facts = self._machine.play(self, call["script"], call["args"])
            self.out("@@yunwei:facts " + json.dumps(facts) + "\r\n")
            self._end(0)
        except Exit:
            return
        except (ValueError, KeyError) as error:
            self.out(f"no such script or no such input: {error}", "stderr")
            self._end(1)

    def _end(self, code: int) -> None:
        with self._news:
            if self._code is None:
                self._code = code
                self.ended.set()
            self._news.notify_all()


class PlayedMachine:
    """Implements lab.machine.Machine. `started` and `ran` count effects; `asked` counts requests on the wire."""

    name = "APP1"

    def __init__(self) -> None:
        self.up, self.processes, self.ran = True, [], Counter()
        self.asked: Counter[str] = Counter()
        self.faults: dict[tuple[str, str], list[str]] = {}
        self.scripts: dict[str, Callable[[PlayedProcess, dict[str, Any]], Any]] = {"echo": lambda process, args: args}
        self.stop_tree_lies = False
        self._lock = threading.Lock()

    def accounts(self) -> dict[str, str]:
        return {"ops": PASSWORD}

    def start(self, line: str, *, codepage: int, **_: object) -> PlayedProcess:
        assert (line, codepage) == (COMMAND_LINE, 65001)
        with self._lock:
            self.processes.append(PlayedProcess(self, 4000 + 4 * len(self.processes)))
            return self.processes[-1]

    @property
    def started(self) -> int:
        return len(self.processes)

    def default_codepage(self) -> int:
        return 936

    def is_up(self) -> bool:
        return self.up

    def wire_fault(self, action: str, point: str) -> Any:
        with self._lock:
            self.asked[action] += point == "before"
            waiting = self.faults.get((action, point), [])
            return waiting.pop(0) if waiting else "none"

    def play(self, process: PlayedProcess, script: str, args: dict[str, Any]) -> Any:
        if script == load("stop_tree"):
            return self._stop_tree(args["pid"], args["started"])
        with self._lock:
            self.ran[script] += 1
        return self.scripts[script](process, args)

    def _stop_tree(self, pid: int, started: str) -> dict[str, bool]:
        mine = [p for p in self.processes if (p.pid, p.started) == (pid, started) and not p.ended.is_set()]
        for process in mine if not self.stop_tree_lies else []:
            process.kill()
        return {"was_alive": bool(mine), "alive": self.stop_tree_lies}


@pytest.fixture
def machine() -> PlayedMachine:
    return PlayedMachine()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for 127.0.0.1 that is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        builder.add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return Tls(cert_file=folder / "cert.pem", key_file=folder / "key.pem")


@pytest.fixture
def wire(machine: PlayedMachine, tls: Tls, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a server and an executor for a scheme: `wire("ntlm")`, `wire("ntlm+tls")`, `wire("basic+tls")`."""
    opened: list[Any] = []

    def start(scheme: str, *, limits: Limits = QUICK, server: dict[str, Any] | None = None, **settings: Any) -> Any:
        transport, _, secure = scheme.partition("+")
        options = {"allow_basic": True, "transcript": tmp_path / "wire.jsonl", **(server or {})}
        listener = WinRMServer(machine, tls=tls if secure else None, **options)
        listener.start()
        password = Secret(settings.pop("password", PASSWORD))
        winrm = WinRM(
            port=listener.port, transport=transport, tls=bool(secure), user="ops", password=SecretRef("env", "P")
        )
        winrm = replace(winrm, ca_file=str(tls.cert_file) if secure else None)
        host = Host(
            name="app1", path="acme/prod/app1", address="127.0.0.1", site_port=1, winrm=replace(winrm, **settings)
        )
        executor = WinRMExecutor(lambda _: host, lambda _: password, stop_tree=load("stop_tree"), limits=limits)
        opened.extend([executor.close, listener.stop])

        def run(script: str = "echo", call: Watcher | None = None, **args: Any) -> Any:
            return executor.run(PowerShell(host=host.path, script=script, args=args), call or Watcher())

        return SimpleNamespace(run=run, executor=executor, server=listener, host=host, limits=limits)

    yield start
    for close in opened:
        close()


@pytest.fixture
def watcher() -> type[Watcher]:
    return Watcher


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., None]:
    return eventually


@pytest.fixture
def quick() -> Limits:
    return QUICK


@pytest.fixture
def password() -> str:
    return PASSWORD
