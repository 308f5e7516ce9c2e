"""One-time codes (验证码): what stands between a signed-in browser that somebody left open and a dangerous step.

Six digits to the phone of whoever asks, for one action at one place with one set of parameters; used once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

DIGITS: Final = 6
VALID: Final = timedelta(minutes=5)
TRIES: Final = 5
RESEND: Final = timedelta(seconds=60)
MOST_A_DAY: Final = 50  # codes that one account may ask for in 24 hours: each is a text message that costs money


class CodeState(StrEnum):
    """What became of the code that came with a request."""

    RIGHT = "right"
    EXEMPT = "exempt"  # a schedule: nobody is there to read a text message
    COVERED = "covered"  # the product asks itself, for what a code was used for before: the restore after an upload
    TO_COME = "to-come"  # nobody submits yet: it is only asked what would happen
    MISSING = "missing"  # none came with the request
    NOT_ASKED = "not-asked"  # none was asked for this action, or its time is over, or it was used
    WRONG = "wrong"
    TRIED_OUT = "tried-out"  # too many wrong ones: this one is dead


@dataclass(frozen=True, kw_only=True)
class Code:
    """The state of a request's code, how many tries are left, and when a new one may be asked for (None: at once)."""

    state: CodeState
    left: int = 0
    resend_at: datetime | None = None
