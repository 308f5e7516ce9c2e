"""An estate of many small places, so that exclusive locks seldom meet: 20 tenants with 50 data centers each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

TENANTS: Final = 20
CENTERS: Final = 50


def write_estate(path: Path) -> Path:
    """Write the estate file. Its rules are real (a closed window, a quota, a cutoff) and allow what is measured."""
    tenants = "".join(_tenant(f"t{t}") for t in range(TENANTS))
    path.write_text(f"estate: 1\ntenants:\n{tenants}{_policies()}", encoding="utf-8")
    return path


def place(mark: int) -> str:
    """The place of job `mark`; neighbours belong to different tenants. The bulk load in backlog.sql counts likewise."""
    return f"t{mark % TENANTS}/prod/d{mark // TENANTS % CENTERS}"


def _tenant(name: str) -> str:
    centers = "".join(f"          - {{name: d{d}, title: d{d}, database: AIS{name}x{d}}}\n" for d in range(CENTERS))
    host = (
        f"          - {{name: app1, address: {name}.example.com, site_port: 80, "
        "winrm: {port: 5985, transport: ntlm, tls: false, user: bench, password: 'env:NONE'}}\n"
    )
    return (
        f"  - name: {name}\n    title: {name}\n    zone: Asia/Shanghai\n    standing: formal\n    environments:\n"
        "      - name: prod\n        title: prod\n        kind: production\n"
        f"        app_hosts:\n{host}        data_centers:\n{centers}"
    )


def _policies() -> str:
    """The closed window lies half a day away from now: it is compared with, and never met."""
    far = datetime.now(UTC) + timedelta(hours=8 + 12)
    starts, ends = far.strftime("%H:%M"), (far + timedelta(minutes=30)).strftime("%H:%M")
    return (
        f'policies:\n  closed_windows: [{{from: "{starts}", to: "{ends}"}}]\n'
        "  planning: {lead: PT0S, range: P30D}\n"
        "  quotas: {bench: [{period: day, limit: 1000000}]}\n"
    )
