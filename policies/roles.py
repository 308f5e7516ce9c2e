"""May this person ask for this, here? (INT-6)"""

from typing import Final

from domain.decision import Moment, Reason, Situation, Verdict
from domain.request import Actor, Role
from domain.text import Text
from policies.wording import allow, listed, refuse

POLICY: Final = "roles"
NAMES: Final = {
    Role.ENTERPRISE_ADMIN: Text("企业管理员", "enterprise administrator"),
    Role.IT_OPS: Text("IT运维", "IT ops"),
    Role.DATA_OPS: Text("数据运维专员", "data ops"),
    Role.OPERATOR: Text("服务商运维人员", "operator of the provider"),
    Role.SCHEDULER: Text("计划任务", "schedule"),
}
# An operator may accept and stop any operation, also one that only a tenant's people may ask for.
_ANY_OPERATION: Final = frozenset({Moment.APPROVAL, Moment.CANCEL})


def may_ask(situation: Situation) -> Reason:
    """The actor's roles count at home only: a tenant's at that tenant, the provider's everywhere."""
    actor, tenant = situation.actor, situation.place.tenant
    if not actor.sees(tenant.name):
        zh = f"{situation.place.title}不属于您的企业，您不能对其进行操作。"
        en = f"{situation.place.title} is not your enterprise's, so you may not operate on it."
        return refuse(POLICY, Text(zh, en), tenant=tenant.name, yours=actor.tenant)
    if situation.moment in _ANY_OPERATION and is_provider(actor):
        return allow(POLICY, Text("您是服务商运维人员", "You are an operator of the provider."), has=_ids(actor.roles))
    first = _by_role(_counting(actor), situation.traits.roles)
    if first.verdict is not Verdict.ALLOW or not situation.traits.also:
        return first
    return _by_role(_counting(actor), situation.traits.also)


def is_provider(actor: Actor) -> bool:
    """An operator is of the provider: the role means nothing on a tenant's own user."""
    return actor.is_operator and actor.tenant is None


def _counting(actor: Actor) -> frozenset[Role]:
    return actor.roles if is_provider(actor) else actor.roles - {Role.OPERATOR}


def _by_role(has: frozenset[Role], required: frozenset[Role]) -> Reason:
    values = {"has": _ids(has), "required": _ids(required)}
    if has & required:
        names = _names(has & required)
        return allow(POLICY, Text(f"您具有{names.zh}角色", f"You hold the role {names.en}."), **values)
    names = _names(required)
    zh = f"此操作需要以下角色之一：{names.zh}。请企业管理员在员工列表中授权。"
    en = f"This needs one of these roles: {names.en}. An enterprise administrator grants them in the employee list."
    return refuse(POLICY, Text(zh, en), **values)


def _ids(roles: frozenset[Role]) -> list[str]:
    return sorted(str(r) for r in roles)


def _names(roles: frozenset[Role]) -> Text:
    return listed(name for role, name in NAMES.items() if role in roles)
