"""Is the tenant in good standing? (INT-6)"""

from typing import Final

from domain.decision import Reason, Situation
from domain.places import Standing
from domain.text import Text
from policies.wording import allow, refuse

POLICY: Final = "standing"
NAMES: Final = {
    Standing.FORMAL: Text("正式租户", "a formal tenant"),
    Standing.TRIAL: Text("试用租户", "a trial tenant"),
    Standing.CLOSED: Text("已关闭的租户", "a closed tenant"),
}


def in_good_standing(situation: Situation) -> Reason:
    """Only formal tenants use the operations pages."""
    tenant = situation.place.tenant
    values = {"standing": str(tenant.standing), "required": str(Standing.FORMAL)}
    if tenant.standing is Standing.FORMAL:
        return allow(POLICY, Text(f"{tenant.title}是正式租户", f"{tenant.title} is a formal tenant."), **values)
    name = NAMES[tenant.standing]
    zh = f"{tenant.title}是{name.zh}，只有正式租户可以使用运维功能。如需开通，请联系服务商。"
    en = f"{tenant.title} is {name.en}; only formal tenants may use operations. Please contact the provider."
    return refuse(POLICY, Text(zh, en), **values)
