"""Asking: submit one, submit many, or ask what would happen."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse

from domain.decision import Refused
from domain.errors import Fault, Mistake
from domain.text import Text
from intake.submit import MAX_BULK_KEY, MAX_KEY, MOST_IN_BULK, Answer, check, submit, submit_many
from intake.view import of_answer, of_check
from portal import asked, shapes
from portal.bodies import Body
from portal.contract import body, problems_with_body
from portal.figures import Figures
from portal.identity import Asker, Checker, TheDesk
from portal.problems import problem_of

router: Final = APIRouter(prefix="/requests", tags=["requests"])
HOME: Final = "/api/v1/requests"
_LOCATION: Final = {"Location": {"schema": {"type": "string"}, "required": True}}
_Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=MAX_KEY)]
_BulkKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_BULK_KEY,
        description="The request at index i is submitted under this key with `#i` after it",
    ),
]


@router.post(
    "",
    status_code=201,
    response_model=shapes.Accepted,
    responses={
        **problems_with_body(),
        200: {"model": shapes.Accepted, "description": "The same key asked before: the first answer again"},
        201: {"headers": _LOCATION},
    },
    openapi_extra=body(asked.Ask),
)
def submit_request(request: Request, desk: TheDesk, actor: Asker, wish: Body, key: _Key = None) -> JSONResponse:
    """Ask for an operation. Send an Idempotency-Key: a repeated submit then answers what the first one did."""
    figures: Figures = request.app.state.figures
    try:
        answer = submit(desk, actor, wish, key)
    except (Mistake, Refused) as error:
        figures.submitted(_result(error))
        raise
    figures.submitted(_result(answer))
    headers = {"Location": f"{HOME}/{answer.number}"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(of_answer(answer), 200 if answer.replayed else 201, headers)


@router.post(
    "/check",
    response_model=shapes.Check,
    responses=problems_with_body(),
    openapi_extra=body(asked.Ask),
)
def check_request(desk: TheDesk, actor: Checker, wish: Body) -> JSONResponse:
    """What would happen: every policy's answer, the next admissible starts, the steps. Creates nothing."""
    return JSONResponse(of_check(check(desk, actor, wish)))


@router.post(
    "/bulk",
    status_code=207,
    response_model=shapes.Items[shapes.BulkItem],
    responses=problems_with_body(),
    openapi_extra=body(asked.Bulk),
)
def submit_bulk(request: Request, desk: TheDesk, actor: Asker, wishes: Body, key: _BulkKey = None) -> JSONResponse:
    """Ask for up to 500 operations at once; each has its own status and answer, in order.

    Send an Idempotency-Key: repeated, what was accepted is answered again with the status 200.
    """
    answers = submit_many(desk, actor, _read_bulk(wishes), key)
    figures: Figures = request.app.state.figures
    for answer in answers:
        figures.submitted(_result(answer))
    language = request.headers.get("accept-language")
    return JSONResponse({"items": [_item(a, language) for a in answers]}, 207)


def _result(answer: Answer | Exception) -> str:
    if isinstance(answer, Answer):
        return "replayed" if answer.replayed else "accepted"
    return "refused" if isinstance(answer, Refused) else "mistaken"


def _read_bulk(wishes: dict[str, Any]) -> list[Any]:
    faults = [Fault(k[:100], Text("未知字段；可用：requests", "Unknown; allowed: requests"), "unknown") for k in wishes]
    faults = [f for f in faults if f.path != "requests"]
    bodies = wishes.get("requests")
    if not isinstance(bodies, list) or not 1 <= len(bodies) <= MOST_IN_BULK:
        zh, en = f"应为 1 至 {MOST_IN_BULK} 个请求的数组", f"Must be an array of 1 to {MOST_IN_BULK} requests"
        faults.append(Fault("requests", Text(zh, en)))
        bodies = []
    faults += [_not_an_object(i) for i, b in enumerate(bodies) if not isinstance(b, dict)]
    if faults:
        raise Mistake(Text("请求体有误", "The body has mistakes"), tuple(faults))
    return bodies


def _not_an_object(index: int) -> Fault:
    return Fault(f"requests[{index}]", Text("应为 JSON 对象", "Must be a JSON object"), "not-an-object")


def _item(answer: Answer | Exception, language: str | None) -> dict[str, Any]:
    if isinstance(answer, Answer):
        return {"status": 200 if answer.replayed else 201, "answer": of_answer(answer)}
    if isinstance(answer, Mistake | Refused):
        problem = problem_of(answer, language)
        return {"status": problem.status, "problem": problem.body}
    raise answer
