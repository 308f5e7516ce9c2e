"""Look at requests: list, show, follow, versions, events."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from commands.exits import DONE
from commands.following import PATIENCE_S, follow_request
from commands.lazy import Leaf
from commands.moments import read_at, shown
from commands.session import Session, with_session
from commands.telling import event_line
from domain.errors import Fault, Mistake
from domain.job import RequestState, State
from domain.text import Text

if TYPE_CHECKING:
    from intake.read import Filter

NUMBER: Final = click.argument("number", type=click.IntRange(min=1))
_HEADS: Final = (
    Text("运维单", "number"),
    Text("操作", "operation"),
    Text("位置", "place"),
    Text("计划时间", "planned for"),
    Text("状态", "state"),
    Text("执行情况", "execution"),
    Text("申请人", "asked by"),
)


@click.command("list", cls=Leaf)
@click.option("--state", type=click.Choice([s.value for s in RequestState]), help="As the requester sees it.")
@click.option("--execution", multiple=True, type=click.Choice([s.value for s in State]), help="May be repeated.")
@click.option("--operation")
@click.option("--place")
@click.option("--tenant")
@click.option("--from", "asked_from", metavar="TIME", help="Asked at or after.")
@click.option("--to", "asked_to", metavar="TIME", help="Asked before.")
@click.option("--text", default="", help="Sought in description, opinion and submitter.")
@click.option("--before", type=int, metavar="NUMBER", help="The last number of the page before.")
@click.option("--limit", type=int, default=50, show_default=True)
@with_session
def list_(session: Session, /, **given: Any) -> int:
    """Requests, newest first.

    Columns in a pipe: number, operation, place, planned for, state, execution, asked by.
    """
    from intake import view
    from intake.read import search

    items = [
        view.of_item(i, session.desk.catalog) for i in search(session.desk, session.actor, _filter(session, given))
    ]
    full = len(items) == given["limit"]
    session.screen.data({"items": items, "next": str(items[-1]["number"]) if full else None})
    session.screen.table(_HEADS, [_row(session, item) for item in items])
    return DONE


@click.command(cls=Leaf)
@NUMBER
@with_session
def show(session: Session, /, number: int) -> int:
    """One request with its job."""
    tell(session, number)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--timeout", "timeout_s", type=float, default=PATIENCE_S, metavar="SECONDS", help="Watch no longer.")
@with_session
def follow(session: Session, /, number: int, timeout_s: float) -> int:
    """Watch a request live to its end; the exit code is 0 for success alone."""
    return follow_request(session, number, timeout_s)


@click.command(cls=Leaf)
@NUMBER
@with_session
def versions(session: Session, /, number: int) -> int:
    """Every version of a request, the first one first."""
    from dataclasses import asdict

    from intake.read import versions as read

    found = read(session.desk, session.actor, number)
    zone = session.zone(found[0].place)
    session.screen.data({"items": [asdict(v) for v in found]})
    heads = (Text("版本", "version"), _HEADS[3], Text("修改人", "by"), Text("时间", "at"), Text("描述", "description"))
    rows = [(v.version, shown(v.planned_at, zone), v.asked_by, shown(v.asked_at, zone), v.description) for v in found]
    session.screen.table(heads, rows)
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--after", type=int, default=0, metavar="SEQ", help="Only events after this one.")
@click.option("--limit", type=int, default=1000, show_default=True)
@with_session
def events(session: Session, /, number: int, after: int, limit: int) -> int:
    """What happened to a request, as it was recorded."""
    from intake import read, view

    place = read.show(session.desk, session.actor, number).request.place
    found = [view.of_event(e) for e in read.events_of(session.desk, session.actor, number, after, limit)]
    zone = session.zone(place)
    session.screen.data({"items": found, "next": found[-1]["seq"] if len(found) == limit else None})
    for event in found:
        session.screen.line(event_line(event, session.screen, zone))
    return DONE


COMMANDS: Final = (list_, show, follow, versions, events)


def tell(session: Session, number: int) -> None:
    """Show a request as it is now."""
    from intake import view
    from intake.read import show as read

    item = view.of_item(read(session.desk, session.actor, number), session.desk.catalog)
    zone, screen = session.zone(item["place"]), session.screen
    screen.data(item)
    work = item["execution"]
    rows: list[tuple[Text, object]] = [
        (Text("运维单", "number"), f"{item['number']} (v{item['version']})"),
        (Text("操作", "operation"), f"{item['operation']['name']} {screen.of(item['operation']['title'])}"),
        (Text("位置", "place"), item["place"]),
        (Text("参数", "parameters"), " ".join(f"{k}={v}" for k, v in item["params"].items())),
        (Text("描述", "description"), item["description"]),
        (Text("计划时间", "planned for"), shown(item["planned_at"], zone)),
        (Text("状态", "state"), screen.of(item["state"]["label"])),
        (Text("执行情况", "execution"), f"{screen.of(work['label'])} {work['percent']}%"),
        (Text("申请人", "asked by"), item["asked_by"]),
        (Text("处理意见", "opinion"), item["opinion"]),
        (Text("开始", "started"), work["started_at"] and shown(work["started_at"], zone)),
        (Text("结束", "ended"), work["ended_at"] and shown(work["ended_at"], zone)),
        (Text("等待", "waits for"), work["blocked_by"]),
        (Text("结果", "outcome"), screen.of(work["outcome"]["text"]) if work["outcome"] else ""),
        (Text("评价", "rating"), item["rating"]),
    ]
    screen.table((Text("项目", "item"), Text("内容", "value")), [(screen.of(k), v) for k, v in rows if v])


def _row(session: Session, item: dict[str, Any]) -> tuple[object, ...]:
    screen, zone = session.screen, session.zone(item["place"])
    return (
        item["number"],
        item["operation"]["name"],
        item["place"],
        shown(item["planned_at"], zone),
        screen.of(item["state"]["label"]),
        screen.of(item["execution"]["label"]),
        item["asked_by"],
    )


def _filter(session: Session, given: dict[str, Any]) -> "Filter":
    from intake.read import Filter

    faults: list[Fault] = []
    moments: dict[str, Any] = {n: _moment(session, given, n, faults) for n in ("asked_from", "asked_to")}
    if faults:
        raise Mistake(Text("筛选条件有误", "The filter has mistakes"), tuple(faults))
    plain: dict[str, Any] = {n: given[n] for n in ("operation", "place", "tenant", "text", "before", "limit")}
    states = tuple(State(s) for s in given["execution"])
    wanted = RequestState(given["state"]) if given["state"] else None
    return Filter(states=states, request_state=wanted, **plain, **moments)


def _moment(session: Session, given: dict[str, Any], name: str, faults: list[Fault]) -> datetime | None:
    """A time of asking, in the zone of the tenant that is asked for, or of the one who asks."""
    from intake.parse import read_moment

    if given[name] is None:
        return None
    tenants = {t.name: t.zone for t in session.desk.estate.tenants}
    zone = tenants.get(given["tenant"] or session.actor.tenant or "", UTC)
    return read_moment(read_at(given[name], zone, session.desk.store.clock, name, back=True), name, faults)
