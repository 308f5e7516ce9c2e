"""Files that belong to a request (INT-2): at most 5 MB each, never changed, never run, handed out only as downloads."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.errors import Conflict, Fault, Mistake, NotFound
from domain.event import Kind
from domain.job import FINAL
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk, open_request
from intake.read import show
from runner.store.rows import moment
from runner.store.tx import Tx

MAX_BYTES: Final = 5 * 1024 * 1024
MOST: Final = 10
MAX_NAME: Final = 200
PLAIN: Final = "application/octet-stream"
# No paths, no control characters, and none that turn the direction of writing: they hide what a file is.
_NAME: Final = re.compile(
    rf"[^\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]{{1,{MAX_NAME}}}"
)
_MEDIA_TYPE: Final = re.compile(r"(?=.{3,100}$)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What is known of a file. `sha256` in hex; `size` in bytes; `content` only where it was asked for."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime
    content: bytes = b""


def attach(desk: Desk, actor: Actor, number: int, name: str, content: bytes, media_type: str = PLAIN) -> Attachment:
    """Add a file to a request that has not ended. Raises Mistake (every fault), NotFound, Conflict."""
    media_type = media_type.lower()
    _check(name, content, media_type)
    row = {
        "id": secrets.token_hex(8),
        "name": name,
        "media_type": media_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "added_by": actor.name,
    }

    def write(tx: Tx) -> datetime:
        job, at = open_request(desk, tx, number, actor).job, tx.now()
        if job.state in FINAL or len(tx.rows("attachments", number=number)) >= MOST:
            raise _no_more(number)
        tx.moved("insert_attachment", **row, number=number, content=content, added_at=at)
        tx.tell(job, Kind.ATTACHED, actor.name, **{k: row[k] for k in ("id", "name", "size", "sha256")})
        return at

    return _attachment({**row, "added_at": None}, desk.store.write(write))


def attachments(desk: Desk, actor: Actor, number: int) -> list[Attachment]:
    """The files of a request, without their content. Raises NotFound."""
    show(desk, actor, number)
    rows = desk.store.rows("attachments", number=number)
    return [_attachment(r, moment(r["added_at"])) for r in rows]


def read_attachment(desk: Desk, actor: Actor, number: int, attachment_id: str) -> Attachment:
    """One file with its content. Raises NotFound."""
    show(desk, actor, number)
    row = desk.store.row("attachment", number=number, id=attachment_id) if _ID.fullmatch(attachment_id) else None
    if row is None:
        zh, en = f"运维单 {number} 没有附件 {attachment_id!r}", f"Request {number} has no attachment {attachment_id!r}"
        raise NotFound(Text(zh, en), number=number, attachment=attachment_id)
    return _attachment(row, moment(row["added_at"]), bytes(row["content"]))


def _attachment(row: Mapping[str, Any], added_at: datetime, content: bytes = b"") -> Attachment:
    keys = ("id", "name", "media_type", "size", "sha256", "added_by")
    return Attachment(**{k: row[k] for k in keys}, added_at=added_at, content=content)


def name_faults(name: str) -> list[Fault]:
    """What is wrong with the name of a file that somebody sends."""
    if _NAME.fullmatch(name) and name.strip(" ."):
        return []
    zh, en = (
        "文件名须为 1 至 200 个字符，不含路径与控制字符",
        "A file name has 1 to 200 characters, no path, no control characters",
    )
    return [Fault("name", Text(zh, en))]


def _check(name: str, content: bytes, media_type: str) -> None:
    faults = name_faults(name)
    if not content:
        faults.append(Fault("content", Text("文件为空", "The file is empty"), "empty"))
    if len(content) > MAX_BYTES:
        zh, en = (
            f"附件最多 {MAX_BYTES} 字节（5 MiB）",
            f"An attachment has at most {MAX_BYTES} bytes (5 MiB)",
        )
        faults.append(Fault("content", Text(zh, en), "too-large"))
    if not _MEDIA_TYPE.fullmatch(media_type):
        faults.append(Fault("media_type", Text("应为媒体类型，如 image/png", "Must be a media type like image/png")))
    if faults:
        raise Mistake(Text("附件有误", "The attachment has mistakes"), tuple(faults))


def _no_more(number: int) -> Conflict:
    zh = f"运维单 {number} 已结束，或已有 {MOST} 个附件，不能再添加"
    en = f"Request {number} has ended, or has {MOST} attachments already: none can be added"
    return Conflict(Text(zh, en), number=number, most=MOST)
