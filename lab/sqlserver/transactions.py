"""The transaction of a session: @@TRANCOUNT, its number, and its end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.engine import Engine
from lab.sqlserver.errors import Killed, SqlError
from lab.tds.answers import Answer, Done, Transaction, Verb

if TYPE_CHECKING:
    from lab.sqlserver.server import SqlServer


class Transactions:
    """The part of a session that begins, commits and rolls back."""

    server: "SqlServer"
    engine: Engine
    database: str
    transaction_count: int
    transaction_id: int
    doomed: bool

    def record(self, kind: str, database: str, **detail: object) -> None:
        """Into the ledger of effects."""
        raise NotImplementedError

    @property
    def open_transactions(self) -> int:
        """For sys.dm_exec_sessions."""
        return self.transaction_count

    def refuse_doomed(self) -> None:
        """Raises SqlError 3930."""
        if self.doomed:
            raise SqlError(3930)

    def transaction_statement(self, word: str, name: str) -> Iterator[Answer]:
        """BEGIN, COMMIT, ROLLBACK. Raises SqlError 3902, 3903."""
        if word == "BEGIN":
            yield from self._begin()
        elif word == "COMMIT":
            yield from self._commit()
        elif word == "ROLLBACK":
            if not self.transaction_count:
                raise SqlError(3903)
            yield from self.roll_back()
            yield Done(verb=Verb.ROLLBACK)
        else:
            raise SqlError(50000, f"cannot run: SAVE TRANSACTION {name}")

    def _begin(self) -> Iterator[Answer]:
        self.transaction_count += 1
        if self.transaction_count == 1:
            self.transaction_id = self.server.next_transaction()
            yield Transaction(event="began", id=self.transaction_id)
        yield Done(verb=Verb.BEGIN)

    def _commit(self) -> Iterator[Answer]:
        if not self.transaction_count:
            raise SqlError(3902)
        self.refuse_doomed()
        if self.transaction_count > 1:
            self.transaction_count -= 1
        else:
            self._drop("drop_before_commit")
            self.engine.commit()
            ended, self.transaction_count, self.transaction_id = self.transaction_id, 0, 0
            self.record("commit", self.database, transaction=ended)
            self._drop("drop_after_commit")
            yield Transaction(event="committed", id=ended)
        yield Done(verb=Verb.COMMIT)

    def _drop(self, fault: str) -> None:
        if self.server.faults.take(fault):
            raise Killed(abrupt=True)

    def roll_back(self) -> Iterator[Answer]:
        """Undo the open transaction and say so."""
        ended = self.transaction_id
        self.roll_back_quietly()
        if ended:
            yield Transaction(event="rolled-back", id=ended)

    def roll_back_quietly(self) -> None:
        """Undo the open transaction."""
        self.engine.rollback()
        if self.transaction_id:
            self.record("rollback", self.database, transaction=self.transaction_id)
        self.transaction_count = self.transaction_id = 0
        self.doomed = False
