"""Who you are to us. Accounts and tokens are made by the command line (`yunwei user`, `yunwei token`)."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse

from portal import shapes
from portal.contract import problems
from portal.identity import Anybody

router: Final = APIRouter(tags=["people"])


@router.get("/me", response_model=shapes.Me, responses=problems())
def show_me(caller: Anybody) -> JSONResponse:
    """The account of this token, its roles, and the token's scopes."""
    actor = caller.actor
    roles, scopes = sorted(r.value for r in actor.roles), sorted(actor.scopes)
    return JSONResponse({"name": actor.name, "tenant": actor.tenant, "roles": roles, "scopes": scopes})
