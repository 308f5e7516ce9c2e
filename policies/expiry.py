"""Is the service paid for on the day the work would start? (EXP-1) Renewing moves the date, and so lifts all of it."""

from datetime import date, timedelta
from typing import Final

from domain.decision import Reason, Situation
from domain.rulebook import Expiry
from domain.text import Text
from policies.wording import allow, counted, refuse, warn

POLICY: Final = "expiry"


def paid_for(situation: Situation) -> Reason:
    """Day 0 is the last day paid for; days are those of the tenant's zone."""
    tenant, rules = situation.place.tenant, situation.rules.expiry
    if tenant.expires is None:
        return allow(POLICY, Text("服务没有到期日", "The service has no expiry date."))
    day = (situation.at.astimezone(tenant.zone).date() - tenant.expires).days
    if day <= 0:
        return _before(tenant.expires, -day, rules)
    return _grace(tenant.expires, day, rules) if day <= rules.grace_days else _ended(tenant.expires, day, rules)


def _before(expires: date, left: int, rules: Expiry) -> Reason:
    values = {"expires": f"{expires}", "days_left": left, "stage": "active"}
    if left > rules.warn_days_before:
        text = Text(f"服务有效期至 {expires}", f"The service is paid for until {expires}.")
        return allow(POLICY, text, **values)
    zh = f"服务将于 {expires} 到期，距计划执行日还有 {left} 天，请及时续费。"
    en = f"The service ends on {expires}, {counted(left, 'day')} after the planned day. Please renew it in time."
    return warn(POLICY, Text(zh, en), **values)


def _grace(expires: date, day: int, rules: Expiry) -> Reason:
    left = rules.grace_days + 1 - day
    suspended = expires + timedelta(days=rules.grace_days + 1)
    zh = f"服务已于 {expires} 到期，现处于宽限期第 {day} 天，还剩 {left} 天将于 {suspended} 停用，请尽快续费。"
    en = (
        f"The service ended on {expires}; this is day {day} of the grace period. "
        f"In {counted(left, 'day')}, on {suspended}, it will be suspended. Please renew it soon."
    )
    return warn(POLICY, Text(zh, en), expires=f"{expires}", day=day, days_left=left, stage="grace")


def _ended(expires: date, day: int, rules: Expiry) -> Reason:
    closes = expires + timedelta(days=rules.closed_day)
    values = {"expires": f"{expires}", "day": day, "grace_days": rules.grace_days, "closes": f"{closes}"}
    if day >= rules.closed_day:
        zh = f"服务已于 {expires} 到期，并于 {closes} 关闭，不能再执行运维操作。请联系服务商。"
        en = f"The service ended on {expires} and was closed on {closes}. Please contact the provider."
        return refuse(POLICY, Text(zh, en), stage="closed", **values)
    last = day >= rules.last_notice_day
    zh = f"服务已于 {expires} 到期（第 {day} 天），现已停用，数据保留至 {closes} 前。续费后即可恢复。"
    en = (
        f"The service ended on {expires} (day {day}) and is suspended; data is kept until {closes}. Renewal lifts this."
    )
    urgent = Text(f"最后通知：{zh}", f"Last notice. {en}")
    return refuse(POLICY, urgent if last else Text(zh, en), stage="last-notice" if last else "suspended", **values)
