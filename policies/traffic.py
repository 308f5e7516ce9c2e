"""Is there traffic and storage left? (USE-2) When either is used up, nothing more leaves the house."""

from typing import Final

from domain.decision import Reason, Situation
from domain.text import Text
from domain.usage import GB, Allowance, Usage
from policies.wording import allow, refuse

POLICY: Final = "traffic"


def traffic_left(situation: Situation) -> Reason:
    """Asked of what counts as the tenant's traffic. Without a limit, or where the use is not known, it allows."""
    if not situation.traits.traffic:
        return allow(POLICY, Text("此操作不计流量", "This operation counts no traffic."))
    usage = situation.usage
    if usage is None:
        raise ValueError("what counts traffic is decided with the tenant's usage")
    values = {"traffic": figures(usage.traffic), "storage": figures(usage.storage)}
    spent = _spent(usage)
    if spent:
        return refuse(POLICY, spent, **values)
    left = shown(usage.traffic.available)
    return allow(POLICY, Text(f"流量可用：{left.zh}", f"Traffic available: {left.en}."), **values)


def figures(allowance: Allowance) -> dict[str, int | None]:
    """Total, used and available, in bytes."""
    return {"total": allowance.total, "used": allowance.used, "available": allowance.available}


def shown(size: int | None) -> Text:
    """`12.50 GB`; without a limit it says so."""
    return Text("未设上限", "no limit is set") if size is None else Text(f"{size / GB:.2f} GB", f"{size / GB:.2f} GB")


def _spent(usage: Usage) -> Text | None:
    for allowance, zh, en in ((usage.traffic, "流量", "traffic"), (usage.storage, "存储空间", "storage")):
        if allowance.is_used_up:
            used, total = shown(allowance.used), shown(allowance.total)
            return Text(
                f"{zh}已用完（已用 {used.zh}，共 {total.zh}），暂不能下载。请购买{zh}后再试。",
                f"The {en} is used up ({used.en} of {total.en}): nothing can be downloaded. Purchase more {en} first.",
            )
    return None
