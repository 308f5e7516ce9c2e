"""Where: the environments and data centers that you may know of."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse

from intake.view import places_of
from portal import shapes
from portal.contract import problems
from portal.identity import Reader, TheDesk

router: Final = APIRouter(prefix="/places", tags=["places"])


@router.get("", response_model=shapes.Items[shapes.Place], responses=problems())
def list_places(desk: TheDesk, actor: Reader) -> JSONResponse:
    """All places of your tenant; for the provider, of all tenants."""
    return JSONResponse({"items": places_of(desk.estate, actor.tenant)})
