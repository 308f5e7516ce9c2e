"""Uploads by tus 1.0.0 (core, creation, checksum, expiration, termination): interrupted anywhere, they go on there."""

from functools import partial
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from domain.errors import Gone
from domain.keeping import WITHOUT_BYTES, Keeping
from intake.upload_wish import MOST_BYTES
from intake.uploads import Progress, append, begin, end, look, refusal_of
from portal import tus
from portal.api.artifacts import Id
from portal.arriving import Arriving, checked, digest_of
from portal.contract import problems
from portal.identity import Asker, TheDesk
from portal.limits import Limits, Uploaders

router: Final = APIRouter(prefix="/uploads", tags=["uploads"])
SPEAKS: Final = [Depends(tus.speaks_tus)]
_WORD: Final = {"schema": {"type": "string"}}
_STANDS: Final = {"headers": dict.fromkeys(("Upload-Offset", "Upload-Length", "Yunwei-State"), _WORD)}
_PIECE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {tus.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary", "maxLength": MOST_BYTES}}},
    }
}


@router.options("", status_code=204, response_class=Response, include_in_schema=False)
@router.options("/{artifact_id}", status_code=204, response_class=Response, include_in_schema=False)
async def tell_about_uploads() -> Response:
    """Which version and extensions of tus are spoken here. Needs no token."""
    return Response(None, 204, tus.ABOUT)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    dependencies=SPEAKS,
    responses={**problems(409, 412, 413), 201: {"description": "Begun", "headers": {"Location": _WORD}}},
)
def begin_upload(
    desk: TheDesk,
    actor: Asker,
    version: tus.Resumable = None,
    length: tus.Length = None,
    metadata: tus.Metadata = None,
) -> Response:
    """Begin an upload of a `.bak`, `.bacpac` or `.dacpac`. Needs an effective restore letter of the tenant.

    Send the bytes to its Location. Its last part is the id of the artifact that is being made.
    """
    tus.check_version(version)
    record = begin(desk, actor, tus.length_of(length), tus.metadata_of(metadata))
    headers = tus.headers_of(Progress(record=record, offset=0))
    return Response(None, 201, {**headers, "Location": f"/api/v1/uploads/{record.id}"})


@router.head(
    "/{artifact_id}",
    response_class=Response,
    dependencies=SPEAKS,
    responses={**problems(404, 410, 412), 200: {"description": "How far it is", **_STANDS}},
)
def look_at_upload(desk: TheDesk, actor: Asker, artifact_id: Id, version: tus.Resumable = None) -> Response:
    """How many bytes are durable, and what became of it. One that was not taken is gone."""
    tus.check_version(version)
    progress = look(desk, actor, artifact_id)
    if progress.record.state in WITHOUT_BYTES:
        raise Gone(refusal_of(progress.record).text)
    return Response(None, 200, tus.headers_of(progress))


@router.patch(
    "/{artifact_id}",
    status_code=204,
    response_class=Response,
    dependencies=SPEAKS,
    responses={**problems(404, 408, 409, 410, 412, 413, 415, 460), 204: {"description": "Stored", **_STANDS}},
    openapi_extra=_PIECE,
)
async def send_bytes(
    request: Request,
    desk: TheDesk,
    actor: Asker,
    artifact_id: Id,
    version: tus.Resumable = None,
    offset: tus.Offset = None,
    checksum: tus.Checksum = None,
) -> Response:
    """Add bytes at the offset. What came is kept, also when the connection breaks; with a checksum all or nothing.

    The last byte ends it: the file is judged by its own bytes, and a 422 lists every reason why it is not taken.
    """
    tus.check_version(version)
    tus.check_type(request)
    at, digest = tus.number_of("Upload-Offset", offset), digest_of(checksum)
    limits: Limits = request.app.state.limits
    arriving = Arriving(request.stream(), limits.body_s, paced=digest is not None)
    chunks = checked(iter(arriving), digest) if digest else arriving
    uploaders: Uploaders = request.app.state.uploaders
    try:
        with uploaders.one_of(actor.tenant) as threads:
            work = partial(append, desk, actor, artifact_id, at, chunks)
            progress = await to_thread.run_sync(work, limiter=threads)
    except ClientDisconnect:  # nobody is there to be answered
        return Response(None, 400)
    if progress.record.state is Keeping.REFUSED:
        raise refusal_of(progress.record)
    return Response(None, 204, tus.headers_of(progress))


@router.delete(
    "/{artifact_id}",
    status_code=204,
    response_class=Response,
    dependencies=SPEAKS,
    responses={**problems(404, 409, 412), 204: {"description": "Ended"}},
)
def end_upload(desk: TheDesk, actor: Asker, artifact_id: Id, version: tus.Resumable = None) -> Response:
    """Give an upload up: it is recorded as failed, and its bytes are gone."""
    tus.check_version(version)
    end(desk, actor, artifact_id)
    return Response(None, 204)
