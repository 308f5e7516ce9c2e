"""Accounts and tokens. A token is shown once and stored as a hash; its scopes narrow what its account may do."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import Denied, Fault, Mistake, NotFound
from domain.event import Event, Kind
from domain.request import Actor, Role
from domain.secret import DOTS, Secret
from domain.text import Text
from intake.desk import Desk
from intake.parse import read_contact
from runner.store.rows import dumps, micros, moment, to_actor
from runner.store.tx import Tx

SCOPES: Final = ("read", "submit", "operate", "admin")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_TOKEN: Final = re.compile(r"yw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_OF_TENANTS: Final = frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.DATA_OPS})


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who may ask. `tenant` is None for the provider's people and machines."""

    name: str
    tenant: str | None
    roles: frozenset[Role]
    active: bool
    email: str = ""
    phone: str = ""


def put_account(
    desk: Desk, by: str, name: str, tenant: str | None, roles: list[str], *, active: bool = True
) -> Account:
    """Create or change an account. Raises Mistake with every fault."""
    _check_account(desk, name, tenant, roles)
    stored = dumps(sorted(set(roles)))

    def write(tx: Tx) -> None:
        at = tx.now()
        tx.moved("put_account", name=name, tenant=tenant, roles=stored, active=int(active), created_at=at)
        facts = {"name": name, "roles": sorted(set(roles)), "active": active}
        tx.append(Event(kind=Kind.USER_CHANGED, at=at, tenant=tenant, actor=by, facts=facts))

    desk.store.write(write)
    return account_named(desk, name)


def accounts(desk: Desk) -> list[Account]:
    """Everybody, by name."""
    return [_account(r) for r in desk.store.rows("accounts")]


def set_contact(desk: Desk, by: str, name: str, body: Mapping[str, Any]) -> Account:
    """Where an account is told things: `email`, `phone`; null takes one away, what is left out stays as it is.

    A phone gets the one-time codes, so nobody sets their own: it is the provider's to do. Raises Mistake, NotFound.
    """
    given = read_contact(body)

    def write(tx: Tx) -> Account:
        row = tx.row("account_for_update", name=name)
        if row is None:
            raise _no_account(name)
        contact = {k: row[k] for k in ("email", "phone")} | given
        tx.moved("set_contact", name=name, **contact)
        facts = {"name": name, "contact": sorted(given), "phone": masked(contact["phone"])}
        tx.append(Event(kind=Kind.USER_CHANGED, at=tx.now(), tenant=row["tenant"], actor=by, facts=facts))
        return _account({**row, **contact})

    return desk.store.write(write)


def masked(phone: str | None) -> str:
    """The last four digits: enough to know one's own by."""
    return f"{DOTS}{phone[-4:]}" if phone else ""


def account_named(desk: Desk, name: str) -> Account:
    """One account. Raises NotFound."""
    row = desk.store.row("account", name=name)
    if row is None:
        raise _no_account(name)
    return _account(row)


def actor_named(desk: Desk, name: str) -> Actor:
    """An account as an actor with all scopes (the command line's user). Raises NotFound or Denied."""
    row = desk.store.row("account", name=name)
    if row is None:
        raise _no_account(name)
    if not row["active"]:
        raise Denied(Text(f"账号 {name!r} 已停用", f"The account {name!r} is disabled"), account=name)
    return to_actor(name, row["tenant"], row["roles"], dumps(list(SCOPES)))


def _no_account(name: str) -> NotFound:
    zh, en = f"没有账号 {name!r}；用 yunwei user add 创建", f"There is no account {name!r}; create it: yunwei user add"
    return NotFound(Text(zh, en), account=name)


def issue_token(
    desk: Desk, by: str, account: str, scopes: list[str], lasts: timedelta | None = timedelta(days=90)
) -> Secret:
    """A new token for an account: the only time it can be seen. Raises Mistake, NotFound."""
    actor_named(desk, account)
    unknown = [s for s in scopes if s not in SCOPES]
    if unknown or not scopes:
        text = Text(f"可用的范围：{'、'.join(SCOPES)}", f"Scopes are: {', '.join(SCOPES)}")
        raise Mistake(text, (Fault("scopes", text),))
    token_id, value = secrets.token_hex(6), secrets.token_urlsafe(32)

    def write(tx: Tx) -> None:
        at = tx.now()
        ends = None if lasts is None else at + lasts
        row = {"id": token_id, "account": account, "scopes": dumps(sorted(scopes)), "hash": _hash(value)}
        tx.moved("insert_token", **row, created_at=at, expires_at=ends)
        facts = {"id": token_id, "account": account, "scopes": sorted(scopes), "expires_at": ends and ends.isoformat()}
        tx.append(Event(kind=Kind.TOKEN_CHANGED, at=at, actor=by, facts=facts))

    desk.store.write(write)
    return Secret(f"yw_{token_id}_{value}")


def revoke_token(desk: Desk, by: str, token_id: str) -> None:
    """From now on this token opens nothing. Raises NotFound."""

    def write(tx: Tx) -> None:
        if tx.moved("revoke_token", id=token_id, at=tx.now()) != 1:
            raise NotFound(Text(f"没有有效的令牌 {token_id!r}", f"There is no live token {token_id!r}"), token=token_id)
        tx.append(Event(kind=Kind.TOKEN_CHANGED, at=tx.now(), actor=by, facts={"id": token_id, "revoked": True}))

    desk.store.write(write)


def tokens(desk: Desk) -> list[Mapping[str, Any]]:
    """All tokens, without what they open."""
    moments = ("created_at", "expires_at", "revoked_at")
    rows = desk.store.rows("tokens")
    return [{**r, "scopes": json.loads(r["scopes"]), **{m: moment(r[m]) for m in moments}} for r in rows]


def actor_of(desk: Desk, presented: Secret) -> Actor:
    """Whose token this is. Raises Denied, with the same words for every reason."""
    match = _TOKEN.fullmatch(presented.open())
    row = desk.store.row("token", id=match.group(1)) if match else None
    if match is None or row is None or not hmac.compare_digest(row["hash"], _hash(match.group(2))):
        raise _no_entry()
    if row["revoked_at"] or not row["active"] or _is_over(row["expires_at"], desk.store.clock.now()):
        raise _no_entry()
    return to_actor(row["account"], row["tenant"], row["roles"], row["scopes"])


def _no_entry() -> Denied:
    zh, en = (
        "令牌无效、已过期或已撤销；请向管理员申请新的令牌",
        "The token is unknown, expired or revoked; ask for a new one",
    )
    return Denied(Text(zh, en))


def _is_over(expires_at: int | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= micros(now)


def _hash(value: str) -> str:
    # A token has 256 bits of chance: a plain hash cannot be guessed back, and costs a request nothing.
    return hashlib.sha256(value.encode()).hexdigest()


def _account(row: Mapping[str, Any]) -> Account:
    roles = frozenset(Role(r) for r in json.loads(row["roles"]))
    contact = {"email": row["email"] or "", "phone": row["phone"] or ""}
    return Account(name=row["name"], tenant=row["tenant"], roles=roles, active=bool(row["active"]), **contact)


def _check_account(desk: Desk, name: str, tenant: str | None, roles: list[str]) -> None:
    faults: list[Fault] = []
    if not _NAME.fullmatch(name):
        faults.append(Fault("name", Text("只能含字母、数字和 . _ @ -", "Only letters, digits and . _ @ -")))
    if tenant is not None and tenant not in {t.name for t in desk.decider.estate.tenants}:
        faults.append(Fault("tenant", Text(f"没有租户 {tenant!r}", f"There is no tenant {tenant!r}"), "unknown"))
    known = [r.value for r in Role]
    faults += [_role_fault(r, known) for r in roles if r not in known]
    misplaced = [r for r in roles if r in known and (Role(r) in _OF_TENANTS) is (tenant is None)]
    for role in misplaced:
        zh, en = (
            f"角色 {role} 与账号所属不符",
            f"The role {role} does not fit: tenants' roles need a tenant, the provider's none",
        )
        faults.append(Fault("roles", Text(zh, en), "misplaced"))
    if faults:
        raise Mistake(Text("账号有误", "The account has mistakes"), tuple(faults))


def _role_fault(role: str, known: list[str]) -> Fault:
    return Fault(
        "roles",
        Text(f"没有角色 {role!r}；可用：{'、'.join(known)}", f"No role {role!r}; there are: {', '.join(known)}"),
    )
