"""Artifacts on record: lists that stay stable while others come in, one artifact, its deletion (DC-2)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.artifact import ArtifactKey
from domain.errors import Conflict, Denied, Fault, Mistake, NotFound, Trouble
from domain.event import Event, Kind
from domain.keeping import ArtifactKind, Keeping, Record
from domain.request import Actor, Role
from domain.text import Text
from intake.desk import Desk
from intake.read import MAX_NUMBER, MOST
from runner.store.rows import micros, moment
from runner.store.tx import Row, Tx

MAY_KEEP: Final = frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR})
_ID: Final = re.compile(r"[0-9a-f]{16}")
_CURSOR: Final = re.compile(r"(?P<at>[0-9]{1,18})-(?P<id>[0-9a-f]{16})")
_SAME: Final = ("id", "tenant", "kind", "place", "name", "description", "size", "sha256", "job", "upload", "added_by")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a list of artifacts shows. `cursor` is that of the last one of the page before."""

    tenant: str | None = None
    kind: str | None = None
    place: str | None = None
    state: Keeping | None = None
    cursor: str | None = None
    limit: int = 50


def artifacts(desk: Desk, actor: Actor, wanted: Wanted) -> list[Record]:
    """A page of artifacts, newest first. The next page begins after the last one's cursor. Raises Mistake."""
    if not 1 <= wanted.limit <= MOST:
        text = Text(f"limit 应为 1 至 {MOST}", f"limit must be 1 to {MOST}")
        raise Mistake(text, (Fault("limit", text),))
    tenant = wanted.tenant or actor.tenant
    if tenant and not actor.sees(tenant):
        return []  # another's artifacts do not exist
    at, id_ = _after(wanted.cursor)
    words = {name: getattr(wanted, name) or "" for name in ("kind", "place")}
    words["state"] = wanted.state.value if wanted.state else ""
    page: dict[str, Any] = {**words, "at": at, "id": id_, "most": wanted.limit}
    name = "artifacts_of_tenant" if tenant else "artifacts"
    rows = desk.store.rows(name, **page, **({"tenant": tenant} if tenant else {}))
    return [to_record(row) for row in rows]


def cursor_of(record: Record) -> str:
    """Where the next page begins after this one."""
    return f"{micros(record.added_at)}-{record.id}"


def get(desk: Desk, actor: Actor, id_: str) -> Record:
    """One artifact. Raises NotFound, also for somebody else's."""
    row = desk.store.row("artifact", id=id_) if _ID.fullmatch(id_) else None
    if row is None or not actor.sees(row["tenant"]):
        raise unknown(id_)
    return to_record(row)


def delete(desk: Desk, actor: Actor, id_: str) -> Record:
    """Delete it and its bytes. Raises NotFound, Denied, and Conflict while an unfinished request uses it.

    A script stays as soon as any request names it: what was run belongs to the history of its request.
    """
    found = get(desk, actor, id_)
    may_keep(actor, found.tenant)
    desk.store.write(lambda tx: delete_by(tx, actor.name, found))
    drop_bytes(desk, found)
    return get(desk, actor, id_)


def may_keep(actor: Actor, tenant: str) -> None:
    """Who may bring and remove artifacts. Raises Denied."""
    if not actor.sees(tenant) or not actor.roles & MAY_KEEP:
        zh = "只有企业管理员、IT运维和服务商操作员可以这样做"
        raise Denied(Text(zh, "Only enterprise administrators, IT ops and the provider's operators may do this"))


def drop_bytes(desk: Desk, record: Record) -> bool:
    """What has ended has no bytes. If the store cannot be reached now, a sweeper does it later: then False."""
    try:
        desk.artifacts.delete(record.key)
        if record.upload:
            desk.artifacts.abandon(desk.artifacts.upload(record.upload))
    except NotFound:
        pass  # the upload is gone already
    except Trouble:
        return False
    desk.store.write(lambda tx: tx.moved("artifact_is_swept", id=record.id))
    return True


def to_record(row: Mapping[str, Any]) -> Record:
    return Record(
        **{name: row[name] for name in _SAME},
        key=ArtifactKey.parse(row["key"]),
        state=Keeping(row["state"]),
        facts=json.loads(row["facts"]),
        added_at=moment(row["added_at"]),
        expires_at=moment(row["expires_at"]),
    )


def unknown(id_: str) -> NotFound:
    return NotFound(Text(f"没有文件 {id_[:40]!r}", f"There is no artifact {id_[:40]!r}"), artifact=id_[:40])


def delete_by(tx: Tx, actor: str, found: Record) -> None:
    """Its row says that it is deleted; the bytes are the caller's to drop. Raises Conflict: in use, or not ready."""
    moved = tx.moved("delete_artifact", id=found.id, now=tx.now())  # first: it locks the row
    if found.kind == ArtifactKind.SCRIPT:
        _check_unnamed(tx, found)
    users = tx.rows("jobs_using_artifact", tenant=found.tenant, id=found.id, job=found.job or 0)
    if users:
        raise _in_use(found, users)
    if moved != 1:
        zh, en = f"文件 {found.id} 不是可用状态", f"The artifact {found.id} is not ready"
        raise Conflict(Text(zh, en), artifact=found.id, state=found.state.value)
    told = {"id": found.id, "what": found.kind, "name": found.name, "size": found.size}
    tx.append(Event(kind=Kind.DELETED, at=tx.now(), tenant=found.tenant, actor=actor, facts=told))


def _check_unnamed(tx: Tx, found: Record) -> None:
    row = tx.row("request_naming", place=found.place, id=found.id)
    if row is not None:
        zh = f"脚本随运维单 {row['number']} 保留，不能删除"
        en = f"The script is kept with request {row['number']}, which names it: it stays"
        raise Conflict(Text(zh, en), artifact=found.id, requests=[row["number"]])


def _in_use(found: Record, users: list[Row]) -> Conflict:
    numbers = [row["number"] for row in users]
    told = ", ".join(map(str, numbers))
    zh = f"文件 {found.id} 正被未结束的运维单使用：{told}；请待其结束或取消后再删除"
    en = f"The artifact {found.id} is used by requests that have not ended: {told}. Wait for them, or cancel them"
    return Conflict(Text(zh, en), artifact=found.id, requests=numbers)


def _after(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return MAX_NUMBER, ""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        text = Text("cursor 应为上一页的 next", "cursor must be `next` of the page before")
        raise Mistake(text, (Fault("cursor", text),))
    return int(found["at"]), found["id"]
