"""Data centers as cards."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from intake.data_center_view import of_card, of_offer
from intake.data_centers import card, cards, offers
from portal import data_center_shapes, shapes
from portal.contract import problems
from portal.identity import Reader, TheDesk

router: Final = APIRouter(prefix="/data-centers", tags=["data centers"])
_Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$", examples=["acme"])]


@router.get("", response_model=shapes.Items[data_center_shapes.Card], responses=problems())
def list_data_centers(desk: TheDesk, actor: Reader) -> JSONResponse:
    """All data centers of your tenant (of all tenants, for the provider): how they are and what is going on."""
    return JSONResponse({"items": [of_card(c, desk.catalog) for c in cards(desk, actor)]})


@router.get("/{tenant}/{environment}/{name}", response_model=data_center_shapes.OpenCard, responses=problems(404))
def show_data_center(desk: TheDesk, actor: Reader, tenant: _Name, environment: _Name, name: _Name) -> JSONResponse:
    """One data center, and what may be asked for at this moment: a button that is greyed says why."""
    found = card(desk, actor, f"{tenant}/{environment}/{name}")
    offered = [of_offer(o) for o in offers(desk, actor, found.place)]
    return JSONResponse({**of_card(found, desk.catalog), "offers": offered})
