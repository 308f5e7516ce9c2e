"""Artifacts in an S3 bucket: `<prefix>artifacts/<key>`, and hashes that were not known beforehand in `<prefix>facts/`.

Resumable uploads are staged in a local folder and sent when they finish: a browser sends pieces of any size, S3 takes
parts of at least 5 MiB, and what was acknowledged has to be durable to the byte.
"""

import json
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

from domain.artifact import (
    ArtifactKey,
    Listed,
    Opened,
    Range,
    Said,
    Stop,
    Stored,
    Upload,
    chunks_of,
    never,
    prefix_parts,
    quiet,
)
from domain.errors import Broke, Mistake, NotFound, Severed, Trouble, Unreachable
from domain.text import Text
from executors.objects_client import S3Client
from executors.objects_multipart import Multipart, Names, Record
from executors.objects_pieces import Piece, pieces_of
from executors.objects_settings import S3Settings
from executors.objects_staging import Staging
from executors.objects_trouble import severed
from executors.objects_words import (
    Meter,
    check_hash,
    check_told_size,
    checked_sha256,
    compared,
    incomplete,
    no_artifact,
    no_upload,
    same_or_taken,
)

READS: Final = 4
WEEK_S: Final = 7 * 24 * 3600
FOREIGN: Final = "multipart:"
Rows = list[dict[str, Any]]


class S3Store:
    """An `ArtifactStore` in a bucket. `folder` holds staged uploads and the records of puts in parts."""

    def __init__(self, settings: S3Settings, folder: Path) -> None:
        self._settings = settings
        self._names = Names(prefix=settings.prefix)
        self._client = S3Client(settings)
        self._staging = Staging(folder)
        self._slots = threading.BoundedSemaphore(settings.puts_at_once)

    def put(
        self,
        key: ArtifactKey,
        stream: Iterable[bytes],
        *,
        size: int | None = None,
        sha256: str | None = None,
        said: Said = quiet,
        stop: Stop = never,
    ) -> Stored:
        told = checked_sha256(sha256)
        check_told_size(key, size, self._settings.most_bytes)
        meter = Meter(key, size, self._settings.most_bytes, said, stop)
        if there := self._there(key):
            return compared(there, meter, stream, told)
        with self._slots:
            pieces = pieces_of(meter.passing(stream), size, self._settings.part_bytes, self._staging.folder)
            first = next(pieces)
            with first.file:
                if first.full:
                    return self._put_parts(key, chain([first], pieces), meter, size, told)
                return self._put_whole(key, first, meter, told)

    def head(self, key: ArtifactKey) -> Stored:
        if there := self._there(key):
            return there
        raise no_artifact(key)

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        stored = self.head(key)
        first, length = range_.of(stored.size) if range_ else (0, stored.size)
        chunks = self._read(stored, first, first + length)
        return Opened(stored=stored, first=first, length=length, chunks=chunks, close=chunks.close)

    def delete(self, key: ArtifactKey) -> bool:
        try:
            token = self._meta(key)["Metadata"].get("facts")
        except NotFound:
            return False
        self._client.call("delete_object", key, Key=self._names.artifact(key))
        if token:
            self._client.call("delete_object", key, Key=self._names.facts(token))
        return True

    def list(self, prefix: str = "") -> Iterator[Listed]:
        base = self._names.artifact_prefix()
        under = base + "".join(part + "/" for part in prefix_parts(prefix))
        return (_listed(row, base) for row in self._client.pages("list_objects_v2", under, "Contents", Prefix=under))

    def link(self, key: ArtifactKey, *, valid_s: int, file_name: str) -> str | None:
        if not 0 < valid_s <= WEEK_S:
            raise Mistake(Text("链接有效期须为 1 秒至 7 天", "A link is valid for 1 second to 7 days"), valid_s=valid_s)
        self.head(key)
        return self._client.link(self._names.artifact(key), valid_s, file_name)

    def begin(self, key: ArtifactKey, size: int) -> Upload:
        check_told_size(key, size, self._settings.most_bytes)
        return self._staging.begin(key, size)

    def upload(self, id_: str) -> Upload:
        return self._staging.upload(id_)

    def append(self, upload: Upload, offset: int, chunks: Iterable[bytes]) -> int:
        return self._staging.append(upload, offset, chunks)

    def offset(self, upload: Upload) -> int:
        return self._staging.offset(upload)

    def finish(self, upload: Upload, sha256: str | None = None) -> Stored:
        told = checked_sha256(sha256)
        if not self._staging.at(upload.id).exists():
            return self._finished(upload, told)
        offset = self._staging.offset(upload)
        if offset != upload.size:
            raise incomplete(upload.key, offset, upload.size)
        found = self._staging.sha256(upload)
        try:
            check_hash(upload.key, told, found)
            with self._staging.writing(upload) as handle:  # held, so that no sweeper takes it for stale
                stored = self.put(upload.key, chunks_of(handle), size=offset, sha256=found)
        except Mistake:  # these bytes will never do; after other trouble the upload stays, to be finished later
            self._staging.drop(upload.id)
            raise
        self._staging.drop(upload.id)
        return stored

    def abandon(self, upload: Upload) -> None:
        if upload.id.startswith(FOREIGN):
            with suppress(NotFound):
                told = {"Key": self._names.artifact(upload.key), "UploadId": upload.id.removeprefix(FOREIGN)}
                self._client.call("abort_multipart_upload", upload.key, **told)
            return
        with suppress(NotFound):
            note = self._staging.note(upload.id)
            if "multipart" in note:
                self._multipart(upload.key).clear(note["multipart"], note["token"])
            self._staging.drop(upload.id)

    def stale(self, older_than: timedelta) -> Iterator[Upload]:
        """Ours that nobody writes to, and S3's that were begun longer ago than any put may take."""
        yield from self._staging.stale(older_than)
        ours = {self._staging.note(u.id).get("multipart") for u in self._staging.sessions()}
        base, before = self._names.artifact_prefix(), datetime.now(UTC) - older_than
        for row in self._client.pages("list_multipart_uploads", base, "Uploads", Prefix=base):
            if row["UploadId"] not in ours and row["Initiated"] <= before:
                key = ArtifactKey.parse(row["Key"].removeprefix(base))
                yield Upload(id=FOREIGN + row["UploadId"], key=key, size=None, begun=row["Initiated"])

    def _multipart(self, key: ArtifactKey) -> Multipart:
        return Multipart(self._client, self._staging, self._settings, key)

    def _meta(self, key: ArtifactKey) -> dict[str, Any]:
        return self._client.call("head_object", key, Key=self._names.artifact(key))

    def _there(self, key: ArtifactKey) -> Stored | None:
        try:
            meta = self._meta(key)
        except NotFound:
            return None
        sha256 = meta["Metadata"].get("sha256") or self._told_sha256(key, meta["Metadata"].get("facts"))
        etag = str(meta["ETag"]).strip('"')
        return Stored(
            key=key, size=meta["ContentLength"], sha256=sha256, etag=etag, at=meta["LastModified"].astimezone(UTC)
        )

    def _told_sha256(self, key: ArtifactKey, token: str | None) -> str:
        if token:
            with suppress(NotFound):
                answer = self._client.call("get_object", key, Key=self._names.facts(token))
                return str(json.loads(answer["Body"].read())["sha256"])
        en = f"{key}: the store has it without its hash: it was not stored by this platform, or its facts are lost"
        raise Broke(Text(f"{key}：对象存储中没有它的哈希：不是本平台存入，或记录已丢失", en), key=str(key))

    def _put_whole(self, key: ArtifactKey, piece: Piece, meter: Meter, told: str | None) -> Stored:
        meter.check(told)
        only_new = {"IfNoneMatch": "*"} if self._settings.only_new else {}
        meta = {"Metadata": {"sha256": meter.sha256}, "ContentLength": piece.size}
        try:
            self._client.call("put_object", key, Key=self._names.artifact(key), Body=piece.file, **meta, **only_new)
            stored = self._seen(key, meter)
        except Trouble as cause:
            stored = self._settled(key, meter, cause)
        meter.say(meter.size)
        return stored

    def _put_parts(
        self, key: ArtifactKey, pieces: Iterable[Piece], meter: Meter, size: int | None, told: str | None
    ) -> Stored:
        multipart = self._multipart(key)
        with ExitStack() as stack:
            record = multipart.open(stack, size, told)
            try:
                parts = multipart.send(record, pieces, meter)
                meter.check(told)
                stored = self._completed(multipart, record, parts, meter, told)
            except Severed:
                raise  # the record stays: a later put looks first, and a sweeper clears up
            except BaseException:
                with suppress(Trouble):
                    multipart.clear(record.id, record.token)
                    self._staging.drop(record.upload.id)
                raise
        self._staging.drop(record.upload.id)
        return stored

    def _completed(self, multipart: Multipart, record: Record, parts: Rows, meter: Meter, told: str | None) -> Stored:
        key = record.upload.key
        facts = None if told else {"key": str(key), "size": meter.size, "sha256": meter.sha256}
        try:
            multipart.complete(record, parts, facts)
            return self._seen(key, meter)
        except Trouble as cause:
            try:
                multipart.clear(record.id, record.token)  # after this it is there or not; it cannot come later
            except Trouble:
                raise severed(key, meter.size, meter.sha256) from cause
            return self._settled(key, meter, cause)

    def _seen(self, key: ArtifactKey, meter: Meter) -> Stored:
        """What the store itself says afterwards."""
        return same_or_taken(self.head(key), meter.size, meter.sha256)

    def _settled(self, key: ArtifactKey, meter: Meter, cause: Trouble) -> Stored:
        """The last call failed, perhaps after its effect: what is there decides."""
        try:
            there = self._there(key)
        except Trouble:
            if isinstance(cause, Unreachable):
                raise severed(key, meter.size, meter.sha256) from cause
            raise cause from None
        if there is None:
            raise cause
        return same_or_taken(there, meter.size, meter.sha256)

    def _read(self, stored: Stored, at: int, end: int) -> Generator[bytes, None, None]:
        """Goes on where a connection broke, a few times."""
        name, left = self._names.artifact(stored.key), READS
        while at < end:
            try:
                for chunk in self._client.bytes_of(name, stored.key, at, end - 1, stored.etag):
                    at += len(chunk)
                    yield chunk
            except Unreachable:
                left -= 1
                if left == 0:
                    raise

    def _finished(self, upload: Upload, sha256: str | None) -> Stored:
        there = self._there(upload.key)
        if there and there.size == upload.size and sha256 in (None, there.sha256):
            return there
        raise no_upload(upload.id)


def _listed(row: dict[str, Any], base: str) -> Listed:
    return Listed(
        key=ArtifactKey.parse(row["Key"].removeprefix(base)), size=row["Size"], at=row["LastModified"].astimezone(UTC)
    )
