"""How to reach a bucket, and every limit of the talk with it."""

from dataclasses import dataclass
from typing import Final, Literal

from domain.secret import Secret

MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class S3Settings:
    """A bucket of AWS S3, OSS, COS or MinIO. `style`: OSS and COS take `virtual` only, MinIO mostly `path`.

    `link_endpoint` is the address that people reach, where the platform itself uses an internal one.
    `only_new`: the store honours If-None-Match on writes (AWS, MinIO). Where it does not, a look before each write is
    all that keeps two simultaneous puts of one key apart; keys name their run, so only one job writes each.
    """

    endpoint: str
    bucket: str
    region: str
    access_key: Secret
    secret_key: Secret
    prefix: str = ""
    style: Literal["auto", "path", "virtual"] = "auto"
    link_endpoint: str | None = None
    ca_file: str | None = None
    proxy: str | None = None
    only_new: bool = True
    part_bytes: int = 16 * MIB
    most_bytes: int = 5 * 1024**4
    puts_at_once: int = 4
    parts_at_once: int = 2
    connect_s: float = 10.0
    read_s: float = 60.0
    attempts: int = 4
