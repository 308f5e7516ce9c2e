"""`yunwei user …`: accounts. Whoever can open the store may change them; the audit names who did."""

from typing import TYPE_CHECKING, Any

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.session import Session, with_session
from domain.errors import NotFound
from domain.request import Role
from domain.text import Text

if TYPE_CHECKING:
    from intake.people import Account

command = Group("user", help="Accounts and their roles.")
_HEADS = (
    Text("账号", "name"),
    Text("租户", "tenant"),
    Text("角色", "roles"),
    Text("有效", "active"),
    Text("邮箱", "e-mail"),
    Text("手机", "phone"),
)


@command.command(cls=Leaf)
@click.argument("name")
@click.option("--tenant", help="The tenant it belongs to; left out: the provider.")
@click.option("--role", "roles", multiple=True, help=f"May be repeated: {', '.join(r.value for r in Role)}.")
@with_session
def add(session: Session, /, name: str, tenant: str | None, roles: tuple[str, ...]) -> int:
    """Create an account, or change its tenant and roles."""
    from intake.people import put_account

    account = put_account(session.desk, session.by, name, tenant, list(roles))
    session.screen.data(_shape(account))
    session.screen.say(f"账号 {name} 已保存", f"The account {name} is saved")
    return DONE


@command.command(cls=Leaf)
@click.argument("name")
@click.option("--email", help="Where it is told of its requests; empty: nowhere.")
@click.option("--phone", help="Where its one-time codes are sent, like +8613800000000; empty: nowhere.")
@with_session
def contact(session: Session, /, name: str, email: str | None, phone: str | None) -> int:
    """Set the e-mail address or the phone of an account. What is left out stays as it is."""
    from intake.people import masked, set_contact

    given = {k: v for k, v in (("email", email), ("phone", phone)) if v is not None}
    account = set_contact(session.desk, session.by, name, given)
    session.screen.data(_shape(account))
    at = ", ".join(filter(None, (account.email, masked(account.phone)))) or "–"
    session.screen.say(f"账号 {name} 的联系方式：{at}", f"The account {name} is told at: {at}")
    return DONE


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """All accounts. In a pipe: name, tenant, roles, active, e-mail, phone."""
    from intake.people import accounts

    found = [_shape(a) for a in accounts(session.desk)]
    session.screen.data({"items": found})
    rows = [(a["name"], a["tenant"], " ".join(a["roles"]), a["active"], a["email"], a["phone"]) for a in found]
    session.screen.table(_HEADS, rows)
    return DONE


@command.command(cls=Leaf)
@click.argument("name")
@with_session
def disable(session: Session, /, name: str) -> int:
    """From now on this account asks for nothing, and its tokens open nothing."""
    from intake.people import accounts, put_account

    found = {a.name: a for a in accounts(session.desk)}.get(name)
    if found is None:
        raise NotFound(Text(f"没有账号 {name!r}", f"There is no account {name!r}"), account=name)
    roles = [r.value for r in found.roles]
    account = put_account(session.desk, session.by, name, found.tenant, roles, active=False)
    session.screen.data(_shape(account))
    session.screen.say(f"账号 {name} 已停用", f"The account {name} is disabled")
    return DONE


def _shape(account: "Account") -> dict[str, Any]:
    from intake.view import of_account

    return of_account(account)
