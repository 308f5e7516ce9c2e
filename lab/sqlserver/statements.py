"""The statements of a batch as data. What is not control flow stays a `Plain` slice of the text."""

from dataclasses import dataclass, field

from lab.sqlserver.lexer import Token


@dataclass(frozen=True, kw_only=True)
class Statement:
    """`line` is the line in the batch where it begins."""

    line: int


@dataclass(frozen=True, kw_only=True)
class Plain(Statement):
    """Anything else: a query, a change, an administration statement."""

    tokens: tuple[Token, ...]
    text: str

    def words(self, count: int = 4) -> tuple[str, ...]:
        """The first key words, upper case."""
        return tuple(t.upper for t in self.tokens[:count])


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One variable of a DECLARE."""

    name: str
    type: str
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Declare(Statement):
    """DECLARE @a int = 1, @b …"""

    variables: tuple[Declared, ...]


@dataclass(frozen=True, kw_only=True)
class DeclareTable(Statement):
    """DECLARE @t TABLE (…)."""

    name: str
    columns: str


@dataclass(frozen=True, kw_only=True)
class Assign(Statement):
    """SET @a = …"""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class SetOption(Statement):
    """SET NOCOUNT, XACT_ABORT ON."""

    options: tuple[str, ...]
    value: str


@dataclass(frozen=True, kw_only=True)
class Block(Statement):
    """BEGIN … END."""

    body: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class If(Statement):
    """IF … ELSE …"""

    condition: str
    then: Statement
    other: Statement | None = None


@dataclass(frozen=True, kw_only=True)
class While(Statement):
    """WHILE …"""

    condition: str
    body: Statement


@dataclass(frozen=True, kw_only=True)
class Leave(Statement):
    """BREAK, CONTINUE or RETURN, this one perhaps with a value."""

    word: str
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Try(Statement):
    """BEGIN TRY … END TRY BEGIN CATCH … END CATCH."""

    body: tuple[Statement, ...]
    caught: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class Print(Statement):
    """PRINT …"""

    value: str


@dataclass(frozen=True, kw_only=True)
class Raise(Statement):
    """RAISERROR(…) WITH NOWAIT."""

    arguments: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Throw(Statement):
    """THROW, or THROW number, text, state."""

    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wait(Statement):
    """WAITFOR DELAY …"""

    delay: str


@dataclass(frozen=True, kw_only=True)
class Transact(Statement):
    """BEGIN TRAN, COMMIT, ROLLBACK, SAVE TRAN."""

    word: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Use(Statement):
    """USE db."""

    database: str


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of EXEC."""

    name: str
    value: str
    output: bool = False


@dataclass(frozen=True, kw_only=True)
class Execute(Statement):
    """EXEC procedure …, or EXEC('text') when `procedure` is empty."""

    procedure: str
    text: str = ""
    arguments: tuple[Argument, ...] = field(default=())
    result: str = ""
