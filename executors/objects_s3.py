"""Artifacts in an S3 bucket.

Resumable uploads are staged in a local folder and sent when they finish: a browser sends pieces of any size, S3 takes
parts of at least 5 MiB, and what was acknowledged has to be durable to the byte.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

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
    quiet,
)
from domain.errors import Mistake, NotFound
from domain.text import Text
from executors.objects_bucket import Bucket
from executors.objects_client import S3Client
from executors.objects_multipart import Multipart
from executors.objects_names import Names
from executors.objects_pieces import pieces_of
from executors.objects_put import Put
from executors.objects_settings import S3Settings
from executors.objects_staging import Staging
from executors.objects_words import (
    Meter,
    check_hash,
    check_told_size,
    checked_sha256,
    compared,
    incomplete,
    no_artifact,
    no_upload,
)

WEEK_S: Final = 7 * 24 * 3600
FOREIGN: Final = "multipart:"


class S3Store:
    """An `ArtifactStore` in a bucket. `folder` holds staged uploads and the records of puts in parts."""

    def __init__(self, settings: S3Settings, folder: Path) -> None:
        self._settings = settings
        self._names = Names(prefix=settings.prefix)
        self._client = S3Client(settings)
        self._bucket = Bucket(self._client, self._names)
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
        if there := self._bucket.there(key):
            return compared(there, meter, stream, told)
        with self._slots:
            pieces = pieces_of(meter.passing(stream), size, self._settings.part_bytes, self._staging.folder)
            first = next(pieces)
            with first.file:
                put = Put(self._client, self._staging, self._settings, key, meter, told)
                return put.parts(chain([first], pieces), size) if first.full else put.whole(first)

    def head(self, key: ArtifactKey) -> Stored:
        if there := self._bucket.there(key):
            return there
        raise no_artifact(key)

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        stored = self.head(key)
        first, length = range_.of(stored.size) if range_ else (0, stored.size)
        chunks = self._bucket.read(stored, first, first + length)
        return Opened(stored=stored, first=first, length=length, chunks=chunks, close=chunks.close)

    def delete(self, key: ArtifactKey) -> bool:
        return self._bucket.delete(key)

    def list(self, prefix: str = "") -> Iterator[Listed]:
        return self._bucket.list(prefix)

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
        with self._staging.writing(upload) as handle:  # held, so that no sweeper takes it for stale
            found = self._staging.sha256(upload)
            try:
                check_hash(upload.key, told, found)
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
        ours = set(self._noted())
        base, before = self._names.artifact_prefix(), datetime.now(UTC) - older_than
        for row in self._client.pages("list_multipart_uploads", base, "Uploads", Prefix=base):
            if row["UploadId"] not in ours and row["Initiated"] <= before:
                key = ArtifactKey.parse(row["Key"].removeprefix(base))
                yield Upload(id=FOREIGN + row["UploadId"], key=key, size=None, begun=row["Initiated"])

    def _noted(self) -> Iterator[str | None]:
        for upload in self._staging.sessions():
            with suppress(NotFound):
                yield self._staging.note(upload.id).get("multipart")

    def _multipart(self, key: ArtifactKey) -> Multipart:
        return Multipart(self._client, self._staging, self._settings, key)

    def _finished(self, upload: Upload, sha256: str | None) -> Stored:
        there = self._bucket.there(upload.key)
        if there and there.size == upload.size and sha256 in (None, there.sha256):
            return there
        raise no_upload(upload.id)
