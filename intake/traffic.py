"""Traffic and storage: count what leaves, say what is used and left, and whether something may leave (USE-1, USE-2)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.decision import Decision, Moment
from domain.errors import Fault, Mistake, NotFound
from domain.operation import Lock, Target, Traits
from domain.places import Place, Tenant
from domain.request import Actor, Role
from domain.text import Text
from domain.usage import TrafficKind, Usage
from intake.desk import Desk
from runner.store.reading import Reading
from runner.store.tx import Tx
from runner.usage import usage_of

MOST_DAYS: Final = 366
LAST_DAYS: Final = 30
_FETCHING: Final = Traits(
    target=Target.ENVIRONMENT,
    takes=timedelta(0),
    roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
    interrupts_users=False,
    lock=Lock.NONE,
    letter="download",
    traffic=True,
)


@dataclass(frozen=True, kw_only=True)
class DayOfTraffic:
    """What left on a day of the tenant's zone, of one kind."""

    day: date
    kind: TrafficKind
    bytes: int


def count(desk: Desk, tenant: str, kind: TrafficKind, sent: int) -> None:
    """So many bytes have left. Exact, however many count at the same time; the caller gathers small pieces first.

    Raises NotFound, ValueError for a negative count.
    """
    desk.store.write(lambda tx: count_in(desk, tx, tenant, kind, sent))


def count_in(desk: Desk, tx: Tx, tenant: str, kind: TrafficKind, sent: int) -> None:
    """The same, in the transaction that also records what it was that left."""
    if sent < 0:
        raise ValueError(f"traffic only grows, but {sent} bytes were counted")
    if sent:
        zone = _tenant(desk, tenant).zone
        day = tx.now().astimezone(zone).date().isoformat()
        tx.moved("count_traffic", tenant=tenant, day=day, kind=kind.value, bytes=sent)


def check_room(reading: Reading, tenant: Tenant, size: int, path: str) -> None:
    """Whether so many bytes more fit into what the tenant bought, beside those of its unfinished uploads.

    Raises Mistake at `path` (no-room).
    """
    left = usage_of(reading, tenant).storage.available
    if left is None:
        return
    row = reading.row("open_uploads", tenant=tenant.name)
    left = max(0, left - (int(row["bytes"]) if row else 0))
    if size > left:
        text = Text(f"存储空间不足：剩余 {left} 字节", f"No room: {left} bytes are left")
        raise Mistake(text, (Fault(path, text, "no-room"),))


def whose(desk: Desk, actor: Actor, tenant: str | None) -> Tenant:
    """The tenant that is asked about: the named one, or the actor's own. Raises Mistake, NotFound."""
    name = tenant or actor.tenant
    if name is None:
        text = Text("请指明租户", "Name the tenant")
        raise Mistake(text, (Fault("tenant", text, "missing"),))
    return desk.tenant(name, actor)


def usage(desk: Desk, actor: Actor, tenant: str) -> Usage:
    """Total, used and available. Raises NotFound."""
    return usage_of(desk.store, desk.tenant(tenant, actor))


def daily(
    desk: Desk,
    actor: Actor,
    tenant: str,
    *,
    kind: TrafficKind | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[DayOfTraffic]:
    """What left on each day from `first` to `last`, or on the last 30 days. Raises NotFound, Mistake."""
    zone = desk.tenant(tenant, actor).zone
    until = last or desk.store.clock.now().astimezone(zone).date()
    since = first or until - timedelta(days=LAST_DAYS - 1)
    _check(since, until)
    span = {"first": since.isoformat(), "last": until.isoformat()}
    rows = desk.store.rows("traffic_by_day", tenant=tenant, kind=kind.value if kind else "", **span)
    return [
        DayOfTraffic(day=date.fromisoformat(row["day"]), kind=TrafficKind(row["kind"]), bytes=row["bytes"])
        for row in rows
    ]


def may_leave(desk: Desk, actor: Actor, tenant: str) -> Decision:
    """May this actor download something of the tenant's data now? It needs a download letter, and traffic left.

    For downloads that no request was made for. Raises NotFound.
    """
    found = desk.tenant(tenant, actor)
    if not found.environments:
        raise NotFound(Text(f"租户 {tenant!r} 没有环境", f"The tenant {tenant!r} has no environment"), tenant=tenant)
    place = Place(tenant=found, environment=found.environments[0])  # what is asked depends on the tenant alone
    now = desk.store.clock.now()
    return desk.decider.passing(desk.store, Moment.DOWNLOAD, _FETCHING, actor, place, now)


def _tenant(desk: Desk, name: str) -> Tenant:
    found = next((t for t in desk.estate.tenants if t.name == name), None)
    if found is None:
        raise NotFound(Text(f"没有租户 {name!r}", f"There is no tenant {name!r}"), tenant=name)
    return found


def _check(first: date, last: date) -> None:
    if first > last:
        zh, en = "起始日晚于结束日", "The first day is after the last one"
        raise Mistake(Text(zh, en), (Fault("first", Text(zh, en), "out-of-range"),))
    if (last - first).days >= MOST_DAYS:
        zh, en = f"一次最多查询 {MOST_DAYS} 天", f"At most {MOST_DAYS} days at once"
        raise Mistake(Text(zh, en), (Fault("first", Text(zh, en), "out-of-range"),))
