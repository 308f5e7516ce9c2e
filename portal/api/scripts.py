"""Scripts of tenants: hand one in, and be told everything that speaks against it."""

from functools import partial
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from intake.script_view import of_script
from intake.scripts import MAX_BYTES, hand_in, may_hand_in
from portal import asked, script_shapes
from portal.bodies import received
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
    request: Request, desk: TheDesk, actor: Asker, query: Annotated[asked.ScriptFile, Query()]
) -> JSONResponse:
    """Hand in a script of at most 50 MiB for a data center: the body is the file. Refused whole, with every line.

    The same script for the same data center has the same id. An SQL update names it in `params.script`.
    """
    await run_in_threadpool(may_hand_in, desk, actor, query.place)
    async with received(request) as content:
        work = partial(hand_in, desk, actor, query.place, content, query.name, query.encoding)
        script = await to_thread.run_sync(work, limiter=request.app.state.reviewing)
    return JSONResponse(of_script(script), 201)
