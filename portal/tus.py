"""The words of tus 1.0.0, the protocol of resumable uploads: its headers, read and written."""

import base64
import binascii
import re
from email.utils import format_datetime
from typing import Annotated, Final

from fastapi import Header, Request

from domain.errors import Fault, Mistake
from domain.text import Text
from intake.upload_wish import MOST_BYTES
from intake.uploads import Progress
from portal.bodies import too_large
from portal.problems import WrongType, WrongVersion

VERSION: Final = "1.0.0"
MEDIA_TYPE: Final = "application/offset+octet-stream"
ABOUT: Final = {
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,checksum,expiration,termination",
    "Tus-Max-Size": str(MOST_BYTES),
    "Tus-Checksum-Algorithm": "sha256",
}
MOST_METADATA: Final = 16 * 1024
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_EXAMPLE: Final = "filename YS5iYWs=,place YWNtZS9wcm9kL2xlZGdlcjE="

Resumable = Annotated[str | None, Header(alias="Tus-Resumable", description=f"Always {VERSION}", examples=[VERSION])]
Length = Annotated[str | None, Header(alias="Upload-Length", description="Of the whole file, in bytes", examples=["9"])]
Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata",
        description="`key base64` pairs: filename, place; kind (backup, bacpac), description, restore (yes, no), "
        "sha256 of the whole file in hex, code",
        examples=[_EXAMPLE],
    ),
]
Offset = Annotated[str | None, Header(alias="Upload-Offset", description="How far it is", examples=["0"])]
Checksum = Annotated[
    str | None, Header(alias="Upload-Checksum", description="`sha256 BASE64` of this body, of at most 64 MiB")
]


async def speaks_tus(request: Request) -> None:
    """Every answer of these routes names the version."""
    request.state.headers = {"Tus-Resumable": VERSION}


def check_version(version: str | None) -> None:
    """A client of another version is refused before anything is done. Raises WrongVersion."""
    if version != VERSION:
        raise WrongVersion(Text(f"请发送 Tus-Resumable: {VERSION}", f"Send Tus-Resumable: {VERSION}"))


def number_of(name: str, word: str | None) -> int:
    """A header that is a whole number. Raises Mistake."""
    if word is None or not _NUMBER.fullmatch(word):
        text = Text(f"{name} 应为非负整数", f"{name} must be a whole number")
        raise Mistake(text, (Fault(name, text, "missing" if word is None else "invalid"),))
    return int(word)


def length_of(word: str | None) -> int:
    """The size of the whole file. Raises Mistake, TooLarge."""
    size = number_of("Upload-Length", word)
    if size > MOST_BYTES:
        raise too_large(MOST_BYTES)
    return size


def metadata_of(header: str | None) -> dict[str, str]:
    """`key base64,key base64` as text. Raises Mistake with every pair that is none."""
    if header is not None and len(header) > MOST_METADATA:
        raise too_large(MOST_METADATA)
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for pair in (header or "").split(",") if header else []:
        key, _, word = pair.strip().partition(" ")
        value = _text(word.strip())
        if not key or value is None or key in found:
            zh, en = f"应为 {_EXAMPLE}", f"Must be like {_EXAMPLE}"
            faults.append(Fault("Upload-Metadata", Text(zh, en)))
        else:
            found[key] = value
    if faults:
        raise Mistake(Text("Upload-Metadata 有误", "Upload-Metadata has mistakes"), tuple(faults))
    return found


def check_type(request: Request) -> None:
    """Raises WrongType."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise WrongType(Text(f"请使用 Content-Type: {MEDIA_TYPE}", f"Send Content-Type: {MEDIA_TYPE}"))


def headers_of(progress: Progress) -> dict[str, str]:
    """How far an upload is, until when it is kept, and what became of it."""
    record = progress.record
    expires = record.expires_at and format_datetime(record.expires_at, usegmt=True)
    return {
        "Upload-Offset": str(progress.offset),
        "Upload-Length": str(record.size),
        "Yunwei-State": record.state.value,
        **({"Upload-Expires": expires} if expires and not progress.is_over else {}),
    }


def _text(word: str) -> str | None:
    try:
        return base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
