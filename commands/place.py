"""`yunwei place …`: where things can be done."""

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.session import Session, with_session
from domain.text import Text

command = Group("place", help="Where it can be done.")


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """The places that --as may know of; all of them if nobody is named. In a pipe: path, title, kind, hosts, zone."""
    from intake.view import places_of

    tenant = session.actor.tenant if session.account else None
    found = places_of(session.desk.estate, tenant)
    session.screen.data({"items": found})
    heads = (
        Text("路径", "path"),
        Text("名称", "title"),
        Text("类型", "kind"),
        Text("主机", "hosts"),
        Text("时区", "zone"),
    )
    rows = [(p["path"], p["title"], p["kind"], " ".join(p["hosts"]), p["zone"]) for p in found]
    session.screen.table(heads, rows)
    return DONE
