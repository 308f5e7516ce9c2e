"""An error of the server, and how far its arm reaches."""

from enum import IntEnum

from lab.sqlserver.texts import TEXTS, say
from lab.tds.answers import Message


class Reach(IntEnum):
    """What an error ends. SCOPE is a late compile error: TRY of the same scope does not see it."""

    STATEMENT = 0
    SCOPE = 1
    BATCH = 2
    CONNECTION = 3


# Conversion errors and the deadlock victim end the batch and doom the transaction: the manual's batch-aborting errors.
_BATCH = {241, 245, 1205, 8114, 3930}
_TERMINATES = {515, 547, 2601, 2627, 2628, 8114, 8115, 8134}  # in a change of rows, 3621 follows
_SCOPE = {102, 105, 111, 137, 195, 207, 208, 213, 217, 1087, 4121}


class SqlError(Exception):
    """Raised by a statement; `args` holds the details of the text."""

    def __init__(
        self, number: int, *details: object, text: str = "", severity: int = 0, state: int = 0, line: int = 0
    ) -> None:
        super().__init__(number, *details)
        self.number = number
        self.details = details
        self.text = text
        known = TEXTS.get(number, TEXTS[50000])
        self.severity = severity or known[0]  # 0 is that of information
        self.state = state or known[1]
        self.line = line
        self.procedure = ""
        self.reach = Reach.BATCH if number in _BATCH else Reach.SCOPE if number in _SCOPE else Reach.STATEMENT
        self.also: list[SqlError] = []
        self.told = self.outside = False  # already a message; seen by a TRY around its scope
        self.raised = self.thrown = False  # by RAISERROR; by THROW

    def within(self, command: str) -> "SqlError":
        """As BACKUP and RESTORE tell it: this error, then 3013."""
        self.also.append(SqlError(3013, command))
        return self

    def in_change(self) -> "SqlError":
        """As a change of rows tells it: what was undone, 3621 says."""
        if self.number in _TERMINATES:
            self.also.append(SqlError(3621))
        return self

    def message(self, language: str, line: int) -> Message:
        """The error as the wire carries it."""
        text = self.text or say(language, self.number, *self.details)
        return Message(
            number=self.number,
            severity=self.severity,
            state=self.state,
            text=text,
            line=self.line or line,
            procedure=self.procedure,
        )


class Stopped(Exception):
    """The client asked to stop, or is gone."""


class Killed(Exception):
    """The session is in the kill state. `abrupt`: the line breaks without a word; `told`: the reason was told."""

    def __init__(self, *, abrupt: bool = False, told: bool = False) -> None:
        super().__init__("killed")
        self.told = told
        self.abrupt = abrupt


def lab_cannot(statement: str) -> SqlError:
    """What the lab does not know it says, with the start of the statement."""
    return SqlError(50000, f"cannot run: {' '.join(statement.split())[:160]}")
