"""Traffic and storage of a tenant: total, used, available, and what left day by day."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from intake.traffic import daily, usage, whose
from intake.usage_view import of_days, of_usage
from portal import asked, usage_shapes
from portal.contract import problems
from portal.identity import Reader, TheDesk

router: Final = APIRouter(prefix="/usage", tags=["usage"])


@router.get("", response_model=usage_shapes.Usage, responses=problems(404))
def show_usage(desk: TheDesk, actor: Reader, query: Annotated[asked.WhoseUsage, Query()]) -> JSONResponse:
    """A tenant's facts, its traffic and its storage. The provider's people name the tenant; others have their own."""
    tenant = whose(desk, actor, query.tenant)
    return JSONResponse(of_usage(tenant, usage(desk, actor, tenant.name)))


@router.get("/daily", response_model=usage_shapes.DaysOfTraffic, responses=problems(404))
def show_daily_usage(desk: TheDesk, actor: Reader, query: Annotated[asked.WantedDays, Query()]) -> JSONResponse:
    """What left on each day, by kind; the last 30 days if none are named."""
    tenant = whose(desk, actor, query.tenant)
    found = daily(desk, actor, tenant.name, kind=query.kind, first=query.first, last=query.last)
    return JSONResponse(of_days(found))
