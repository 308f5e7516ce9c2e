"""Putting bytes into the bucket, whole or in parts, and finding out what became of a call that was lost."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Any

from domain.artifact import ArtifactKey, Stored
from domain.errors import Severed, Trouble, Unreachable
from executors.objects_bucket import Bucket
from executors.objects_client import S3Client
from executors.objects_multipart import Multipart, Record
from executors.objects_names import Names
from executors.objects_pieces import Piece
from executors.objects_settings import S3Settings
from executors.objects_staging import Staging
from executors.objects_trouble import severed
from executors.objects_words import Meter, no_artifact, same_or_taken

Rows = list[dict[str, Any]]


class Put:
    """One put of one key: `whole` for what fits into one part, `parts` for more."""

    def __init__(
        self, client: S3Client, staging: Staging, settings: S3Settings, key: ArtifactKey, meter: Meter, told: str | None
    ) -> None:
        self._client, self._staging, self._settings = client, staging, settings
        self._key, self._meter, self._told = key, meter, told
        self._names = Names(prefix=settings.prefix)
        self._bucket = Bucket(client, self._names)

    def whole(self, piece: Piece) -> Stored:
        key, meter = self._key, self._meter
        meter.check(self._told)
        only_new = {"IfNoneMatch": "*"} if self._settings.only_new else {}
        meta = {"Metadata": {"sha256": meter.sha256}, "ContentLength": piece.size}
        try:
            self._client.call("put_object", key, Key=self._names.artifact(key), Body=piece.file, **meta, **only_new)
            stored = self._seen()
        except Trouble as cause:
            stored = self._settled(cause)
        meter.say(meter.size)
        return stored

    def parts(self, pieces: Iterable[Piece], size: int | None) -> Stored:
        multipart = Multipart(self._client, self._staging, self._settings, self._key)
        with ExitStack() as stack:
            record = multipart.open(stack, size, self._told)
            try:
                parts = multipart.send(record, pieces, self._meter)
                self._meter.check(self._told)
                stored = self._completed(multipart, record, parts)
            except Severed:
                raise  # the record stays: a later put looks first, and a sweeper clears up
            except BaseException:
                with suppress(Trouble):
                    multipart.clear(record.id, record.token)
                    self._staging.drop(record.upload.id)
                raise
        self._staging.drop(record.upload.id)
        return stored

    def _completed(self, multipart: Multipart, record: Record, parts: Rows) -> Stored:
        key, meter = self._key, self._meter
        facts = None if self._told else {"key": str(key), "size": meter.size, "sha256": meter.sha256}
        try:
            multipart.complete(record, parts, facts)
            return self._seen()
        except Trouble as cause:
            try:
                multipart.clear(record.id, record.token)  # after this it is there or not; it cannot come later
            except Trouble:
                raise severed(key, meter.size, meter.sha256) from cause
            return self._settled(cause)

    def _seen(self) -> Stored:
        """What the store itself says afterwards."""
        there = self._bucket.there(self._key)
        if there is None:
            raise no_artifact(self._key)
        return same_or_taken(there, self._meter.size, self._meter.sha256)

    def _settled(self, cause: Trouble) -> Stored:
        """The last call failed, perhaps after its effect: what is there decides."""
        try:
            there = self._bucket.there(self._key)
        except Trouble:
            if isinstance(cause, Unreachable):
                raise severed(self._key, self._meter.size, self._meter.sha256) from cause
            raise cause from None
        if there is None:
            raise cause
        return same_or_taken(there, self._meter.size, self._meter.sha256)
