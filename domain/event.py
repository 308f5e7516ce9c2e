"""What happened. An event is appended for each move, decision, step and log line, in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Everything that can happen to a request and its job. The first group moves the job (see domain.job)."""

    # moves
    ASKED = "asked"
    ACCEPTED = "accepted"
    REOPENED = "reopened"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    REFUSED = "refused"
    MISSED = "missed"
    CLAIMED = "claimed"
    RELEASED = "released"
    STOP_ASKED = "stop-asked"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    RESUMED = "resumed"
    UNDECIDED = "undecided"
    RUN_AGAIN = "run-again"
    ENDING = "ending"  # it ends once what it has left is taken away
    # remarks
    EDITED = "edited"
    DECIDED = "decided"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    CANCEL_REFUSED = "cancel-refused"
    STEP_BEGUN = "step-begun"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    LOOKED = "looked"
    PROGRESS = "progress"
    OUTPUT = "output"
    RATED = "rated"
    ATTACHED = "attached"
    STORED = "stored"
    RENAMED = "renamed"
    ALARM = "alarm"
    # of the product itself
    USER_CHANGED = "user-changed"
    TOKEN_CHANGED = "token-changed"  # noqa: S105  the name of an event, not a secret
    WORKER_STARTED = "worker-started"
    WORKER_STOPPED = "worker-stopped"
    WORKER_PAUSED = "worker-paused"
    CODE_SENT = "code-sent"
    CODE_WRONG = "code-wrong"
    MESSAGE_SENT = "message-sent"
    MESSAGE_RETRIED = "message-retried"
    # of letters of authorization
    LETTER_ASKED = "letter-asked"
    LETTER_SCANNED = "letter-scanned"
    LETTER_APPROVED = "letter-approved"
    LETTER_REFUSED = "letter-refused"
    LETTER_REVOKED = "letter-revoked"
    LETTER_VOIDED = "letter-voided"
    # of artifacts
    UPLOAD_BEGUN = "upload-begun"
    UPLOAD_REFUSED = "upload-refused"
    UPLOAD_FAILED = "upload-failed"
    DELETED = "deleted"
    DOWNLOADED = "downloaded"
    LINKED = "linked"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of history. `seq` is gapless over the whole store; `job` and `tenant` are None for the product's own."""

    kind: Kind
    at: datetime
    job: int | None = None
    tenant: str | None = None
    actor: str = "yunwei"
    facts: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
