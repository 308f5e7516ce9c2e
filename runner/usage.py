"""What a tenant has used of what it bought, as the store counts it."""

from domain.places import Tenant
from domain.usage import GB, Allowance, Usage
from runner.store.reading import Reading


def usage_of(reading: Reading, tenant: Tenant) -> Usage:
    """Traffic and storage: total, used, available."""
    row = reading.row("traffic_used", tenant=tenant.name)
    return Usage(
        traffic=Allowance(total=_bytes(tenant.traffic_gb), used=int(row["bytes"]) if row else 0),
        storage=Allowance(total=_bytes(tenant.storage_gb), used=stored_bytes(reading, tenant)),
    )


def stored_bytes(reading: Reading, tenant: Tenant) -> int | None:
    """What the tenant's files take that are ready: backups, uploads, packages. None would mean: not known."""
    row = reading.row("stored_bytes", tenant=tenant.name)
    return None if row is None else int(row["bytes"])


def _bytes(gb: int | None) -> int | None:
    return None if gb is None else gb * GB
