"""For those who watch over us, without a token: alive, ready, figures. Nothing in them names a tenant or a person."""

from typing import Any, Final

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from domain.errors import StoreDown
from intake.desk import Desk
from intake.read import head
from portal import shapes
from portal.contract import open_problems
from portal.figures import Figures
from portal.identity import TheDesk
from portal.stored import workers_alive
from runner.store.migrate import is_migrated

router: Final = APIRouter(tags=["health"])
_FIGURES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text"}
}


@router.get("/healthz", response_model=shapes.Health, responses=open_problems())
async def alive() -> JSONResponse:
    """This process answers."""
    return JSONResponse({"alive": True})


@router.get(
    "/readyz",
    response_model=shapes.Readiness,
    responses={**open_problems(), 503: {"model": shapes.Readiness, "description": "Not ready: `checks` says why"}},
)
def ready(desk: TheDesk) -> JSONResponse:
    """Ready when the store answers and is migrated. Workers are shown; without one we still take requests."""
    checks = {"store": _said(_reachable(desk)), "migrations": _said(_migrated(desk)), "workers": _workers(desk)}
    is_ready = checks["store"] == checks["migrations"] == "ok"
    return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", response_class=Response, responses={**open_problems(), **_FIGURES})
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures: Figures = request.app.state.figures
    return Response(figures.render(), media_type=CONTENT_TYPE_LATEST)


def _said(is_ok: bool) -> str:
    return "ok" if is_ok else "failed"


def _reachable(desk: Desk) -> bool:
    try:
        head(desk)
    except StoreDown:
        return False
    return True


def _migrated(desk: Desk) -> bool:
    try:
        return is_migrated(desk.store)
    except StoreDown:
        return False


def _workers(desk: Desk) -> str:
    try:
        return f"{workers_alive(desk)} alive"
    except StoreDown:
        return "unknown"
