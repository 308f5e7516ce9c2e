"""The app: routes, errors, limits and figures around one desk."""

from typing import Any, Final

from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from intake.desk import Desk
from intake.read import head
from portal.api import (
    artifacts,
    attachments,
    audit,
    codes,
    data_centers,
    events,
    handling,
    health,
    letters,
    links,
    lists,
    messages,
    operations,
    parts,
    people,
    places,
    requests,
    scripts,
    uploads,
    usage,
    workers,
)
from portal.contract import add_problem
from portal.figures import Figures
from portal.guard import Guard
from portal.limits import Limits, Rates, Uploaders
from portal.refusals import install, known_parameters
from portal.stream import Tail

VERSION: Final = "0.1.0"
OPENAPI: Final = "/api/v1/openapi.json"
_NOUNS: Final = (
    requests,
    lists,
    parts,
    scripts,
    handling,
    attachments,
    codes,
    letters,
    artifacts,
    uploads,
    links,
    events,
    operations,
    places,
    data_centers,
    people,
    messages,
    usage,
    workers,
    audit,
)


def make_app(desk: Desk, limits: Limits | None = None) -> FastAPI:
    """The HTTP API over a desk. Serve it with `portal.serve.serve`, or any ASGI server."""
    limits = limits or Limits()
    app = FastAPI(
        title="yunwei",
        version=VERSION,
        openapi_url=OPENAPI,
        docs_url=None,  # the stock pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    _furnish(app, desk, limits)
    install(app)
    app.include_router(_api())
    app.include_router(health.router, dependencies=[Depends(known_parameters)])
    app.add_middleware(Guard, limits=limits, timed=app.state.figures.timed)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _furnish(app: FastAPI, desk: Desk, limits: Limits) -> None:
    """What the routes find in `app.state`."""
    app.state.desk = desk
    app.state.limits = limits
    app.state.rates = Rates(limits)
    app.state.uploaders = Uploaders(limits)
    app.state.large_bodies = CapacityLimiter(limits.large_bodies)
    app.state.reviewing = CapacityLimiter(limits.reviews)
    app.state.figures = Figures(desk)
    app.state.tail = Tail(lambda: head(desk), limits.watchers)


def _api() -> APIRouter:
    api = APIRouter(prefix="/api/v1", dependencies=[Depends(known_parameters)])
    for noun in _NOUNS:
        api.include_router(noun.router)
    return api


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        app.openapi_schema = add_problem(made)
    return app.openapi_schema
