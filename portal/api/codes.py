"""One-time codes: have one sent to your phone, for one action at one place with its parameters."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse

from intake.code_view import of_sent
from intake.codes import ask
from intake.upload_wish import ask_code, read_upload
from portal import asked, shapes
from portal.bodies import Body
from portal.contract import body, problems_with_body
from portal.identity import Asker, TheDesk

router: Final = APIRouter(prefix="/codes", tags=["requests"])


@router.post(
    "",
    status_code=202,
    response_model=shapes.SentCode,
    responses=problems_with_body(404, 409),
    openapi_extra=body(asked.AskCode),
)
def ask_for_code(desk: TheDesk, actor: Asker, wish: Body) -> JSONResponse:
    """Send a code to your phone. The body is that of the submit to come (or `request`, for an edit of that one).

    It holds for five minutes and five tries, for exactly these parameters, and is used once.
    """
    return JSONResponse(of_sent(ask(desk, actor, wish)), 202)


@router.post(
    "/upload",
    status_code=202,
    response_model=shapes.SentCode,
    responses=problems_with_body(404, 409),
    openapi_extra=body(asked.AskUploadCode),
)
def ask_for_upload_code(desk: TheDesk, actor: Asker, wish: Body) -> JSONResponse:
    """Send a code for an upload: `metadata` and `size` as the upload itself will name them."""
    size, metadata = read_upload(wish)
    return JSONResponse(of_sent(ask_code(desk, actor, size, metadata)), 202)
