"""Uploads: begin one, send its bytes in pieces, ask how far it is, end it (DC-7).

Where an upload stands is read from the artifact store (its offset is the size of what is durable there) and from its
row; nothing else is remembered, so that whoever was cut off, we or the sender, goes on from there.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from domain.artifact import ArtifactKey, Upload
from domain.errors import Conflict, Fault, Gone, Mistake, NotFound, StoreDown
from domain.event import Event, Kind
from domain.keeping import OPEN, Keeping, Record
from domain.request import Actor
from domain.text import Text
from intake.artifacts import drop_bytes, get, may_keep
from intake.codes import Tried, attempt
from intake.desk import Desk
from intake.upload_end import KEPT, as_it_is, complete, fail
from intake.upload_wish import Wish, allow, purpose, read
from media.recognition import suffix_of
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from runner.store.tx import Tx

KEEP_EVERY_S: Final = 600.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an upload is: `offset` of `record.size` bytes are durable."""

    record: Record
    offset: int

    @property
    def is_over(self) -> bool:
        return self.record.state not in OPEN


def begin(desk: Desk, actor: Actor, size: int, given: Mapping[str, str]) -> Record:
    """A new upload. Raises Mistake (every fault), Refused (all reasons), Conflict: then nothing is left of it.

    After a StoreDown nobody knows whether it was begun: its row may be there, and then its place has to be.
    """
    wish = read(desk, actor, size, given)
    key, tried = _key(wish), attempt(desk, actor, purpose(actor, wish), wish.code)
    upload = desk.artifacts.begin(key, size)
    try:
        desk.store.write(lambda tx: _begin(desk, tx, actor, wish, upload, tried))
    except StoreDown:
        raise  # a sweeper drops what no row came for
    except BaseException:
        desk.artifacts.abandon(upload)
        raise
    return get(desk, actor, artifact_id(str(key)))


def look(desk: Desk, actor: Actor, id_: str) -> Progress:
    """How far it is; one whose bytes are all there, and whose end was missed, is ended now. Raises NotFound."""
    record = _mine(desk, actor, id_)
    if record.state not in OPEN:
        return _over(record)
    if record.state is Keeping.UPLOADING and (offset := _offset(desk, record)) != record.size:
        return Progress(record=record, offset=offset)
    return _over(complete(desk, record))


def append(desk: Desk, actor: Actor, id_: str, offset: int, chunks: Iterable[bytes]) -> Progress:
    """Write at `offset`. What came is kept, also when the chunks end by an error. With the last byte it is judged.

    Raises NotFound, Gone (it has failed, perhaps meanwhile), Conflict (other offset, somebody else is writing, it is
    over), Mistake (too many bytes).
    """
    record = _mine(desk, actor, id_)
    _keep(desk, record)  # before the first byte: a sweeper may be about to take it for left
    try:
        reached = desk.artifacts.append(_upload(desk, record), offset, _watched(desk, record, chunks))
    except BaseException:
        _kept(desk, record)
        raise
    if reached == record.size:
        return _over(_not_gone(complete(desk, record)))
    _keep(desk, record)  # what was ended meanwhile has not been stored
    return Progress(record=record, offset=reached)


def end(desk: Desk, actor: Actor, id_: str) -> Record:
    """Give an upload up: it has failed, and its bytes are gone. Raises NotFound, Conflict if it is over."""
    record = _mine(desk, actor, id_)
    why = Text("上传已被终止", "The upload was ended before it was whole")
    if not fail(desk, record, why, "ended", actor.name):
        raise Conflict(Text(f"上传 {id_} 已结束", f"The upload {id_} is over"), artifact=id_, state=record.state.value)
    drop_bytes(desk, record)
    return get(desk, actor, id_)


def unfinished(actor: Actor, records: Iterable[Record], given: Mapping[str, str], size: int) -> Record | None:
    """The actor's own upload of the very same file, to go on with. A file is told by its SHA-256."""
    return next((r for r in records if r.added_by == actor.name and _is_same(r, given, size)), None)


def refusal_of(record: Record) -> Mistake:
    """Why a refused or failed upload was not taken, with every reason."""
    told = record.facts.get("refusals", [])
    faults = tuple(Fault("file", Text(f["zh"], f["en"]), f["code"]) for f in told)
    zh = f"文件 {record.name} 未被接受，没有保存"
    en = f"{record.name} is not taken, and nothing of it was kept"
    return Mistake(Text(zh, en), faults, artifact=record.id)


def _key(wish: Wish) -> ArtifactKey:
    name = f"upload{suffix_of(wish.name)}"  # the file's own name may hold anything: it is in the row
    return ArtifactKey(tenant=wish.place.tenant.name, kind=wish.kind.value, run=secrets.token_hex(8), name=name)


def _begin(desk: Desk, tx: Tx, actor: Actor, wish: Wish, upload: Upload, tried: Tried) -> None:
    allow(desk, tx, actor, wish, tried)
    facts = {"restore": wish.restore, **({"told_sha256": wish.sha256} if wish.sha256 else {})}
    row = {
        "id": artifact_id(str(upload.key)),
        "tenant": wish.place.tenant.name,
        "kind": wish.kind.value,
        "key": str(upload.key),
        "place": wish.place.path,
        "name": wish.name,
        "description": wish.description,
        "size": wish.size,
        "facts": dumps(facts),
        "upload": upload.id,
        "added_by": actor.name,
        "added_at": tx.now(),
        "expires_at": tx.now() + KEPT,
    }
    tx.moved("insert_upload", **row)
    told = {**{k: row[k] for k in ("id", "name", "size", "place")}, "what": wish.kind.value, "restore": wish.restore}
    tx.append(Event(kind=Kind.UPLOAD_BEGUN, at=tx.now(), tenant=wish.place.tenant.name, actor=actor.name, facts=told))


def _mine(desk: Desk, actor: Actor, id_: str) -> Record:
    record = get(desk, actor, id_)
    if record.upload is None:
        raise NotFound(Text(f"没有上传 {id_[:40]!r}", f"There is no upload {id_[:40]!r}"), upload=id_[:40])
    may_keep(actor, record.tenant)
    return record


def _upload(desk: Desk, record: Record) -> Upload:
    return desk.artifacts.upload(record.upload or "")


def _offset(desk: Desk, record: Record) -> int:
    """All of it where the upload is gone: it may be finished, and only its row does not know yet."""
    try:
        return desk.artifacts.offset(_upload(desk, record))
    except NotFound:
        desk.artifacts.head(record.key)
        return record.size or 0


def _watched(desk: Desk, record: Record, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A piece may take days on a slow line: the upload is kept while it comes."""
    kept = time.monotonic()
    for chunk in chunks:
        yield chunk
        if time.monotonic() - kept > KEEP_EVERY_S:
            kept = time.monotonic()
            _keep(desk, record)


def _keep(desk: Desk, record: Record) -> None:
    """From now on it is kept for KEPT again. Raises Gone, Conflict: it is over."""
    if _kept(desk, record):
        return
    state = _not_gone(as_it_is(desk, record)).state
    zh, en = f"上传 {record.id} 已结束", f"The upload {record.id} is over: nothing can be added"
    raise Conflict(Text(zh, en), artifact=record.id, state=state.value)


def _kept(desk: Desk, record: Record) -> bool:
    return desk.store.write(lambda tx: tx.moved("keep_upload", id=record.id, expires_at=tx.now() + KEPT)) == 1


def _not_gone(record: Record) -> Record:
    """Raises Gone for what has failed or was deleted; what was refused is told with its reasons."""
    if record.state in (Keeping.FAILED, Keeping.DELETED):
        raise Gone(refusal_of(record).text, artifact=record.id, state=record.state.value)
    return record


def _over(record: Record) -> Progress:
    return Progress(record=record, offset=record.size or 0)


def _is_same(record: Record, given: Mapping[str, str], size: int) -> bool:
    there = (record.name, record.place, record.size, record.facts.get("told_sha256"))
    return there == (given["filename"], given["place"], size, given["sha256"])
