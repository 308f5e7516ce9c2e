"""The audit trail: walk the whole hash chain and say whether it is whole."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse

from intake.read import verify_audit
from portal import shapes
from portal.contract import problems
from portal.identity import Operator, TheDesk, of_the_provider

router: Final = APIRouter(prefix="/audit", tags=["audit"])


@router.post("/verify", response_model=shapes.Audit, responses=problems())
def verify(desk: TheDesk, actor: Operator) -> JSONResponse:
    """How many events there are, the last hash, and the first break, if any."""
    of_the_provider(actor, operator=True)
    found = verify_audit(desk)
    whole = found.broken_at is None
    answer = {"events": found.events, "head": found.head, "broken_at": found.broken_at, "why": found.why}
    return JSONResponse({"whole": whole, **answer})
