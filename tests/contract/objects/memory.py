"""The protocol in its plainest form, without disk or wire: what the real stores are compared with."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from domain.artifact import (
    ArtifactKey,
    Listed,
    Opened,
    Range,
    Said,
    Stop,
    Stored,
    Upload,
    never,
    prefix_parts,
    quiet,
)
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
    wrong_offset,
    wrong_size,
)

MOST = 5 * 1024**4


class MemoryStore:
    """An `ArtifactStore` that forgets everything."""

    def __init__(self) -> None:
        self._things: dict[str, tuple[Stored, bytes]] = {}
        self._uploads: dict[str, tuple[Upload, bytearray]] = {}

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
        check_told_size(key, size, MOST)
        meter = Meter(key, size, MOST, said, stop)
        if str(key) in self._things:
            return compared(self.head(key), meter, stream, told)
        data = bytearray()
        for chunk in meter.passing(stream):
            data += chunk
            meter.say(meter.size)
        meter.check(told)
        return self._keep(key, bytes(data))

    def _keep(self, key: ArtifactKey, data: bytes) -> Stored:
        sha256 = hashlib.sha256(data).hexdigest()
        stored = Stored(key=key, size=len(data), sha256=sha256, etag=sha256, at=datetime.now(UTC))
        if str(key) in self._things:
            return same_or_taken(self.head(key), len(data), sha256)
        self._things[str(key)] = (stored, data)
        return stored

    def head(self, key: ArtifactKey) -> Stored:
        if str(key) not in self._things:
            raise no_artifact(key)
        return self._things[str(key)][0]

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        stored = self.head(key)
        first, length = range_.of(stored.size) if range_ else (0, stored.size)
        data = self._things[str(key)][1][first : first + length]
        return Opened(stored=stored, first=first, length=length, chunks=iter([data]), close=lambda: None)

    def delete(self, key: ArtifactKey) -> bool:
        return self._things.pop(str(key), None) is not None

    def list(self, prefix: str = "") -> Iterator[Listed]:
        under = "".join(part + "/" for part in prefix_parts(prefix))
        found = [self._things[k][0] for k in sorted(self._things) if k.startswith(under)]
        return (Listed(key=s.key, size=s.size, at=s.at) for s in found)

    def link(self, key: ArtifactKey, *, valid_s: int, file_name: str) -> str | None:
        return None

    def begin(self, key: ArtifactKey, size: int) -> Upload:
        check_told_size(key, size, MOST)
        upload = Upload(id=uuid.uuid4().hex, key=key, size=size, begun=datetime.now(UTC))
        self._uploads[upload.id] = (upload, bytearray())
        return upload

    def upload(self, id_: str) -> Upload:
        if id_ not in self._uploads:
            raise no_upload(id_)
        return self._uploads[id_][0]

    def append(self, upload: Upload, offset: int, chunks: Iterable[bytes]) -> int:
        self.upload(upload.id)
        data = self._uploads[upload.id][1]
        if len(data) != offset:
            raise wrong_offset(upload.key, offset, len(data))
        for chunk in chunks:
            if upload.size is not None and len(data) + len(chunk) > upload.size:
                raise wrong_size(upload.key, upload.size, len(data) + len(chunk))
            data += chunk
        return len(data)

    def offset(self, upload: Upload) -> int:
        self.upload(upload.id)
        return len(self._uploads[upload.id][1])

    def finish(self, upload: Upload, sha256: str | None = None) -> Stored:
        told = checked_sha256(sha256)
        if upload.id not in self._uploads:
            there = self._things.get(str(upload.key))
            if there and there[0].size == upload.size and told in (None, there[0].sha256):
                return there[0]
            raise no_upload(upload.id)
        data = bytes(self._uploads[upload.id][1])
        if len(data) != upload.size:
            raise incomplete(upload.key, len(data), upload.size)
        del self._uploads[upload.id]
        check_hash(upload.key, told, hashlib.sha256(data).hexdigest())
        return self._keep(upload.key, data)

    def abandon(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)

    def stale(self, older_than: timedelta) -> Iterator[Upload]:
        before = datetime.now(UTC) - older_than
        return (u for u, _ in list(self._uploads.values()) if u.begun <= before)
