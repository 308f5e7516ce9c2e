"""Is there any of the quota left? (INT-9) The store counts; this compares."""

from datetime import UTC
from typing import Any, Final

from domain.decision import Moment, Reason, Situation, Used
from domain.text import Text
from policies.wording import allow, listed, shown, wait

POLICY: Final = "quotas"


def within_quota(situation: Situation) -> Reason:
    """A request takes its share when it is submitted, and holds it from then on."""
    if situation.held or situation.moment is not Moment.SUBMIT:
        return allow(POLICY, Text("本次申请已计入配额", "This request is already counted in its quota."))
    if not situation.quotas:
        return allow(POLICY, Text("此操作没有次数限制", "This operation has no quota."))
    values = {"quotas": [_figures(q) for q in situation.quotas]}
    spent = tuple(q for q in situation.quotas if q.used >= q.limit)
    if spent:
        return _spent(situation, spent, values)
    figures = listed(Text(f"{q.used}/{q.limit}", f"{q.used}/{q.limit}") for q in situation.quotas)
    return allow(POLICY, Text(f"配额未用完（已用 {figures.zh}）", f"The quota has room (used {figures.en})."), **values)


def _spent(situation: Situation, spent: tuple[Used, ...], values: dict[str, Any]) -> Reason:
    last = max(spent, key=lambda q: q.resets_at)
    when = shown(last.resets_at, situation.place.tenant.zone)
    zh = f"次数已用完：已用 {last.used}/{last.limit}，将于 {when} 重新计数，届时可再次提交。"
    en = f"The quota is used up: {last.used}/{last.limit}. It resets at {when}; please submit again then."
    return wait(POLICY, last.resets_at.astimezone(UTC), Text(zh, en), used=last.used, limit=last.limit, **values)


def _figures(quota: Used) -> dict[str, Any]:
    return {"key": quota.key, "used": quota.used, "limit": quota.limit, "resets_at": quota.resets_at.isoformat()}
