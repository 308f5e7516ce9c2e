"""What everybody at the intake works with."""

from dataclasses import dataclass

from domain.artifact import ArtifactStore
from domain.catalog import Catalog
from domain.errors import Conflict, NotFound
from domain.job import Job
from domain.operation import Operation
from domain.places import Estate, Place, Tenant
from domain.request import Actor, Request
from domain.text import Text
from messages.outbox import Outbox
from runner.bell import Bell
from runner.decider import Decider
from runner.store.reading import Reading
from runner.store.rows import to_job, to_request
from runner.store.store import Store
from runner.store.tx import Row, Tx


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The store, what can be done, who decides, the bell, the artifact store, the outbox."""

    store: Store
    catalog: Catalog
    decider: Decider
    bell: Bell
    artifacts: ArtifactStore
    outbox: Outbox

    @property
    def estate(self) -> Estate:
        """All places, called as they are called now. Within a transaction ask `decider.here(tx)`."""
        return self.decider.here(self.store)

    def place(self, path: str, actor: Actor, reading: Reading | None = None) -> Place:
        """The place, if this actor may know of it. Raises NotFound: others' places do not exist for them.

        Within a transaction it is the `reading`: nobody waits for a second connection while holding one.
        """
        place = self.decider.here(reading or self.store).place(path)
        if not actor.sees(place.tenant.name):
            raise NotFound(Text(f"没有这个位置：{path!r}", f"There is no such place: {path!r}"), place=path)
        return place

    def tenant(self, name: str, actor: Actor) -> Tenant:
        """The tenant, if this actor may know of it. Raises NotFound."""
        found = next((t for t in self.decider.estate.tenants if t.name == name), None)
        if found is None or not actor.sees(name):
            raise NotFound(Text(f"没有租户 {name!r}", f"There is no tenant {name!r}"), tenant=name)
        return found


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A request opened for a change: its row is locked until the transaction ends.

    What to do and where are looked up only when asked for: a job must not be stuck because the catalog or the estate
    no longer knows them.
    """

    row: Row
    job: Job
    request: Request
    desk: Desk
    actor: Actor
    reading: Reading

    @property
    def operation(self) -> Operation:
        """Raises NotFound or Mistake if this version does not know it."""
        return self.desk.catalog.build(self.request.operation, self.request.params)

    @property
    def place(self) -> Place:
        """Raises NotFound if the estate has lost it."""
        return self.desk.place(self.request.place, self.actor, self.reading)


def open_request(desk: Desk, tx: Tx, number: int, actor: Actor, rev: int | None = None) -> Opened:
    """Lock and read a request. Raises NotFound, or Conflict if it is no longer at revision `rev`."""
    row = tx.row("job_for_update", number=number)
    if row is None or not actor.sees(row["tenant"]):
        raise unknown(number)
    if rev is not None and row["rev"] != rev:
        zh, en = (
            f"运维单 {number} 已被修改，请刷新后重试",
            f"Request {number} has changed since you read it; read it again",
        )
        raise Conflict(Text(zh, en), number=number, yours=rev, current=row["rev"])
    found = tx.row("request", number=number, version=row["version"])
    if found is None:
        raise RuntimeError(f"request {number} has no version {row['version']}")
    return Opened(row=row, job=to_job(row), request=to_request(found), desk=desk, actor=actor, reading=tx)


def unknown(number: int) -> NotFound:
    return NotFound(Text(f"没有运维单 {number}", f"There is no request {number}"), number=number)
