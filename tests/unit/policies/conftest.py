"""A situation in which everything is allowed, to be spoilt by one fact at a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.decision import Moment, Situation
from domain.operation import Target, Traits
from domain.places import Environment, Kind, Place, Standing, Tenant
from domain.request import Actor, Role
from domain.rulebook import Rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)  # 10:00 in Shanghai

ENVIRONMENT = {
    "name": "prod",
    "path": "acme/prod",
    "title": "生产环境",
    "kind": Kind.PRODUCTION,
    "entitlements": frozenset({"dedicated-vip"}),
    "app_hosts": (),
}
TENANT = {"name": "acme", "title": "账套测试", "zone": SHANGHAI, "standing": Standing.FORMAL, "expires": None}
TRAITS = {"target": Target.ENVIRONMENT, "takes": timedelta(minutes=10)}
IT_OPS = Actor(name="li", tenant="acme", roles=frozenset({Role.IT_OPS}))


def build(
    *, tenant: Any = None, environment: Any = None, traits: Any = None, rules: Any = None, **changes: Any
) -> Situation:
    room = Environment(**{**ENVIRONMENT, **(environment or {})})
    place = Place(tenant=Tenant(environments=(room,), **{**TENANT, **(tenant or {})}), environment=room)
    facts = {
        "moment": Moment.SUBMIT,
        "now": NOW,
        "at": NOW + timedelta(hours=2),
        "actor": IT_OPS,
        "place": place,
        "traits": Traits(**{**TRAITS, **(traits or {})}),
        "rules": Rulebook(**(rules or {})),
        "estimate": timedelta(minutes=10),
    }
    return Situation(**{**facts, **changes})


@pytest.fixture(scope="session")
def situation() -> Callable[..., Situation]:
    """`situation(at=..., tenant={...}, traits={...}, rules={...})`: all is well but for what is named."""
    return build


@pytest.fixture(scope="session")
def wall() -> Callable[..., datetime]:
    """`wall("2026-11-24 03:30", "Asia/Shanghai")`: the UTC instant at which that wall clock shows that time."""

    def instant(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)

    return instant
