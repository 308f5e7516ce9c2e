"""What lies in the bucket: `<prefix>artifacts/<key>`, and hashes not known beforehand in `<prefix>facts/`."""

import json
from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import UTC
from typing import Any, Final

from domain.artifact import ArtifactKey, Listed, Stored, prefix_parts
from domain.errors import Broke, NotFound, Unreachable
from domain.text import Text
from executors.objects_client import S3Client
from executors.objects_names import Names

READS: Final = 4


class Bucket:
    """Finished artifacts: looked at, read, listed, deleted."""

    def __init__(self, client: S3Client, names: Names) -> None:
        self._client, self._names = client, names

    def there(self, key: ArtifactKey) -> Stored | None:
        try:
            meta = self._meta(key)
        except NotFound:
            return None
        sha256 = meta["Metadata"].get("sha256") or self._told_sha256(key, meta["Metadata"].get("facts"))
        etag = str(meta["ETag"]).strip('"')
        return Stored(
            key=key, size=meta["ContentLength"], sha256=sha256, etag=etag, at=meta["LastModified"].astimezone(UTC)
        )

    def read(self, stored: Stored, at: int, end: int) -> Generator[bytes, None, None]:
        """The bytes from `at` up to `end`. Goes on where a connection broke, a few times."""
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

    def list(self, prefix: str = "") -> Iterator[Listed]:
        base = self._names.artifact_prefix()
        under = base + "".join(part + "/" for part in prefix_parts(prefix))
        return (_listed(row, base) for row in self._client.pages("list_objects_v2", under, "Contents", Prefix=under))

    def delete(self, key: ArtifactKey) -> bool:
        try:
            token = self._meta(key)["Metadata"].get("facts")
        except NotFound:
            return False
        self._client.call("delete_object", key, Key=self._names.artifact(key))
        if token:
            self._client.call("delete_object", key, Key=self._names.facts(token))
        return True

    def _meta(self, key: ArtifactKey) -> dict[str, Any]:
        return self._client.call("head_object", key, Key=self._names.artifact(key))

    def _told_sha256(self, key: ArtifactKey, token: str | None) -> str:
        if token:
            with suppress(NotFound):
                answer = self._client.call("get_object", key, Key=self._names.facts(token))
                return str(json.loads(answer["Body"].read())["sha256"])
        en = f"{key}: the store has it without its hash: it was not stored by this platform, or its facts are lost"
        raise Broke(Text(f"{key}：对象存储中没有它的哈希：不是本平台存入，或记录已丢失", en), key=str(key))


def _listed(row: dict[str, Any], base: str) -> Listed:
    return Listed(
        key=ArtifactKey.parse(row["Key"].removeprefix(base)), size=row["Size"], at=row["LastModified"].astimezone(UTC)
    )
