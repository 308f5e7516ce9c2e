"""Letters of authorization: ask, hand in the stamped scan, revoke; approve and refuse by the provider's operators."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse, Response

from domain.errors import Conflict
from domain.letter import Letter
from domain.text import Text
from intake import letter_review
from intake.letter_scan import MAX_BYTES, add_scan, may_add_scan, read_scan, scans
from intake.letter_view import of_letter, of_scan
from intake.letters import Wanted, ask, get, letters, revoke
from portal import asked, letter_shapes, shapes
from portal.api.attachments import CONTENT, downloaded
from portal.api.lists import WITH_ETAG, Number
from portal.bodies import Body, OptionalBody, RawBody
from portal.contract import body, file_body, problems, problems_with_body
from portal.identity import Asker, Operator, Reader, TheDesk
from portal.revisions import IfMatch, matched, stale

router: Final = APIRouter(prefix="/letters", tags=["letters"])
HOME: Final = "/api/v1/letters"
_ScanId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["0123456789abcdef"])]
_HEADERS: Final = {name: {"schema": {"type": "string"}, "required": True} for name in ("Location", "ETag")}
_REVIEW: Final[dict[int | str, dict[str, Any]]] = {**problems_with_body(404, 409, 412, 428), **WITH_ETAG}


@router.post(
    "",
    status_code=201,
    response_model=letter_shapes.Letter,
    responses={**problems_with_body(404, 409), 201: {"headers": _HEADERS}},
    openapi_extra=body(asked.AskLetter),
)
def ask_for_letter(desk: TheDesk, actor: Asker, wish: Body) -> JSONResponse:
    """Ask for a letter, as one of the tenant's enterprise administrators or IT ops: a draft, until its scan comes."""
    letter = ask(desk, actor, wish)
    return _shown(letter, 201, {"Location": f"{HOME}/{letter.number}"})


@router.get("", response_model=shapes.Paged[letter_shapes.Letter], responses=problems())
def list_letters(
    request: Request, desk: TheDesk, actor: Reader, query: Annotated[asked.WantedLetters, Query()]
) -> JSONResponse:
    """Letters, newest first. Follow `next` (also in the Link header): no page has a gap or a double."""
    same = {name: getattr(query, name) for name in ("tenant", "kind", "state", "limit")}
    found = letters(desk, actor, Wanted(**same, before=int(query.cursor) if query.cursor else None))
    after = str(found[-1].number) if len(found) == query.limit else None
    headers = {"Link": f'<{request.url.include_query_params(cursor=after)}>; rel="next"'} if after else {}
    return JSONResponse({"items": [of_letter(each) for each in found], "next": after}, 200, headers)


@router.get("/{number}", response_model=letter_shapes.Letter, responses={**problems(404), **WITH_ETAG})
def show_letter(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """One letter. Its ETag is what a review names in If-Match."""
    return _shown(get(desk, actor, number))


@router.post(
    "/{number}/approve",
    response_model=letter_shapes.Letter,
    responses=_REVIEW,
    openapi_extra=body(asked.Opinion, required=False),
)
def approve_letter(
    desk: TheDesk, actor: Operator, number: Number, word: OptionalBody, if_match: IfMatch = None
) -> JSONResponse:
    """The letter is effective; the tenant's earlier effective one of its kind becomes void."""
    rev = matched(get(desk, actor, number).rev, if_match, _noun(number))
    try:
        return _shown(letter_review.approve(desk, actor, number, rev, word))
    except Conflict as conflict:
        raise stale(conflict) from conflict


@router.post(
    "/{number}/refuse", response_model=letter_shapes.Letter, responses=_REVIEW, openapi_extra=body(asked.Rejection)
)
def refuse_letter(desk: TheDesk, actor: Operator, number: Number, word: Body, if_match: IfMatch = None) -> JSONResponse:
    """The letter will not be effective; the opinion says why."""
    rev = matched(get(desk, actor, number).rev, if_match, _noun(number))
    try:
        return _shown(letter_review.refuse(desk, actor, number, rev, word))
    except Conflict as conflict:
        raise stale(conflict) from conflict


@router.post(
    "/{number}/revoke",
    response_model=letter_shapes.Letter,
    responses={**problems_with_body(404, 409), **WITH_ETAG},
    openapi_extra=body(asked.Reason),
)
def revoke_letter(desk: TheDesk, actor: Asker, number: Number, why: Body) -> JSONResponse:
    """From now on the letter authorizes nothing. Only while it is in review or effective."""
    return _shown(revoke(desk, actor, number, why))


def _may_add_scan(desk: TheDesk, actor: Asker, number: Number) -> None:
    may_add_scan(desk, actor, number)


@router.post(
    "/{number}/scans",
    status_code=201,
    response_model=letter_shapes.LetterScan,
    dependencies=[Depends(_may_add_scan)],
    responses=problems(404, 408, 409, 413),
    openapi_extra=file_body(MAX_BYTES),
)
def add_letter_scan(
    desk: TheDesk, actor: Asker, number: Number, query: Annotated[asked.FileName, Query()], content: RawBody
) -> JSONResponse:
    """Hand in a stamped scan (PDF, JPG, GIF, PNG; at most 10 MiB): the body is the file. The letter is in review."""
    return JSONResponse(of_scan(add_scan(desk, actor, number, query.name, content)), 201)


@router.get("/{number}/scans", response_model=shapes.Items[letter_shapes.LetterScan], responses=problems(404))
def list_letter_scans(desk: TheDesk, actor: Reader, number: Number) -> JSONResponse:
    """The scans of a letter, the first one first, without their content."""
    return JSONResponse({"items": [of_scan(each) for each in scans(desk, actor, number)]})


@router.get("/{number}/scans/{scan_id}", response_class=Response, responses={**problems(404), **CONTENT})
def read_letter_scan(desk: TheDesk, actor: Reader, number: Number, scan_id: _ScanId) -> Response:
    """The scan, byte for byte, as a download."""
    found = read_scan(desk, actor, number, scan_id)
    return downloaded(found.name, found.content)


def _shown(letter: Letter, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    """A letter as it is now, with its revision as the ETag."""
    return JSONResponse(of_letter(letter), status, {"ETag": f'"{letter.rev}"', **(headers or {})})


def _noun(number: int) -> Text:
    return Text(f"授权书 {number} ", f"Letter {number}")
