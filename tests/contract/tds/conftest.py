"""A scripted SQL Server behind the TDS wire, and a client that can say what no client library would."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.certificates import Authority
from lab.tds import Certificate, TdsServer
from lab.tds.answers import (
    Answer,
    Changed,
    Column,
    Columns,
    Done,
    Hangup,
    Login,
    Message,
    Parameter,
    Refused,
    Returned,
    Row,
    SqlType,
    Transaction,
    Verb,
)

USER, PASSWORD = "operator", "Correct:horse 8 密码"
DEADLINE_S = 20.0
NO_LOGIN = Message(number=18456, severity=14, state=1, text="Login failed for user 'operator'.")
NO_DATABASE = Message(number=4060, severity=11, state=1, text='Cannot open database "AIS9" requested by the login.')
NO_DEVICE = Message(number=3201, severity=16, state=1, text="Cannot open backup device 'X:\\a.bak'. 错误 3。")
TERMINATING = Message(number=3013, severity=16, state=1, text="BACKUP DATABASE is terminating abnormally.")
ONE = Column(name="n", type=SqlType.INT)
Script = Callable[["ScriptedSession", threading.Event], Iterator[Answer]]


class ScriptedSession:
    """A session that knows a handful of batches, and whatever a test adds to its server's script."""

    def __init__(self, server: "ScriptedServer", number: int, login: Login) -> None:
        self.server = server
        self.number = number
        self.login = login
        self.database = login.database or "master"
        self.language = "us_english"
        self.asked: list[object] = []
        self.resets = 0
        self.open_transaction = 0
        self.closed = threading.Event()

    def batch(self, text: str, stop: threading.Event) -> Iterator[Answer]:
        self.asked.append(text)
        if text in self.server.script:
            return self.server.script[text](self, stop)
        word = text.strip().lower()
        if word.startswith("use "):
            return self._use(text.strip()[4:].strip("[]"))
        if word in ("begin tran", "begin transaction"):
            return self.transact("begin")
        if word.startswith("select "):
            return iter((Columns(columns=(ONE,)), Row((int(word[7:]),)), Done(verb=Verb.SELECT, count=1)))
        return iter((Done(verb=Verb.SET),))

    def call(self, procedure: str, parameters: tuple[Parameter, ...], stop: threading.Event) -> Iterator[Answer]:
        self.asked.append((procedure, parameters))
        if procedure == "sp_executesql":
            yield from self._execute(parameters, stop)
        elif procedure == "double":
            outputs = {p.name: (p.column, p.value * 2) for p in parameters if p.output}
            yield Returned(status=7, outputs=outputs)
        else:
            text = f"Could not find stored procedure '{procedure}'."
            yield Message(number=2812, severity=16, state=62, text=text)
            yield Done(failed=True)

    def transact(self, event: str) -> Iterator[Answer]:
        self.asked.append(event)
        if event == "begin":
            self.server.transactions += 1
            self.open_transaction = self.server.transactions
            yield Transaction(event="began", id=self.open_transaction)
            yield Done(verb=Verb.BEGIN)
            return
        ended, self.open_transaction = self.open_transaction, 0
        yield Transaction(event="committed" if event == "commit" else "rolled-back", id=ended)
        yield Done(verb=Verb.COMMIT if event == "commit" else Verb.ROLLBACK)

    def transaction(self) -> int:
        return self.open_transaction

    def reset(self) -> None:
        self.resets += 1
        self.open_transaction = 0
        self.database = self.login.database or "master"

    def close(self) -> None:
        self.closed.set()

    def _execute(self, parameters: tuple[Parameter, ...], stop: threading.Event) -> Iterator[Answer]:
        statement, values = parameters[0].value, parameters[2:]
        if statement in self.server.script:
            yield from self.server.script[statement](self, stop)
            return
        columns = [Column(name=p.name.lstrip("@") or f"c{n}", type=p.column.type) for n, p in enumerate(values)]
        yield Columns(columns=tuple(columns) or (ONE,))
        yield Row(tuple(p.value for p in values) or (1,))
        yield Done(verb=Verb.SELECT, count=1, inner=True)
        yield Returned()

    def _use(self, name: str) -> Iterator[Answer]:
        old, self.database = self.database, name
        yield Changed(what="database", new=name, old=old)
        yield Message(number=5701, severity=0, state=2, text=f"Changed database context to '{name}'.")
        yield Done(verb=Verb.NONE)


class ScriptedServer:
    """Knows one user, every database but AIS9, and the batches of `script`."""

    def __init__(self) -> None:
        self.name = "LAB-SQL"
        self.version = (16, 0, 1000)
        self.collation = bytes.fromhex("0408d00000")
        self.script: dict[str, Script] = {}
        self.sessions: list[ScriptedSession] = []
        self.transactions = 0x1_0000_0000
        self.refuses: Message | None = None
        self._lock = threading.Lock()

    def login(self, login: Login) -> ScriptedSession:
        if (login.user, login.password) != (USER, PASSWORD):
            raise Refused(NO_LOGIN)
        if self.refuses is not None:
            raise Refused(self.refuses)
        if login.database == "AIS9":
            raise Refused(NO_DATABASE, NO_LOGIN)
        with self._lock:
            session = ScriptedSession(self, 51 + len(self.sessions), login)
            self.sessions.append(session)
        return session


class Gate:
    """A script that says what it is told, when it is told; it runs until then, or until it is stopped."""

    def __init__(self, *first: Answer) -> None:
        self.first = first
        self.started, self.opened, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.saw_stop = False

    def __call__(self, session: ScriptedSession, stop: threading.Event) -> Iterator[Answer]:
        try:
            yield from self.first
            self.started.set()
            deadline = time.monotonic() + DEADLINE_S
            while not self.opened.is_set() and not stop.wait(0.005):
                assert time.monotonic() < deadline, "nobody opened the gate"
            self.saw_stop = stop.is_set()
            if not self.saw_stop:
                yield Done(verb=Verb.EXECUTE)
        finally:
            self.ended.set()


class RawClient:
    """Bytes in, bytes out."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)

    def send(self, kind: int, payload: bytes, status: int = 1) -> None:
        self.sock.sendall(struct.pack(">BBHHBB", kind, status, len(payload) + 8, 0, 1, 0) + payload)

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def batch(self, text: str, *, transaction: int = 0, status: int = 1) -> None:
        headers = struct.pack("<IIHQI", 22, 18, 2, transaction, 1)
        self.send(1, headers + text.encode("utf-16-le"), status)

    def packet(self) -> bytes:
        """The next packet with its header; b"" at the end of the stream."""
        header = self.take(8)
        return header + self.take(struct.unpack(">H", header[2:4])[0] - 8) if header else b""

    def message(self) -> bytes:
        """The payload of the next message."""
        payload = b""
        while packet := self.packet():
            payload += packet[8:]
            if packet[1] & 1:
                return payload
        raise EOFError(payload)

    def take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                return b""
            data += more
        return data

    def login(self, *, version: int = 0x74000004, password: str = PASSWORD, database: str = "", **how: Any) -> bytes:
        self.send(0x10, login7(version=version, password=password, database=database, **how))
        return self.message()

    def is_closed(self) -> bool:
        """True once the server has closed; what it still says is read and dropped."""
        try:
            while self.sock.recv(4096):
                pass
        except ConnectionError:
            pass
        return True


def login7(
    *,
    version: int = 0x74000004,
    user: str = USER,
    password: str = PASSWORD,
    database: str = "",
    flags: tuple[int, int] = (0, 0),
    features: bytes = b"",
    packet_bytes: int = 4096,
) -> bytes:
    """A LOGIN7 as a client writes it; `features` without the closing 0xFF."""
    scrambled = bytes(((b << 4 & 0xF0) | b >> 4) ^ 0xA5 for b in password.encode("utf-16-le"))
    texts = ["desk", user, None, "test", "lab", "", "raw", "", database]
    directory, data = b"", b""
    for text in texts:
        value = scrambled if text is None else text.encode("utf-16-le")
        directory += struct.pack("<HH", 94 + len(data), len(value) // 2)
        data += value
    if features:
        place = 94 + len(data)
        directory = directory[:20] + struct.pack("<HH", place, 4) + directory[24:]
        data += struct.pack("<I", place + 4) + features + b"\xff"
    directory += b"\0" * 6 + struct.pack("<HHHHHHI", 0, 0, 0, 0, 0, 0, 0)
    options = bytes([0xE0, flags[0], 0, flags[1] | (0x10 if features else 0)])
    fixed = struct.pack("<IIIIII", 94 + len(data), version, packet_bytes, 7, 1, 0) + options + struct.pack("<iI", 0, 0)
    return fixed + directory + data


@pytest.fixture
def write_login() -> Callable[..., bytes]:
    return login7


@pytest.fixture
def gate() -> type[Gate]:
    return Gate


@pytest.fixture
def sql() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Certificate]:
    """The certificate that clients trust, and the server's own."""
    folder = tmp_path_factory.mktemp("tds")
    authority = Authority.make()
    authority.write(folder / "ca.pem")
    authority.issue("LAB-SQL", folder / "cert.pem", folder / "key.pem")
    return folder / "ca.pem", Certificate(cert_file=folder / "cert.pem", key_file=folder / "key.pem")


@pytest.fixture
def serve(sql: ScriptedServer, authority: tuple[Path, Certificate]) -> Iterator[Callable[..., TdsServer]]:
    """Starts servers in front of the scripted SQL Server, and stops them at the end: no thread is left."""
    running: list[TdsServer] = []

    def start(**options: Any) -> TdsServer:
        server = TdsServer(sql, certificate=authority[1], **options)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("tds-")] == []
    assert all(session.closed.is_set() for session in sql.sessions)


@pytest.fixture
def raw() -> Iterator[Callable[[TdsServer], RawClient]]:
    """Makes raw clients and closes them at the end."""
    clients: list[RawClient] = []

    def connect(server: TdsServer) -> RawClient:
        clients.append(RawClient(server.port))
        return clients[-1]

    yield connect
    for client in clients:
        client.sock.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], bool]:
    """Waits until something is true, for a limited time."""

    def wait(happened: Callable[[], object]) -> bool:
        pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
        while not happened() and time.monotonic() < deadline:
            pause.wait(0.01)
        return bool(happened())

    return wait


@pytest.fixture
def failing_backup() -> Script:
    return lambda _session, _stop: iter((NO_DEVICE, TERMINATING, Done(failed=True)))


@pytest.fixture
def killed() -> Script:
    text = "Cannot continue the execution because the session is in the kill state."
    message = Message(number=596, severity=21, state=1, text=text)
    return lambda _session, _stop: iter((message, Hangup()))


@pytest.fixture
def login() -> tuple[str, str]:
    return USER, PASSWORD
