"""`yunwei usage`: a tenant's traffic and storage, and with --daily what left day by day."""

from datetime import datetime
from typing import Any

import click

from commands.exits import DONE
from commands.lazy import Leaf
from commands.session import Session, with_session
from domain.text import Text
from domain.usage import GB, TrafficKind

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("usage", cls=Leaf)
@click.option("--tenant", help="Whose; left out: the one of --as.")
@click.option("--daily", is_flag=True, help="What left day by day, instead of the sums.")
@click.option("--kind", type=click.Choice([k.value for k in TrafficKind]), help="Of the days: only this kind.")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="The first day, like 2026-11-01.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="The last day; both left out: the last 30.")
@with_session
def command(session: Session, /, tenant: str | None, daily: bool, **given: Any) -> int:
    """Traffic and storage of a tenant: total, used, available. With --daily in a pipe: day, kind, bytes."""
    from intake import traffic

    found = traffic.whose(session.desk, session.actor, tenant)
    if not daily:
        if any(given.values()):
            raise click.UsageError("--kind, --from and --to go with --daily")
        return _sums(session, found)
    return _days(session, found.name, **given)


def _sums(session: Session, tenant: Any) -> int:
    from intake import traffic
    from intake.usage_view import of_usage

    item, screen = of_usage(tenant, traffic.usage(session.desk, session.actor, tenant.name)), session.screen
    screen.data(item)
    heads = (Text("项目", "item"), Text("总量", "total"), Text("已用", "used"), Text("可用", "available"))
    names = {"traffic": Text("流量", "traffic"), "storage": Text("存储", "storage")}
    no_limit, unknown = Text("未设上限", "no limit is set"), Text("未知", "not known")
    rows = []
    for name, label in names.items():
        total, used, left = (item[name][key] for key in ("total", "used", "available"))
        available = no_limit if total is None else unknown
        cells = (_size(total, no_limit), _size(used, unknown), _size(left, available))
        rows.append((screen.of(label), *(screen.of(cell) for cell in cells)))
    screen.table(heads, rows)
    return DONE


def _days(session: Session, tenant: str, kind: str | None, first: datetime | None, last: datetime | None) -> int:
    from intake import traffic
    from intake.usage_view import of_days

    wanted = {"first": first and first.date(), "last": last and last.date()}
    chosen = TrafficKind(kind) if kind else None
    found = of_days(traffic.daily(session.desk, session.actor, tenant, kind=chosen, **wanted))
    session.screen.data(found)
    heads = (Text("日期", "day"), Text("种类", "kind"), Text("字节", "bytes"))
    rows = [(i["day"], session.screen.of(i["kind"]["label"]), i["bytes"]) for i in found["items"]]
    session.screen.table(heads, rows)
    return DONE


def _size(size: int | None, otherwise: Text) -> Text | str:
    return otherwise if size is None else f"{size / GB:.2f} GB"
