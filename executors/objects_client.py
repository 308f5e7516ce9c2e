"""boto3, asked for one bucket: explicit limits, our errors. Nothing is read from its own files and variables."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domain.artifact import CHUNK_BYTES
from executors.objects_settings import S3Settings
from executors.objects_trouble import translated

LISTED_AT_ONCE: Final = 1000


class S3Client:
    """The bucket. `call` is the one door for everything but links."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._secrets = (settings.access_key, settings.secret_key)
        self._boto = _client(settings, settings.endpoint)
        self._linker = _client(settings, settings.link_endpoint) if settings.link_endpoint else self._boto

    def call(self, action: str, what: object, **parameters: Any) -> dict[str, Any]:
        """One S3 action by boto's name, such as `head_object`. `what` is for the error text."""
        try:
            answer: dict[str, Any] = getattr(self._boto, action)(Bucket=self._settings.bucket, **parameters)
        except (ClientError, BotoCoreError) as cause:
            raise translated(cause, action, what, self._secrets) from None  # boto's text may hold what ours must not
        return answer

    def pages(self, action: str, what: object, rows: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The rows of all pages of a list, each page fetched when it is needed."""
        try:
            for page in self._boto.get_paginator(action).paginate(Bucket=self._settings.bucket, **parameters):
                yield from page.get(rows, [])
        except (ClientError, BotoCoreError) as cause:
            raise translated(cause, action, what, self._secrets) from None

    def bytes_of(self, name: str, what: object, first: int, last: int, etag: str) -> Iterator[bytes]:
        """The bytes from `first` to `last`, of this very version."""
        answer = self.call("get_object", what, Key=name, Range=f"bytes={first}-{last}", IfMatch=f'"{etag}"')
        with closing(answer["Body"]) as body:
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            except (ClientError, BotoCoreError) as cause:
                raise translated(cause, "get_object", what, self._secrets) from None

    def link(self, name: str, valid_s: int, file_name: str) -> str:
        """A presigned address. It carries the access key's id and a signature, never the secret."""
        shown = "attachment; filename*=UTF-8''" + quote(file_name, safe="")
        parameters = {"Bucket": self._settings.bucket, "Key": name, "ResponseContentDisposition": shown}
        return str(self._linker.generate_presigned_url("get_object", Params=parameters, ExpiresIn=valid_s))


def _client(settings: S3Settings, endpoint: str) -> Any:
    proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}
    config = Config(
        signature_version="s3v4",
        connect_timeout=settings.connect_s,
        read_timeout=settings.read_s,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=settings.puts_at_once * settings.parts_at_once + 8,
        proxies=proxies,
        # The SHA-256 of each body is in its signature, which every store checks. Trailing checksums are AWS's alone.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": settings.style, "payload_signing_enabled": True},
    )
    make: Callable[..., Any] = boto3.session.Session(
        aws_access_key_id=settings.access_key.open(),
        aws_secret_access_key=settings.secret_key.open(),
        region_name=settings.region,
    ).client
    return make("s3", endpoint_url=endpoint, config=config, verify=settings.ca_file or True)
