"""Artifacts in a local folder. An artifact is a folder `tenant/kind/run/name` with `data` and `facts.json`.

It is built in the staging folder and moved into place by one rename, which shows bytes and hash at once and which the
system refuses when the name is taken: nobody sees half an artifact, and none is overwritten.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Final

from domain.artifact import (
    CHUNK_BYTES,
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
from domain.errors import Broke, Mistake, NotFound
from domain.text import Text
from executors.objects_disk import discard, disk, keep_folder, make_folders, prune, write_all, write_json
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
    same_or_taken,
)

MOST_BYTES: Final = 5 * 1024**4
TRIES: Final = 5


class LocalStore:
    """An `ArtifactStore` in `folder`, which must be one file system. Processes may share it."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._root = folder / "artifacts"
        self._most = most_bytes
        self._staging = Staging(folder / "staging")
        with disk(folder):
            self._root.mkdir(exist_ok=True)

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
        check_told_size(key, size, self._most)
        meter = Meter(key, size, self._most, said, stop)
        if there := self._there(key):
            return compared(there, meter, stream, told)
        upload = self._staging.begin(key, size)
        try:
            self._receive(upload, meter, stream)
            meter.check(told)
            return self._commit(upload, meter.size, meter.sha256)
        finally:  # after the commit the folder has moved away, and nothing is left to drop
            self._staging.drop(upload.id)

    def head(self, key: ArtifactKey) -> Stored:
        if there := self._there(key):
            return there
        raise no_artifact(key)

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        stored = self.head(key)
        first, length = range_.of(stored.size) if range_ else (0, stored.size)
        with disk(key):
            file = FileIO(self._at(key) / "data")
            file.seek(first)
        return Opened(stored=stored, first=first, length=length, chunks=_read(file, length, key), close=file.close)

    def delete(self, key: ArtifactKey) -> bool:
        with disk(key):
            found = discard(self._at(key), self._staging.rubbish())
            prune(self._at(key).parent, self._root)
        return found

    def list(self, prefix: str = "") -> Iterator[Listed]:
        parts = prefix_parts(prefix)
        return self._under(self._root.joinpath(*parts), parts)

    def link(self, key: ArtifactKey, *, valid_s: int, file_name: str) -> str | None:
        return None

    def begin(self, key: ArtifactKey, size: int) -> Upload:
        check_told_size(key, size, self._most)
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
            return self._commit(upload, offset, found)
        except NotFound:  # somebody else is at it: what is there is theirs
            raise
        except Mistake:  # these bytes will never do; after other trouble the upload stays, to be finished later
            self._staging.drop(upload.id)
            raise

    def abandon(self, upload: Upload) -> None:
        self._staging.drop(upload.id)

    def stale(self, older_than: timedelta) -> Iterator[Upload]:
        return self._staging.stale(older_than)

    def _at(self, key: ArtifactKey) -> Path:
        return self._root / key.tenant / key.kind / key.run / key.name

    def _there(self, key: ArtifactKey) -> Stored | None:
        folder = self._at(key)
        with disk(key):
            try:
                facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
                size = (folder / "data").stat().st_size
            except FileNotFoundError:
                return None
        if size != facts["size"]:
            en = (
                f"{key}: {size} bytes on the disk, {facts['size']} were stored: restore it from elsewhere, or delete it"
            )
            zh = f"{key}：磁盘上 {size} 字节，存入时为 {facts['size']} 字节：请从别处恢复或删除"
            raise Broke(Text(zh, en), key=str(key), size=size)
        sha256 = str(facts["sha256"])
        return Stored(key=key, size=size, sha256=sha256, etag=sha256, at=datetime.fromisoformat(facts["at"]))

    def _receive(self, upload: Upload, meter: Meter, stream: Iterable[bytes]) -> None:
        with self._staging.writing(upload) as handle:
            for chunk in meter.passing(stream):
                write_all(handle, chunk, upload.key)
                meter.say(meter.size)
            with disk(upload.key):
                os.fsync(handle.fileno())

    def _commit(self, upload: Upload, size: int, sha256: str) -> Stored:
        """The one moment at which the artifact is there."""
        at = datetime.now(UTC)
        facts = {"key": str(upload.key), "size": size, "sha256": sha256, "at": at.isoformat()}
        with disk(upload.key):
            try:
                write_json(self._staging.at(upload.id) / "facts.json", facts)
                moved = self._move(self._staging.at(upload.id), self._at(upload.key))
            except FileNotFoundError:  # another finish of this upload was first, or it was abandoned
                moved = False
        if moved:
            return Stored(key=upload.key, size=size, sha256=sha256, etag=sha256, at=at)
        there = self._there(upload.key)
        if there is None:
            raise no_upload(upload.id)
        same_or_taken(there, size, sha256)
        self._staging.drop(upload.id)
        return there

    def _move(self, folder: Path, target: Path) -> bool:
        """False when the target is there. A delete may prune the parents between our two calls: then again."""
        for left in range(TRIES, 0, -1):
            try:
                make_folders(target.parent, self._root)
                folder.rename(target)
            except FileNotFoundError:
                if left == 1 or not folder.exists():
                    raise
            except OSError:
                if (target / "facts.json").exists():
                    return False
                raise
            else:
                keep_folder(target.parent)
                return True
        return False

    def _finished(self, upload: Upload, sha256: str | None) -> Stored:
        there = self._there(upload.key)
        if there and there.size == upload.size and sha256 in (None, there.sha256):
            return there
        raise no_upload(upload.id)

    def _under(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Listed]:
        with disk("/".join(parts) or "artifacts"):
            try:
                names = [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
            except FileNotFoundError:
                return
        leaf = len(parts) == 3
        # S3 sorts whole keys, in which `-` and `.` come before the `/` that ends a part.
        for name in sorted(names, key=lambda n: n if leaf else n + "/"):
            if not leaf:
                yield from self._under(folder / name, (*parts, name))
            elif there := self._there(ArtifactKey.parse("/".join((*parts, name)))):
                yield Listed(key=there.key, size=there.size, at=there.at)


def _read(file: FileIO, length: int, key: ArtifactKey) -> Iterator[bytes]:
    with file:
        while length > 0:
            with disk(key):
                chunk = file.read(min(CHUNK_BYTES, length))
            if not chunk:
                raise Broke(Text(f"{key}：文件被截短", f"{key}: the file ends too early"), key=str(key))
            length -= len(chunk)
            yield chunk
