"""May we, and why. A policy returns one `Reason`; `policies.decide` makes a `Decision` of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from domain.code import Code
from domain.errors import Trouble
from domain.letter import Letter
from domain.operation import Traits
from domain.places import Place
from domain.request import Actor
from domain.rulebook import Rulebook
from domain.text import Text
from domain.usage import Usage


class Verdict(IntEnum):
    """Ordered by strictness. WAIT means: not at that time, but later would do."""

    ALLOW = 0
    WAIT = 1
    REFUSE = 2


class Moment(StrEnum):
    """When a policy is asked."""

    SUBMIT = "submit"
    EDIT = "edit"
    APPROVAL = "approval"
    START = "start"
    CANCEL = "cancel"
    DOWNLOAD = "download"
    UPLOAD = "upload"


@dataclass(frozen=True, kw_only=True)
class Used:
    """A quota as it stands: `used` of `limit`, counted in `key`'s period, back to zero at `resets_at`."""

    key: str
    used: int
    limit: int
    resets_at: datetime


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All a policy may see. `at` is when the work would start: the planned time when asked, now when it starts.

    `held` says that this request already holds its quota reservation (it is being edited, approved or started).
    `letters` are the tenant's letters of authorization that are effective now, `usage` what it has of traffic and
    storage; both are read only for an operation that asks for them. `code` is what became of its one-time code.
    """

    moment: Moment
    now: datetime
    at: datetime
    actor: Actor
    place: Place
    traits: Traits
    rules: Rulebook
    estimate: timedelta
    quotas: tuple[Used, ...] = ()
    held: bool = False
    planned_at: datetime | None = None
    underway: bool = False
    letters: tuple[Letter, ...] = ()
    usage: Usage | None = None
    code: Code | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One policy's answer: which policy, why in both languages, the values compared, when it would be allowed."""

    policy: str
    verdict: Verdict
    text: Text
    values: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "verdict": self.verdict.name.lower(),
            "text": self.text.as_dict(),
            "values": {k: _plain(v) for k, v in self.values.items()},
            "until": self.until.isoformat() if self.until else None,
        }


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The strictest verdict, with every rule's reason; `until` is when to ask again, if that may help."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    until: datetime | None = None

    @property
    def against(self) -> tuple[Reason, ...]:
        """The reasons that are not ALLOW."""
        return tuple(r for r in self.reasons if r.verdict is not Verdict.ALLOW)

    @property
    def chief(self) -> Reason:
        """The strictest reason: what to say when there is room for one sentence."""
        return max(self.reasons, key=lambda r: r.verdict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.name.lower(),
            "until": self.until.isoformat() if self.until else None,
            "reasons": [r.as_dict() for r in self.reasons],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


class Refused(Trouble):
    """A policy says no: the decision says which, why, and when it would be allowed."""

    code = "refused"
    title = Text("策略拒绝", "Refused by a policy")

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.chief.text, decision=decision.as_dict())
        self.decision = decision
