"""AWS Signature Version 4, checked: in the Authorization header, and in the query of a presigned address.

After https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from lab.s3.refusal import Refusal

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW: Final = timedelta(minutes=15)
WEEK_S: Final = 7 * 24 * 3600
_HEADER: Final = re.compile(
    rf"{ALGORITHM} Credential=(?P<credential>[^, ]+), ?"
    r"SignedHeaders=(?P<signed>[^, ]+), ?Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it came: `path` decoded, `query` decoded, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a request claims."""

    access_key: str
    scope: tuple[str, ...]  # date, region, service, aws4_request
    headers: tuple[str, ...]
    signature: str
    stamp: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Knows the keys (access key → secret) and the region."""

    keys: dict[str, str]
    region: str

    def check(self, asked: Asked, now: datetime) -> str:
        """The payload hash that the signature covers. Raises Refusal."""
        presigned = "X-Amz-Signature" in asked.query
        signed = _from_query(asked) if presigned else _from_header(asked)
        at = _time(signed.stamp)
        if presigned:
            _check_life(asked, at, now)
        elif abs(now - at) > SKEW:
            raise Refusal("RequestTimeTooSkewed", "The difference between the request time and ours is too large.")
        self._check_scope(signed)
        _check_headers(asked, signed)
        secret = self.keys[signed.access_key]
        if not hmac.compare_digest(_signature(asked, signed, secret), signed.signature):
            text = "The request signature we calculated does not match the signature you provided."
            raise Refusal("SignatureDoesNotMatch", text)
        return signed.payload

    def _check_scope(self, signed: Signed) -> None:
        if signed.access_key not in self.keys:
            raise Refusal("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        if signed.scope != (signed.stamp[:8], self.region, "s3", "aws4_request"):
            raise Refusal("SignatureDoesNotMatch", f"The scope {'/'.join(signed.scope)} is wrong.")


def _from_header(asked: Asked) -> Signed:
    header = asked.headers.get("authorization", "")
    if not header:
        raise Refusal("AccessDenied", "Access Denied: the request is not signed.")
    found = _HEADER.fullmatch(header)
    if not found:
        raise Refusal("InvalidArgument", "The Authorization header is not one of Signature Version 4.")
    payload = asked.headers.get("x-amz-content-sha256")
    if payload is None:
        raise Refusal("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    return _claims(
        found["credential"], found["signed"], found["signature"], asked.headers.get("x-amz-date", ""), payload
    )


def _from_query(asked: Asked) -> Signed:
    need = (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    )
    if any(name not in asked.query for name in need) or asked.query["X-Amz-Algorithm"] != ALGORITHM:
        raise Refusal("InvalidArgument", "Query-string authentication needs all of its six parameters.")
    _, credential, stamp, _, signed, signature = (asked.query[name] for name in need)
    return _claims(credential, signed, signature, stamp, "UNSIGNED-PAYLOAD")


def _claims(credential: str, signed: str, signature: str, stamp: str, payload: str) -> Signed:
    access_key, *scope = credential.split("/")
    return Signed(
        access_key=access_key,
        scope=tuple(scope),
        headers=tuple(signed.split(";")),
        signature=signature,
        stamp=stamp,
        payload=payload,
    )


def _time(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refusal("AccessDenied", "The request has no valid date.") from None


def _check_life(asked: Asked, at: datetime, now: datetime) -> None:
    life = asked.query["X-Amz-Expires"]
    if not life.isdigit() or not 0 < int(life) <= WEEK_S:
        raise Refusal("InvalidArgument", "X-Amz-Expires must be between 1 and 604800 seconds.")
    if now < at - SKEW or now > at + timedelta(seconds=int(life)):
        raise Refusal("AccessDenied", "Request has expired")


def _check_headers(asked: Asked, signed: Signed) -> None:
    must = {"host"} | {name for name in asked.headers if name.startswith("x-amz-")}
    if missing := must - set(signed.headers):
        raise Refusal(
            "AccessDenied", f"There were headers present in the request which were not signed: {sorted(missing)}"
        )
    if list(signed.headers) != sorted(signed.headers) or set(signed.headers) - set(asked.headers):
        raise Refusal("SignatureDoesNotMatch", "The signed headers are out of order, or not all there.")


def _signature(asked: Asked, signed: Signed, secret: str) -> str:
    query = {k: v for k, v in asked.query.items() if k != "X-Amz-Signature"}
    canonical = "\n".join(
        [
            asked.method,
            quote(asked.path, safe="/-_.~"),
            "&".join(f"{k}={v}" for k, v in sorted((_quoted(k), _quoted(v)) for k, v in query.items())),
            *(f"{name}:{' '.join(asked.headers[name].split())}" for name in signed.headers),
            "",
            ";".join(signed.headers),
            signed.payload,
        ]
    )
    text = "\n".join([ALGORITHM, signed.stamp, "/".join(signed.scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in signed.scope:
        key = _mac(key, part)
    return _mac(key, text).hex()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
