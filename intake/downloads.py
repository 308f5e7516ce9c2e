"""Downloads: an artifact leaves if the policies let it, and what left is counted to the byte (DC-4, USE-1, USE-2)."""

from collections.abc import Iterator
from types import TracebackType
from typing import Final

from domain.artifact import Opened, Range
from domain.decision import Refused, Verdict
from domain.errors import Conflict
from domain.event import Event, Kind
from domain.keeping import Keeping, Record
from domain.request import Actor
from domain.text import Text
from domain.usage import TrafficKind
from intake.artifacts import get
from intake.desk import Desk
from intake.traffic import count, count_in, may_leave
from runner.store.tx import Tx

# Bytes: a process that dies in mid-download has counted all but these and a chunk.
COUNT_EVERY: Final = 64 * 1024 * 1024


class Download:
    """An artifact that is leaving. Iterate, say how much was handed over, close: what left is counted then."""

    def __init__(self, desk: Desk, actor: Actor, record: Record, opened: Opened, by: str) -> None:
        self.record = record
        self.opened = opened
        self.sent = 0
        self._desk, self._actor, self._by = desk, actor, by
        self._counted = 0

    def __iter__(self) -> Iterator[bytes]:
        """The chunks. Whoever asks for the next one waits for the disk, and now and then for the store's count."""
        for chunk in self.opened.chunks:
            self._count()
            yield chunk

    def __enter__(self) -> "Download":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    def handed(self, size: int) -> None:
        """So many bytes more are on their way to whoever asked. Writes nothing: an event loop may call it."""
        self.sent += size

    def _count(self) -> None:
        if self.sent - self._counted >= COUNT_EVERY and counts(self._actor):
            count(self._desk, self.record.tenant, TrafficKind.BACKUP_DOWNLOAD, self.sent - self._counted)
            self._counted = self.sent

    def close(self) -> None:
        """Count the rest and tell of it. Whoever broke off has had what was handed over."""
        self.opened.close()
        if self.sent:
            self._desk.store.write(self._tell)

    def _tell(self, tx: Tx) -> None:
        record = self.record
        if counts(self._actor):
            count_in(self._desk, tx, record.tenant, TrafficKind.BACKUP_DOWNLOAD, self.sent - self._counted)
        told = {"id": record.id, "what": record.kind, "name": record.name, "bytes": self.sent, "by": self._by}
        told |= {"first": self.opened.first, "whole": self.sent == self.opened.stored.size}
        actor = self._actor.name
        tx.append(Event(kind=Kind.DOWNLOADED, at=tx.now(), tenant=record.tenant, actor=actor, facts=told))


def allowed(desk: Desk, actor: Actor, id_: str) -> Record:
    """The artifact, if this actor may have its bytes now. Raises NotFound, Refused with all reasons, Conflict."""
    record = get(desk, actor, id_)
    if counts(actor):
        decision = may_leave(desk, actor, record.tenant)
        if decision.verdict is not Verdict.ALLOW:
            raise Refused(decision)
    if record.state is not Keeping.READY:
        zh, en = (
            f"文件 {record.id} 不是可用状态",
            f"The artifact {record.id} is {record.state}: it has no bytes to give",
        )
        raise Conflict(Text(zh, en), artifact=record.id, state=record.state.value)
    return record


def fetch(desk: Desk, actor: Actor, record: Record, range_: Range | None = None, by: str = "api") -> Download:
    """Open what `allowed` has allowed. Raises OutOfRange."""
    return Download(desk, actor, record, desk.artifacts.open(record.key, range_), by)


def counts(actor: Actor) -> bool:
    """The provider's own operators need no letter, and what they fetch is not the tenant's traffic."""
    return actor.tenant is not None or not actor.is_operator
