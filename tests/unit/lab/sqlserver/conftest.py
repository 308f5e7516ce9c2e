"""One emulated SQL Server per test, and a client that reads answers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lab.sqlserver import SqlServer
from lab.tds.answers import Answer, Login, Message, Row

BAK = "D:\\MSSQL\\Backup\\a.bak"


class Client:
    """Drives one session directly, as the wire would."""

    def __init__(self, server: SqlServer, user: str, password: str, database: str, language: str) -> None:
        login = Login(user=user, password=password, database=database, program="test", host="pc", language=language)
        self.session = server.login(login)

    def run(self, text: str) -> list[Answer]:
        return list(self.session.batch(text, Event()))

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        answers = self.run(text)
        assert [m.number for m in messages(answers) if m.severity > 10] == []
        return [a.values for a in answers if isinstance(a, Row)]

    def errors(self, text: str) -> list[int]:
        return [m.number for m in messages(self.run(text)) if m.severity > 10]

    def texts(self, text: str) -> list[str]:
        return [m.text for m in messages(self.run(text))]


def messages(answers: list[Answer]) -> list[Message]:
    return [a for a in answers if isinstance(a, Message)]


Connect = Callable[..., Client]


@pytest.fixture
def server(tmp_path: Path) -> SqlServer:
    made = SqlServer(tmp_path / "sql", name="SQL1", sa_password="pw")
    made.create_database("Shop")
    return made


@pytest.fixture
def connect(server: SqlServer) -> Iterator[Connect]:
    clients: list[Client] = []

    def one(user: str = "sa", database: str = "Shop", language: str = "") -> Client:
        clients.append(Client(server, user, "pw", database, language))
        return clients[-1]

    yield one
    for client in clients:
        client.session.close()


@pytest.fixture
def sa(connect: Connect) -> Client:
    client = connect()
    client.run("CREATE TABLE dbo.T (id int IDENTITY(1,1) PRIMARY KEY, n nvarchar(5) NOT NULL, q int NULL DEFAULT 3)")
    client.run("INSERT T (n) VALUES (N'a'), (N'b')")
    return client


@pytest.fixture
def master(connect: Connect) -> Client:
    return connect(database="master")
