"""The outbox: the provider's operators see what was sent or not, and have a message sent once more."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import JSONResponse

from intake.messages import NEWEST, messages, retry
from intake.view import of_message
from portal import shapes
from portal.asked import MAX_NUMBER, Messages
from portal.contract import problems
from portal.identity import Operator, TheDesk

router: Final = APIRouter(prefix="/messages", tags=["messages"])
_Id = Annotated[int, Path(ge=1, le=MAX_NUMBER, examples=[1])]


@router.get("", response_model=shapes.Paged[shapes.Message], responses=problems())
def list_messages(desk: TheDesk, actor: Operator, query: Annotated[Messages, Query()]) -> JSONResponse:
    """Messages, newest first, without what they say. Follow `next`."""
    below = int(query.cursor) if query.cursor else NEWEST
    found = messages(desk, actor, state=query.state or "", job=query.job or 0, below=below, limit=query.limit)
    after = str(found[-1].id) if len(found) == query.limit else None
    return JSONResponse({"items": [of_message(m) for m in found], "next": after})


@router.post("/{message_id}/retry", response_model=shapes.Message, responses=problems(404, 409))
def retry_message(desk: TheDesk, actor: Operator, message_id: _Id) -> JSONResponse:
    """Have a message sent that failed, or that was put while its channel was off."""
    return JSONResponse(of_message(retry(desk, actor, message_id)))
