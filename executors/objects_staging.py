"""Artifacts on their way in, each in a folder of its own: `data` (the bytes) and `session.json` (what it will be).

A folder is built under a name that begins with a dot and renamed when it is complete, so a crash leaves either a whole
session or rubbish. The size of `data` is the offset: nothing else has to be kept in step with it.
"""

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Any, Final

from domain.artifact import ArtifactKey, Upload
from domain.errors import NotFound, Trouble
from executors.objects_disk import (
    begin_to_keep,
    discard,
    disk,
    is_being_written,
    keep_folder,
    write_all,
    write_json,
    writing,
)
from executors.objects_words import no_upload, wrong_offset, wrong_size

KEEP_BYTES: Final = 8 * 1024 * 1024
RUBBISH_S: Final = 60.0  # younger than this it may be a session that is being built
_ID: Final = re.compile(r"[0-9a-f]{32}")


class Staging:
    """The folder of all sessions. Several processes may share it; each session has one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with disk(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def begin(self, key: ArtifactKey, size: int | None) -> Upload:
        upload = Upload(id=uuid.uuid4().hex, key=key, size=size, begun=datetime.now(UTC))
        fresh = self.rubbish()
        with disk(key):
            fresh.mkdir()
            (fresh / "data").touch()
            write_json(fresh / "session.json", _session(upload, {}))
            fresh.rename(self.at(upload.id))
            keep_folder(self.folder)
        return upload

    def annotate(self, upload: Upload, note: dict[str, Any]) -> None:
        """Keep a note with a session. Only who is writing to it may."""
        with disk(upload.key):
            write_json(self.at(upload.id) / "session.json", _session(upload, note))

    def at(self, id_: str) -> Path:
        """The session's folder. Raises NotFound for what is no id: it must not become a path."""
        if not _ID.fullmatch(id_):
            raise no_upload(id_)
        return self.folder / id_

    def data(self, upload: Upload) -> Path:
        return self.at(upload.id) / "data"

    def upload(self, id_: str) -> Upload:
        return self._read(id_)[0]

    def note(self, id_: str) -> dict[str, Any]:
        return self._read(id_)[1]

    def writing(self, upload: Upload) -> AbstractContextManager[FileIO]:
        """The data, for this caller alone. Raises NotFound, Conflict."""
        self.upload(upload.id)
        return writing(self.data(upload), upload.key)

    def append(self, upload: Upload, offset: int, chunks: Iterable[bytes]) -> int:
        told = self.upload(upload.id)
        with self.writing(upload) as handle:
            at = handle.seek(0, os.SEEK_END)
            if at != offset:
                raise wrong_offset(told.key, offset, at)
            asked = at
            try:
                for chunk in chunks:
                    if told.size is not None and at + len(chunk) > told.size:
                        raise wrong_size(told.key, told.size, at + len(chunk))
                    write_all(handle, chunk, told.key)
                    at += len(chunk)
                    if at - asked >= KEEP_BYTES:
                        begin_to_keep(handle, asked, at - asked)
                        asked = at
            finally:  # the sender may vanish in mid-chunk: what came is kept, and the sender goes on from there
                with disk(told.key):
                    os.fsync(handle.fileno())
        return at

    def offset(self, upload: Upload) -> int:
        """Synced first: a killed writer may have left bytes that only the page cache knows."""
        self.upload(upload.id)
        with disk(upload.key), FileIO(self.data(upload), "r+b") as handle:
            os.fsync(handle.fileno())
            return os.fstat(handle.fileno()).st_size

    def sha256(self, upload: Upload) -> str:
        """Of the bytes so far, in hexadecimal."""
        with disk(upload.key), self.data(upload).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def drop(self, id_: str) -> None:
        with disk(id_):
            discard(self.at(id_), self.rubbish())

    def rubbish(self) -> Path:
        """A fresh name for a folder that nobody looks into."""
        return self.folder / f".{uuid.uuid4().hex}"

    def sessions(self) -> Iterator[Upload]:
        """All that can be read; one that is finished or abandoned meanwhile is left out."""
        with disk(self.folder):
            names = sorted(entry.name for entry in os.scandir(self.folder))
        for name in names:
            if _ID.fullmatch(name):
                with suppress(NotFound):
                    yield self.upload(name)

    def stale(self, older_than: timedelta) -> Iterator[Upload]:
        """Sessions that nobody has written to for so long, nor is writing to now. Removes old rubbish by the way."""
        before = time.time() - older_than.total_seconds()
        self._sweep(min(before, time.time() - RUBBISH_S))
        for upload in self.sessions():
            if self._is_untouched(self.data(upload), before):
                yield upload

    def _is_untouched(self, data: Path, before: float) -> bool:
        """False too for one that is gone by now."""
        try:
            return data.stat().st_mtime <= before and not is_being_written(data)
        except FileNotFoundError:
            return False

    def _sweep(self, before: float) -> None:
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):
                if entry.name.startswith(".") and entry.stat().st_mtime <= before:
                    shutil.rmtree(entry.path, ignore_errors=True)

    def _read(self, id_: str) -> tuple[Upload, dict[str, Any]]:
        file = self.at(id_) / "session.json"
        try:
            with disk(id_):
                facts = json.loads(file.read_text(encoding="utf-8"))
        except Trouble as trouble:
            if isinstance(trouble.__cause__, FileNotFoundError):
                raise no_upload(id_) from None
            raise
        begun = datetime.fromisoformat(facts["begun"])
        return Upload(id=id_, key=ArtifactKey.parse(facts["key"]), size=facts["size"], begun=begun), facts["note"]


def _session(upload: Upload, note: dict[str, Any]) -> dict[str, Any]:
    return {"key": str(upload.key), "size": upload.size, "begun": upload.begun.isoformat(), "note": note}
