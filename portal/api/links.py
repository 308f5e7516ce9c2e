"""Signed links: whoever has one downloads one artifact, without a token, until it ends."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from intake.links import follow
from portal.api.artifacts import CONTENT, answer_with
from portal.contract import open_problems
from portal.identity import TheDesk
from portal.leaving import head_answer

router: Final = APIRouter(prefix="/links", tags=["artifacts"])
Ticket = Annotated[str, Path(max_length=800, description="As `url` of a link ends")]


@router.get(
    "/{ticket}", response_class=Response, responses={**open_problems(403, 404, 409, 416, 429, 502, 503), **CONTENT}
)
def follow_link(request: Request, desk: TheDesk, ticket: Ticket) -> Response:
    """The bytes that a link opens, whole or in part. It opens what its maker may open now."""
    request.state.headers = request.app.state.rates.take(f"link {ticket[:16]}")
    actor, record = follow(desk, ticket)
    return answer_with(request, desk, actor, record.id, "link")


@router.head(
    "/{ticket}", response_class=Response, responses={**open_problems(403, 404, 409, 429, 503), 200: CONTENT[200]}
)
def look_at_link(request: Request, desk: TheDesk, ticket: Ticket) -> Response:
    """What following it would answer, without the bytes."""
    request.state.headers = request.app.state.rates.take(f"link {ticket[:16]}")
    return head_answer(follow(desk, ticket)[1])
