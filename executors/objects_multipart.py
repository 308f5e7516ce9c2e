"""One put in parts. A local record names the S3 upload and journals its parts, so that a put after a crash goes on.

The hash of a stream is known at its end, and S3 takes metadata at the beginning only. So the metadata names a small
object, the facts, that is written before the artifact becomes visible: who sees the artifact can read its hash.
"""

import json
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import FileIO
from typing import Any

from domain.artifact import ArtifactKey, Upload
from domain.errors import Conflict, NotFound
from executors.objects_client import S3Client
from executors.objects_disk import write_all
from executors.objects_names import Names
from executors.objects_pieces import Piece
from executors.objects_settings import S3Settings
from executors.objects_staging import Staging
from executors.objects_words import Meter


@dataclass(frozen=True, kw_only=True)
class Record:
    """A multipart upload of ours: `parts` are those that arrived, number → (sha256, etag)."""

    upload: Upload
    id: str
    token: str
    handle: FileIO
    parts: dict[int, tuple[str, str]]


class Multipart:
    """Sends the pieces of one artifact, a few at a time."""

    def __init__(self, client: S3Client, staging: Staging, settings: S3Settings, key: ArtifactKey) -> None:
        self._client, self._staging, self._settings, self._key = client, staging, settings, key
        self._names = Names(prefix=settings.prefix)
        self._name = self._names.artifact(key)

    def open(self, stack: ExitStack, size: int | None, sha256: str | None) -> Record:
        """The record of a dead put of the same bytes, or a fresh one; locked until the stack is closed."""
        wanted = {"size": size, "sha256": sha256, "part": self._settings.part_bytes}
        for upload in self._staging.sessions():
            with suppress(NotFound, Conflict):  # finished meanwhile, or somebody is at it
                note = self._staging.note(upload.id)
                if upload.key == self._key and note.get("told") == wanted:
                    return self._resumed(stack, upload, note)
        return self._begun(stack, size, sha256, wanted)

    def send(self, record: Record, pieces: Iterable[Piece], meter: Meter) -> list[dict[str, Any]]:
        """All parts in the store; their numbers and etags."""
        sent: list[dict[str, Any]] = []
        with ThreadPoolExecutor(self._settings.parts_at_once) as pool:
            waiting: deque[tuple[Piece, Future[str]]] = deque()
            try:
                for piece in pieces:
                    waiting.append((piece, pool.submit(self._part, record, piece)))
                    if len(waiting) > self._settings.parts_at_once:
                        sent.append(self._arrived(record, *waiting.popleft(), meter))
                while waiting:
                    sent.append(self._arrived(record, *waiting.popleft(), meter))
            finally:
                for piece, future in waiting:
                    if future.cancel():
                        piece.file.close()
        return sent

    def complete(self, record: Record, parts: list[dict[str, Any]], facts: dict[str, Any] | None) -> None:
        """The one moment at which the artifact is there."""
        if facts is not None:
            body = json.dumps(facts).encode()
            self._client.call("put_object", self._key, Key=self._names.facts(record.token), Body=body)
        only_new = {"IfNoneMatch": "*"} if self._settings.only_new else {}
        told = {"Key": self._name, "UploadId": record.id, "MultipartUpload": {"Parts": parts}, **only_new}
        self._client.call("complete_multipart_upload", self._key, **told)

    def clear(self, id_: str, token: str) -> None:
        """No parts are left afterwards, and the facts only if the artifact uses them. Raises if that is not sure."""
        with suppress(NotFound):
            self._client.call("abort_multipart_upload", self._key, Key=self._name, UploadId=id_)
        try:
            used = self._client.call("head_object", self._key, Key=self._name)["Metadata"].get("facts")
        except NotFound:
            used = None
        if used != token:
            self._client.call("delete_object", self._key, Key=self._names.facts(token))

    def _begun(self, stack: ExitStack, size: int | None, sha256: str | None, told: dict[str, Any]) -> Record:
        """The note that lets a later put go on is written under our lock: until then nobody takes us for dead."""
        token = uuid.uuid4().hex
        upload = self._staging.begin(self._key, size)
        id_ = ""
        try:
            with ExitStack() as mine:
                handle = mine.enter_context(self._staging.writing(upload))
                id_ = self._created({"sha256": sha256} if sha256 else {"facts": token})
                self._staging.annotate(upload, {"multipart": id_, "token": token, "told": told})
                stack.push(mine.pop_all())
        except BaseException:
            self._staging.drop(upload.id)
            if id_:
                self.clear(id_, token)
            raise
        return Record(upload=upload, id=id_, token=token, handle=handle, parts={})

    def _created(self, meta: dict[str, str]) -> str:
        return str(self._client.call("create_multipart_upload", self._key, Key=self._name, Metadata=meta)["UploadId"])

    def _resumed(self, stack: ExitStack, upload: Upload, note: dict[str, Any]) -> Record:
        with ExitStack() as mine:
            handle = mine.enter_context(self._staging.writing(upload))
            try:
                there = dict(self._there(note["multipart"]))
            except NotFound:
                self._staging.drop(upload.id)
                raise
            stack.push(mine.pop_all())
        parts = {n: (sha256, etag) for n, sha256, etag in _journal(handle) if there.get(n) == etag}
        return Record(upload=upload, id=note["multipart"], token=note["token"], handle=handle, parts=parts)

    def _there(self, id_: str) -> Iterator[tuple[int, str]]:
        for part in self._client.pages("list_parts", self._key, "Parts", Key=self._name, UploadId=id_):
            yield part["PartNumber"], part["ETag"]

    def _part(self, record: Record, piece: Piece) -> str:
        with piece.file:
            sha256, etag = record.parts.get(piece.number, ("", ""))
            if sha256 == piece.sha256:
                return etag
            told = {"Key": self._name, "UploadId": record.id, "PartNumber": piece.number, "Body": piece.file}
            return str(self._client.call("upload_part", self._key, **told)["ETag"])

    def _arrived(self, record: Record, piece: Piece, future: "Future[str]", meter: Meter) -> dict[str, Any]:
        etag = future.result()
        line = json.dumps([piece.number, piece.sha256, etag]) + "\n"
        write_all(record.handle, line.encode(), self._key)
        meter.say(min(meter.size, meter.said + piece.size))
        return {"PartNumber": piece.number, "ETag": etag}


def _journal(handle: FileIO) -> Iterator[tuple[int, str, str]]:
    """The parts as written down; a line that the crash cut off is left out, and its part is sent again."""
    for line in handle.readall().split(b"\n"):
        with suppress(ValueError):
            number, sha256, etag = json.loads(line)
            yield number, sha256, etag
