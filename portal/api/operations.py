"""What can be done: each operation with its parameters, as a form needs it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from intake.view import of_operation
from portal import shapes
from portal.contract import problems
from portal.identity import TheDesk, actor_with

router: Final = APIRouter(prefix="/operations", tags=["operations"], dependencies=[actor_with("read")])


@router.get("", response_model=shapes.Items[shapes.Operation], responses=problems())
def list_operations(desk: TheDesk) -> JSONResponse:
    """All operations."""
    return JSONResponse({"items": [of_operation(o) for o in desk.catalog]})


@router.get("/{name}", response_model=shapes.Operation, responses=problems(404))
def show_operation(desk: TheDesk, name: Annotated[str, Path(max_length=100, examples=["iis-restart"])]) -> JSONResponse:
    """One operation."""
    return JSONResponse(of_operation(desk.catalog.get(name)))
