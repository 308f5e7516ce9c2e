"""Reading: one request, lists that stay stable while rows come in, events, and the audit's verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, select

from domain.errors import Fault, Mistake
from domain.event import Event
from domain.job import FINAL, Job, RequestState, State, request_state
from domain.request import Actor, Request
from domain.text import Text
from intake.desk import Desk, unknown
from runner.shelves import Span, spans
from runner.store import chain
from runner.store.rows import micros, to_event, to_job, to_request
from runner.store.schema import job as jobs
from runner.store.schema import request as requests
from runner.store.store import Store

MOST: Final = 200
MAX_NUMBER: Final = 2**62
MOST_EVENTS: Final = 1000
MOST_WALKED: Final = 50_000  # events that one look at the feed walks over, other tenants' among them
TOGETHER: Final = 2000  # how many requests may be under way at once between their time of asking and their number


@dataclass(frozen=True, kw_only=True)
class Item:
    """A request with its job, as one line of a list or one page shows it."""

    request: Request
    job: Job

    @property
    def request_state(self) -> RequestState:
        return request_state(self.job.state, rated=self.job.rating is not None)

    @property
    def is_over(self) -> bool:
        return self.job.state in FINAL


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of the feed. `position` is how far was looked, which may lie beyond the last event that is yours:
    go on after it. `more`: there is more to look at now."""

    events: list[Event]
    position: int
    more: bool


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a list shows. Times are of asking; `text` is sought in description, opinion and submitter."""

    tenant: str | None = None
    operation: str | None = None
    place: str | None = None
    states: tuple[State, ...] = ()
    request_state: RequestState | None = None
    asked_from: datetime | None = None
    asked_to: datetime | None = None
    text: str = ""
    before: int | None = None  # the last number of the page before
    limit: int = 50


def show(desk: Desk, actor: Actor, number: int) -> Item:
    """One request. Raises NotFound, also for somebody else's."""
    row = desk.store.row("job", number=number)
    if row is None or not actor.sees(row["tenant"]):
        raise unknown(number)
    found = desk.store.row("request", number=number, version=row["version"])
    if found is None:
        raise unknown(number)
    return Item(request=to_request(found), job=to_job(row))


def versions(desk: Desk, actor: Actor, number: int) -> list[Request]:
    """Every version of a request, the first one first."""
    show(desk, actor, number)
    return [to_request(r) for r in desk.store.rows("request_versions", number=number)]


def search(desk: Desk, actor: Actor, wanted: Filter) -> list[Item]:
    """A page of requests, newest first. The next page begins before the last number of this one. Raises Mistake."""
    if not 1 <= wanted.limit <= MOST:
        text = Text(f"limit 应为 1 至 {MOST}", f"limit must be 1 to {MOST}")
        raise Mistake(text, (Fault("limit", text),))
    # One look a state, merged: each is found in order by its index, several at once would be sorted first.
    looks = [replace(wanted, states=(state,)) for state in wanted.states] or [wanted]
    items: list[Item] = []
    for span in _spans(desk.store, wanted):
        items += _page(desk, actor, looks, span, wanted.limit - len(items))
        if len(items) == wanted.limit:
            break
    return items


def events_of(desk: Desk, actor: Actor, number: int, after: int = 0, limit: int = MOST_EVENTS) -> list[Event]:
    """A job's events after a sequence number. Raises NotFound."""
    show(desk, actor, number)
    rows = desk.store.rows("job_events_after", job=number, after=after, most=min(limit, MOST_EVENTS))
    return [to_event(r) for r in rows]


def feed(desk: Desk, actor: Actor, after: int = 0, limit: int = MOST_EVENTS) -> Stretch:
    """The events this actor may see after a sequence number, in commit order; gapless for the provider."""
    end, most = head(desk), min(limit, MOST_EVENTS)
    span: dict[str, Any] = {"after": after, "last": min(end, after + MOST_WALKED), "most": most}
    mine = {"tenant": actor.tenant} if actor.tenant else {}
    events = [
        to_event(r) for r in desk.store.rows("tenant_events_between" if mine else "events_between", **span, **mine)
    ]
    position = events[-1].seq if len(events) == most else max(after, span["last"])
    return Stretch(events=events, position=position, more=position < end)


def head(desk: Desk) -> int:
    """The sequence number of the newest event."""
    row = desk.store.row("chain_end")
    return int(row["seq"]) if row else 0


def verify_audit(desk: Desk) -> chain.Verdict:
    """Walk the whole hash chain."""
    end = desk.store.row("chain_end")
    if end is None:
        raise RuntimeError("the store has no chain")
    return chain.verify(_links(desk, int(end["seq"])), end["seq"], end["hash"])


def _links(desk: Desk, last: int) -> Iterator[Mapping[str, Any]]:
    after = 0
    while rows := desk.store.rows("chain_links", after=after, most=2000):
        for row in rows:
            if row["seq"] > last:  # written while we verify
                return
            yield row
        after = rows[-1]["seq"]


def _spans(store: Store, wanted: Filter) -> Iterator[Span]:
    """The numbers to walk over, highest first: before the last page, around the times of asking, where the text is."""
    within = _within(store, wanted)
    return spans(store, wanted.text.casefold(), within) if within else iter(())


def _within(store: Store, wanted: Filter) -> Span | None:
    """Numbers grow with the time of asking, but for requests that were asked together.

    So a range of numbers keeps a page from walking over what lies outside; the times decide.
    """
    low, high = 0, wanted.before or MAX_NUMBER
    if wanted.asked_from:
        first = store.row("first_asked_from", moment=wanted.asked_from)
        low = first["number"] - TOGETHER if first else high
    if wanted.asked_to:
        last = store.row("last_asked_before", moment=wanted.asked_to)
        high = min(high, last["number"] + TOGETHER + 1) if last else 0
    return Span(low=low, high=high) if low < high else None


def _page(desk: Desk, actor: Actor, looks: list[Filter], span: Span, limit: int) -> list[Item]:
    items = [_item(row) for look in looks for row in desk.store.select(_query(actor, look, span, limit))]
    return sorted(items, key=lambda i: -i.request.number)[:limit]


def _query(actor: Actor, wanted: Filter, span: Span, limit: int) -> Select[Any]:
    joined = jobs.join(requests, and_(requests.c.number == jobs.c.number, requests.c.version == jobs.c.version))
    extra = [requests.c[n].label(f"r_{n}") for n in ("params", "description", "email")]
    query = select(jobs, *extra).select_from(joined)
    for table in (jobs, requests):  # of both, or a merge join walks over all that lies outside in the other one
        query = query.where(table.c.number >= span.low, table.c.number < span.high)
    if _by_job_alone(wanted):
        query = query.where(jobs.c.number.in_(_numbers(actor, wanted, span, limit)))
    return query.where(*_conditions(actor, wanted)).order_by(_number(wanted).desc()).limit(limit)


def _by_job_alone(wanted: Filter) -> bool:
    """Whether the job's own row says if a request is wanted, by something that only some have."""
    same = {name: getattr(wanted, name) for name in ("tenant", "states", "request_state", "before", "limit")}
    return wanted == Filter(**same) and _is_of_some(wanted)


def _is_of_some(wanted: Filter) -> bool:
    return bool(wanted.states) or wanted.request_state not in (None, RequestState.PROCESSED)


def _numbers(actor: Actor, wanted: Filter, span: Span, limit: int) -> Select[tuple[int]]:
    """The page's numbers by an index alone. PostgreSQL takes the rows of a state to lie spread over all numbers, and
    would look for them row by row where there are none."""
    one = jobs.alias("one")
    query = select(one.c.number).where(one.c.number >= span.low, one.c.number < span.high, *_states(wanted, one))
    tenant = actor.tenant or wanted.tenant
    return (query.where(one.c.tenant == tenant) if tenant else query).order_by(one.c.number.desc()).limit(limit)


def _number(wanted: Filter) -> ColumnElement[int]:
    """Both tables have it. The page is ordered by that of the table whose index finds the rows."""
    return jobs.c.number if _is_of_some(wanted) or wanted.text else requests.c.number


def _conditions(actor: Actor, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    tenant = actor.tenant or wanted.tenant
    if actor.tenant and wanted.tenant and wanted.tenant != actor.tenant:
        yield jobs.c.number < 0  # another's requests do not exist
    equal = {"tenant": tenant, "operation": wanted.operation, "place": wanted.place}
    yield from (requests.c[name] == value for name, value in equal.items() if value)
    yield from _states(wanted, jobs)
    if wanted.asked_from:
        yield jobs.c.asked_at >= micros(wanted.asked_from)
    if wanted.asked_to:
        yield jobs.c.asked_at < micros(wanted.asked_to)
    if wanted.text:
        yield jobs.c.search.contains(wanted.text.casefold(), autoescape=True)


def _states(wanted: Filter, job: FromClause) -> Iterator[ColumnElement[bool]]:
    if wanted.states:
        yield job.c.state.in_([s.value for s in wanted.states])
    if wanted.request_state:
        yield _in_request_state(wanted.request_state, job)


def _in_request_state(wanted: RequestState, job: FromClause) -> ColumnElement[bool]:
    if wanted is RequestState.COMPLETED:
        return job.c.rating.is_not(None)
    states = [s.value for s in State if request_state(s, rated=False) is wanted]
    if wanted is RequestState.PROCESSED:  # nearly all are: by number, leaving out the few others
        others = [s.value for s in State if s.value not in states]
        return and_(job.c.state.not_in(others), job.c.rating.is_(None))
    return and_(job.c.state.in_(states), job.c.rating.is_(None))


def _item(row: Mapping[str, Any]) -> Item:
    texts = {n: row[f"r_{n}"] for n in ("params", "description", "email")}
    return Item(request=to_request({**row, **texts}), job=to_job(row))
