"""Scripts of tenants: hand one in, and be told everything that speaks against it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from intake.script_view import of_script
from intake.scripts import MAX_BYTES, hand_in
from portal import asked, script_shapes
from portal.bodies import RawBody
from portal.contract import file_body, problems
from portal.identity import Asker, TheDesk

router: Final = APIRouter(prefix="/scripts", tags=["scripts"])


@router.post(
    "",
    status_code=201,
    response_model=script_shapes.Script,
    responses=problems(404, 408, 413),
    openapi_extra=file_body(MAX_BYTES),
)
async def hand_in_script(
    desk: TheDesk, actor: Asker, query: Annotated[asked.ScriptFile, Query()], content: RawBody
) -> JSONResponse:
    """Hand in a script of at most 50 MiB for a data center: the body is the file. Refused whole, with every line.

    The same script for the same data center has the same id. An SQL update names it in `params.script`.
    """
    script = await run_in_threadpool(hand_in, desk, actor, query.place, content, query.name, query.encoding)
    return JSONResponse(of_script(script), 201)
