"""The workers: the provider's people see them, its operators pause and resume them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from domain.request import Actor
from intake.desk import Desk
from intake.workers import pause, workers
from portal import shapes
from portal.contract import problems
from portal.identity import Operator, Reader, TheDesk, of_the_provider
from portal.stored import ALIVE_S

router: Final = APIRouter(prefix="/workers", tags=["workers"])
_Id = Annotated[str, Path(max_length=60, description="A worker's id, or `all`", examples=["all"])]


@router.get("", response_model=shapes.Items[shapes.Worker], responses=problems())
def list_workers(desk: TheDesk, actor: Reader) -> JSONResponse:
    """Those that have not said goodbye; `alive` says whether they have beaten lately."""
    of_the_provider(actor, operator=False)
    return JSONResponse({"items": [_worker(desk, w) for w in workers(desk)]})


@router.post("/{worker_id}/pause", response_model=shapes.Paused, responses=problems(404))
def pause_worker(desk: TheDesk, actor: Operator, worker_id: _Id) -> JSONResponse:
    """A paused worker ends what it has and claims nothing new."""
    return _set(desk, actor, worker_id, paused=True)


@router.post("/{worker_id}/resume", response_model=shapes.Paused, responses=problems(404))
def resume_worker(desk: TheDesk, actor: Operator, worker_id: _Id) -> JSONResponse:
    """It claims again."""
    return _set(desk, actor, worker_id, paused=False)


def _set(desk: Desk, actor: Actor, worker_id: str, *, paused: bool) -> JSONResponse:
    of_the_provider(actor, operator=True)
    count = pause(desk, actor.name, worker_id, paused=paused)
    return JSONResponse({"worker": worker_id, "paused": paused, "count": count})


def _worker(desk: Desk, row: Mapping[str, Any]) -> dict[str, Any]:
    alive = -desk.store.clock.real_s(row["beat_at"]) <= ALIVE_S
    times = {name: row[name].isoformat() for name in ("started_at", "beat_at")}
    return {**{k: row[k] for k in ("id", "host", "pid", "slots", "paused")}, **times, "alive": alive}
