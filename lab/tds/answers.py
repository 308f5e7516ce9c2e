"""The seam between the wire (`lab/tds`) and the emulated SQL Server (`lab/sqlserver`): what a session says, as data.

A running batch is a generator of answers. The wire sends each as it comes, so that a message of RAISERROR … WITH NOWAIT
or "10 percent processed." reaches the client while the statement runs. `Done` closes each statement; the wire itself
knows which one is the last and says "more" on all others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from threading import Event
from typing import Any, Literal, Protocol


class SqlType(StrEnum):
    """The column types that the lab can send. The value is T-SQL's own word."""

    BIT = "bit"
    TINYINT = "tinyint"
    SMALLINT = "smallint"
    INT = "int"
    BIGINT = "bigint"
    FLOAT = "float"
    DECIMAL = "decimal"
    MONEY = "money"
    NVARCHAR = "nvarchar"
    VARCHAR = "varchar"
    VARBINARY = "varbinary"
    DATETIME = "datetime"
    DATETIME2 = "datetime2"
    DATE = "date"
    UNIQUEIDENTIFIER = "uniqueidentifier"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a result. `size` is in characters or bytes (None: max); `precision` and `scale` belong to decimals.

    Values are Python's: bool, int, float, Decimal, str, bytes, datetime, date, UUID, and None.
    """

    name: str
    type: SqlType
    size: int | None = None
    precision: int = 38
    scale: int = 6
    nullable: bool = True


class Verb(IntEnum):
    """What kind of statement a `Done` closes (the protocol's curcmd)."""

    NONE = 0x00
    SET = 0xBE
    SELECT = 0xC1
    INSERT = 0xC3
    DELETE = 0xC4
    UPDATE = 0xC5
    COMMIT = 0xD5
    ROLLBACK = 0xD2
    BEGIN = 0xD4
    EXECUTE = 0xE0


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of the server: class (severity) 10 and below is information, above it an error."""

    number: int
    severity: int
    state: int
    text: str
    procedure: str = ""
    line: int = 1


@dataclass(frozen=True, kw_only=True)
class Columns:
    """A result begins."""

    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Row:
    """A row of the result that began last."""

    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Done:
    """A statement ended. `count` is None where the server says none (NOCOUNT, SET). `inner`: inside a procedure."""

    verb: Verb = Verb.NONE
    count: int | None = None
    failed: bool = False
    inner: bool = False


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The session's database or language is another now."""

    what: Literal["database", "language"]
    new: str
    old: str


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """The session's outermost transaction began, was committed or was rolled back. `id` is never 0."""

    event: Literal["began", "committed", "rolled-back"]
    id: int


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a procedure returns: its status, and its output parameters by name (with '@')."""

    status: int = 0
    outputs: Mapping[str, tuple[Column, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Hangup:
    """The server ends the connection now (class 20 and above, KILL, a fault). `abrupt`: with no word on the wire."""

    abrupt: bool = False


Answer = Message | Columns | Row | Done | Changed | Transaction | Returned | Hangup


@dataclass(frozen=True, kw_only=True)
class Login:
    """What a client says of itself. The password is the lab's own pretend secret."""

    user: str
    password: str = field(repr=False)
    database: str = ""
    host: str = ""
    program: str = ""
    language: str = ""
    library: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a remote call; `name` may be empty (by position)."""

    name: str
    column: Column
    value: Any
    output: bool = False


class Refused(Exception):
    """The login fails with these messages, in order (4060 before 18456)."""

    def __init__(self, *messages: Message) -> None:
        super().__init__("; ".join(f"{m.number}: {m.text}" for m in messages))
        self.messages = messages


class Session(Protocol):
    """One connection's session. Calls come one at a time; `stop` is set by an attention or when the client is gone.

    A generator that sees `stop` ends what it does (rolling back the running statement) and returns; it need not say so.
    The wire closes a generator that it does not read to its end.
    """

    number: int  # @@SPID
    database: str
    language: str

    def batch(self, text: str, stop: Event) -> Iterator[Answer]: ...

    def call(self, procedure: str, parameters: tuple[Parameter, ...], stop: Event) -> Iterator[Answer]:
        """A remote procedure call by name (`sp_executesql`, …; the wire translates well-known numbers to names)."""

    def transact(self, event: Literal["begin", "commit", "rollback"]) -> Iterator[Answer]: ...

    def transaction(self) -> int:
        """The open transaction's id, or 0."""

    def reset(self) -> None:
        """As sp_reset_connection: roll back, drop temporary tables, options and database as at login."""

    def close(self) -> None:
        """The client is gone: roll back, free locks, abort a running backup."""


class Server(Protocol):
    """The emulated SQL Server, as the wire sees it. Both may be used by many threads at once."""

    name: str
    version: tuple[int, int, int]  # major, minor, build, such as (16, 0, 1000)
    collation: bytes  # five bytes

    def login(self, login: Login) -> Session:
        """A new session. Raises Refused."""
