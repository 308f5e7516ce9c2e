"""The transaction of a session: @@TRANCOUNT, its number, and its end."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.sqlserver.engine import Engine
from lab.sqlserver.errors import Killed, SqlError
from lab.tds.answers import Answer, Done, Transaction, Verb

if TYPE_CHECKING:
    from lab.sqlserver.server import SqlServer


class Transactions(ABC):
    """The part of a session that begins, commits and rolls back."""

    server: "SqlServer"
    engine: Engine
    database: str
    transaction_count: int
    transaction_id: int
    doomed: bool
    points: list[str]  # the transaction's name, and its save points

    @abstractmethod
    def record(self, kind: str, database: str, **detail: object) -> None:
        """Into the ledger of effects."""

    @property
    def open_transactions(self) -> int:
        """For sys.dm_exec_sessions."""
        return self.transaction_count

    def refuse_doomed(self) -> None:
        """Raises SqlError 3930."""
        if self.doomed:
            raise SqlError(3930)

    def transaction_statement(self, word: str, name: str) -> Iterator[Answer]:
        """BEGIN, COMMIT, ROLLBACK, SAVE. Raises SqlError 628, 3902, 3903, 6401."""
        if word == "BEGIN":
            yield from self._begin(name)
        elif word == "COMMIT":
            yield from self._commit()
        elif word == "ROLLBACK":
            yield from self._back(name.lower())
            yield Done(verb=Verb.ROLLBACK)
        else:
            self._save(name.lower())
            yield Done()

    def _back(self, name: str) -> Iterator[Answer]:
        """To a save point of that name, or to the beginning."""
        if not self.transaction_count:
            raise SqlError(3903)
        if name in self.points[1:] and not self.doomed:
            self.engine.back_to(name)
            del self.points[self.points.index(name, 1) + 1 :]
            return
        if name not in ("", self.points[0]):
            raise SqlError(3931 if self.doomed else 6401, name)
        yield from self.roll_back()

    def _save(self, name: str) -> None:
        if not self.transaction_count:
            raise SqlError(628)
        self.refuse_doomed()
        self.engine.save(name)
        self.points.append(name)

    def _begin(self, name: str) -> Iterator[Answer]:
        self.transaction_count += 1
        if self.transaction_count == 1:
            self.points = [name.lower()]
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
