"""If-Match: a change names the revision that it was made from, and somebody else's change in between is noticed."""

import re
from typing import Annotated, Final

from fastapi import Header

from domain.errors import Conflict
from domain.text import Text
from portal.problems import PreconditionFailed, PreconditionMissing

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=200, description="The ETag that the edit was made from, or *")
]
_TAG: Final = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def matched(current: int, if_match: str | None, noun: Text) -> int:
    """The revision that a change is made from. Raises PreconditionMissing, PreconditionFailed."""
    if if_match is None:
        zh, en = "请发送 If-Match：读取时得到的 ETag", "Send If-Match with the ETag that you read"
        raise PreconditionMissing(Text(zh, en))
    if if_match.strip() == "*":
        return current
    tags = [_TAG.fullmatch(t) for t in if_match.split(",")]
    strong = {t.group(2) for t in tags if t and not t.group(1)}
    if str(current) not in strong:
        zh, en = f"{noun.zh}已被修改，请重新读取", f"{noun.en} has changed since you read it; read it again"
        raise PreconditionFailed(Text(zh, en), yours=if_match, current=current)
    return current


def stale(conflict: Conflict) -> Conflict:
    """Somebody was faster between our look and the change: that is a failed precondition too."""
    return PreconditionFailed(conflict.text, (), **conflict.facts) if "current" in conflict.facts else conflict
