"""How a tenant's facts, traffic and storage look outside: one shape for the API and the command line (USE-1)."""

from collections.abc import Iterable
from typing import Any

from domain.places import Tenant
from domain.usage import TRAFFIC_LABELS, Allowance, Usage
from intake.traffic import DayOfTraffic


def of_usage(tenant: Tenant, usage: Usage) -> dict[str, Any]:
    """Who the tenant is, and what it has, in bytes. `total` null: no limit is set; `used` null: not known."""
    return {
        "tenant": tenant.name,
        "title": tenant.title,
        "zone": str(tenant.zone),
        "expires": tenant.expires.isoformat() if tenant.expires else None,
        "domains": sorted({e.site.host_header for e in tenant.environments if e.site.host_header}),
        "data_centers": [
            {"path": d.path, "title": d.title, "database": d.database}
            for e in tenant.environments
            for d in e.data_centers
        ],
        "traffic": _of_allowance(usage.traffic),
        "storage": _of_allowance(usage.storage),
    }


def of_days(days: Iterable[DayOfTraffic]) -> dict[str, Any]:
    """What left, day by day, and all of it together."""
    items = [
        {
            "day": each.day.isoformat(),
            "kind": {"name": each.kind.value, "label": TRAFFIC_LABELS[each.kind].as_dict()},
            "bytes": each.bytes,
        }
        for each in days
    ]
    return {"items": items, "bytes": sum(item["bytes"] for item in items)}


def _of_allowance(allowance: Allowance) -> dict[str, Any]:
    figures = {"total": allowance.total, "used": allowance.used, "available": allowance.available}
    return {**figures, "used_up": allowance.is_used_up}
