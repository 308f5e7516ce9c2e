"""An outbox on each database, a real mail server on loopback, and as many senders as a test wants."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from domain.catalog import Catalog
from domain.event import Event, Kind
from domain.secret import Secret, SecretRef
from intake.desk import Desk
from intake.submit import submit
from lab.certificates import Authority
from lab.smtp import SmtpServer
from messages.courier import Courier
from messages.mail import Smtp
from messages.outbox import MAIL, Outbox
from messages.sender import Pauses, Sender
from messages.settings import MailSettings
from messages.words import Words
from runner.moves import move
from runner.store.migrate import migrate
from runner.store.rows import to_job
from runner.store.store import Store
from tests.stage import LI, OPERATIONS, Ears, HandClock, desk_on, estate, wish

SENDER = "ops@yunwei.example"
PASSWORD = "hunter2 密码"


@dataclass
class Post:
    """A store whose moves are told, its desk, and what was heard of it."""

    url: str
    channels: frozenset[str] = frozenset({MAIL})
    clock: HandClock = field(default_factory=HandClock)
    ears: Ears = field(default_factory=Ears)

    def __post_init__(self) -> None:
        self.store = self.open()
        if self.url.startswith("sqlite"):
            migrate(self.store)
        self.desk: Desk = desk_on(self.store)

    def open(self) -> Store:
        outbox = Outbox(words=Words(catalog=Catalog(OPERATIONS), estate=estate()), channels=self.channels)
        return Store(self.url, self.clock, heard=self.ears.hear, witness=outbox.witness)

    def ask(self, email: str = "li@acme.example", **more: Any) -> int:
        return submit(self.desk, LI, wish("pending", email=email, **more)).number

    def move(self, number: int, kind: Kind, **facts: Any) -> None:
        def write(tx: Any) -> None:
            move(tx, to_job(tx.row("job_for_update", number=number)), kind, facts=facts)

        self.store.write(write)

    def told(self, **kwargs: Any) -> int:
        """A request that was rejected: one message waits."""
        number = self.ask(**kwargs)
        self.move(number, Kind.REJECTED, opinion="请改到周末")
        return number

    def rows(self) -> list[dict[str, Any]]:
        found = self.store.rows("messages", state="", job=0, below=2**62, most=100)
        return [dict(row) for row in reversed(found)]

    def alarms(self) -> list[Event]:
        return [e for e in self.ears.events if e.kind is Kind.ALARM]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        emptied: str = request.getfixturevalue("postgres").emptied()
        return emptied
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def post(url: str) -> Iterator[Post]:
    made = Post(url)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of an authority that clients may trust, and of one that nobody knows."""
    folder = tmp_path_factory.mktemp("certificates")
    paths: dict[str, Path] = {}
    for name in ("known", "stranger"):
        authority = Authority.make()
        paths |= {
            name: folder / f"{name}.pem",
            f"{name}_key": folder / f"{name}.key",
            f"{name}_ca": folder / f"{name}.ca",
        }
        authority.write(paths[f"{name}_ca"])
        authority.issue("mail", paths[name], paths[f"{name}_key"])
    return paths


@pytest.fixture
def mail_server(certificates: dict[str, Path]) -> Iterator[Callable[..., SmtpServer]]:
    """`mail_server()`: one with STARTTLS and the user `ops`."""
    started: list[SmtpServer] = []

    def start(whose: str = "known", **how: Any) -> SmtpServer:
        pair = (certificates[whose], certificates[f"{whose}_key"])
        started.append(SmtpServer(**{"users": {"ops": PASSWORD}, "certificate": pair, **how}))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def courier(certificates: dict[str, Path]) -> Callable[..., Smtp]:
    """`courier(server)`: hands mail to it."""

    def make(server: SmtpServer, whole_s: float = 20.0, **changes: Any) -> Smtp:
        known = {"host": "127.0.0.1", "port": server.port, "sender": SENDER, "ca_file": certificates["known_ca"]}
        login = {"user": "ops", "password": SecretRef("env", "MAIL")} if server.users else {}
        settings = MailSettings(**{**known, **login, "wrapped": server.wrapped, **changes})
        return Smtp(settings, lambda ref: Secret(PASSWORD), whole_s)

    return make


@pytest.fixture
def sender(post: Post) -> Callable[..., Sender]:
    def make(courier: Courier, store: Store | None = None, **pauses: Any) -> Sender:
        return Sender(store or post.store, {MAIL: courier}, Pauses(**pauses))

    return make


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
