"""Has the environment what the operation needs? (IIS-1, PAT-2)"""

from typing import Final

from domain.decision import Reason, Situation
from domain.text import Text
from policies.wording import allow, listed, refuse

POLICY: Final = "entitlements"
NAMES: Final = {
    "dedicated-vip": Text("专属VIP资源", "dedicated VIP resources"),
    "single-tenant": Text("单租户", "single tenant"),
}


def entitled(situation: Situation) -> Reason:
    """All that the operation needs is among the environment's entitlements."""
    needs, environment = situation.traits.needs, situation.place.environment
    missing = sorted(needs - environment.entitlements)
    values = {"needs": sorted(needs), "has": sorted(environment.entitlements), "missing": missing}
    if not needs:
        return allow(POLICY, Text("此操作不需要特别的资源", "This operation needs no special entitlement."), **values)
    names = listed(NAMES.get(key, Text(key, key)) for key in missing or sorted(needs))
    if not missing:
        text = Text(f"{environment.title}具备{names.zh}", f"{environment.title} has {names.en}.")
        return allow(POLICY, text, **values)
    zh = f"此操作只适用于具备{names.zh}的环境，{environment.title}尚不具备。请选择其他环境或购买后再提交。"
    en = (
        f"This operation is only for environments with {names.en}, which {environment.title} lacks. "
        "Choose another environment, or purchase it first."
    )
    return refuse(POLICY, Text(zh, en), **values)
