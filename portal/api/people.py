"""Who you are to us. Accounts and tokens are made by the command line (`yunwei user`, `yunwei token`)."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from intake.people import account_named, masked, set_contact
from intake.view import of_account
from portal import asked, shapes
from portal.bodies import Body
from portal.contract import body, problems, problems_with_body
from portal.identity import Administrator, Anybody, TheDesk, of_the_provider

router: Final = APIRouter(tags=["people"])
_Name = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$", examples=["li"])]


@router.get("/me", response_model=shapes.Me, responses=problems())
def show_me(desk: TheDesk, caller: Anybody) -> JSONResponse:
    """The account of this token, its roles, where it is told things, and the token's scopes."""
    actor, account = caller.actor, account_named(desk, caller.actor.name)
    roles, scopes = sorted(r.value for r in actor.roles), sorted(actor.scopes)
    told = {"email": account.email, "phone": masked(account.phone)}
    return JSONResponse({"name": actor.name, "tenant": actor.tenant, "roles": roles, "scopes": scopes, **told})


@router.patch(
    "/people/{name}",
    response_model=shapes.Account,
    responses=problems_with_body(404),
    openapi_extra=body(asked.Contact),
)
def set_contact_of(desk: TheDesk, actor: Administrator, name: _Name, contact: Body) -> JSONResponse:
    """Set an account's e-mail address or phone. For the provider's operators: codes are sent to that phone."""
    of_the_provider(actor, operator=True)
    return JSONResponse(of_account(set_contact(desk, actor.name, name, contact)))
