"""Who asks for what, where, when and why. A request never changes except by an edit that makes a new version."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What somebody may do (INT-6). The first three are a tenant's, the others the provider's."""

    ENTERPRISE_ADMIN = "enterprise-admin"  # 企业管理员
    IT_OPS = "it-ops"  # IT运维
    DATA_OPS = "data-ops"  # 数据运维专员
    OPERATOR = "operator"  # the provider's people who accept, resolve and stop
    SCHEDULER = "scheduler"  # a schedule acting for a tenant


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who is asking. `tenant` is None for the provider's people and machines; scopes narrow a token further."""

    name: str
    tenant: str | None
    roles: frozenset[Role]
    scopes: frozenset[str] = frozenset({"read", "submit", "operate"})

    @property
    def is_operator(self) -> bool:
        return Role.OPERATOR in self.roles

    def sees(self, tenant: str) -> bool:
        return self.tenant is None or self.tenant == tenant


@dataclass(frozen=True, kw_only=True)
class Request:
    """One version of a request. `number` is what people read; `planned_at` is UTC; `params` are the operation's."""

    number: int
    version: int
    operation: str
    place: str
    tenant: str
    params: dict[str, Any] = field(default_factory=dict)
    planned_at: datetime
    asked_at: datetime
    asked_by: str
    description: str = ""
    email: str = ""
