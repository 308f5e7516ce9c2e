"""The S3 actions this server knows, one function each, and the table that finds them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from lab.s3.body import Body
from lab.s3.bucket import Bucket, Multipart, Thing
from lab.s3.refusal import Refusal

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
MOST_LISTED: Final = 1000
_RANGE: Final = re.compile(r"bytes=([0-9]*)-([0-9]*)")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an action needs: `take` reads the body into a file, checked; it is called once."""

    key: str
    query: dict[str, str]
    headers: dict[str, str]
    take: Callable[[], Body]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`file` from `first`, `length` bytes, or `body`."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: Path | None = None
    first: int = 0
    length: int = 0


def action_of(method: str, key: str, query: dict[str, str]) -> str:
    """The S3 name of what is asked. Raises Refusal for what this server does not know."""
    if not key:
        rows = {("GET", "list-type"): "ListObjectsV2", ("GET", "uploads"): "ListMultipartUploads"}
        found = next((name for (verb, word), name in rows.items() if verb == method and word in query), "")
        found = found or ("HeadBucket" if method == "HEAD" else "")
    else:
        word = "uploads" if "uploads" in query else "uploadId" if "uploadId" in query else ""
        found = _OF_KEY.get((method, word), "")
    if not found or set(query) & {"acl", "tagging", "versionId", "delimiter", "retention", "legal-hold", "policy"}:
        raise Refusal("NotImplemented", f"This server does not know {method} with {sorted(query)}")
    return found


_OF_KEY: Final = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListParts",
}


def head_bucket(_: Bucket, __: Request) -> Answer:
    return Answer()


def put_object(bucket: Bucket, request: Request) -> Answer:
    if "x-amz-copy-source" in request.headers:
        raise Refusal("NotImplemented", "This server does not copy")
    only_new, body = _only_new(request.headers), request.take()
    try:
        thing = bucket.put(request.key, body, _meta(request.headers), only_new)
    except Refusal:
        body.file.unlink()
        raise
    return Answer(headers={"ETag": f'"{thing.etag}"'})


def get_object(bucket: Bucket, request: Request) -> Answer:
    thing = bucket.thing(request.key)
    wanted = request.headers.get("if-match")
    if wanted and wanted.strip('"') != thing.etag:
        raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    headers = _described(thing) | _overridden(request.query)
    asked = request.headers.get("range")
    if not asked:
        return Answer(headers=headers, file=thing.file, length=thing.size)
    first, last = _span(asked, thing.size)
    headers["Content-Range"] = f"bytes {first}-{last}/{thing.size}"
    return Answer(status=206, headers=headers, file=thing.file, first=first, length=last - first + 1)


def delete_object(bucket: Bucket, request: Request) -> Answer:
    bucket.delete(request.key)
    return Answer(status=204)


def create_multipart(bucket: Bucket, request: Request) -> Answer:
    made = bucket.create(request.key, _meta(request.headers))
    inner = _row("Bucket", bucket.name) + _row("Key", request.key) + _row("UploadId", made.id)
    return _xml("InitiateMultipartUploadResult", inner)


def upload_part(bucket: Bucket, request: Request) -> Answer:
    number = int(request.query.get("partNumber") or 0)
    bucket.check_number(number)
    bucket.multipart(request.key, request.query["uploadId"])
    body = request.take()
    try:
        bucket.part(request.key, request.query["uploadId"], number, body)
    except Refusal:
        body.file.unlink()
        raise
    return Answer(headers={"ETag": f'"{body.md5}"'})


def complete_multipart(bucket: Bucket, request: Request) -> Answer:
    told = _told_parts(request.take().file)
    thing = bucket.complete(request.key, request.query["uploadId"], told, _only_new(request.headers))
    return _xml("CompleteMultipartUploadResult", _row("Key", request.key) + _row("ETag", f'"{thing.etag}"'))


def abort_multipart(bucket: Bucket, request: Request) -> Answer:
    bucket.abort(request.key, request.query["uploadId"])
    return Answer(status=204)


def list_parts(bucket: Bucket, request: Request) -> Answer:
    parts = bucket.multipart(request.key, request.query["uploadId"]).parts
    after, most = int(request.query.get("part-number-marker") or 0), _most(request.query, "max-parts")
    numbers = [n for n in sorted(parts) if n > after]
    rows = "".join(_part(n, parts[n]) for n in numbers[:most])
    cut = len(numbers) > most
    marker = _row("NextPartNumberMarker", str(numbers[most - 1])) if cut else ""
    return _xml("ListPartsResult", _row("IsTruncated", str(cut).lower()) + marker + rows)


def list_objects(bucket: Bucket, request: Request) -> Answer:
    query = request.query
    after = bytes.fromhex(query.get("continuation-token", "")).decode() or query.get("start-after", "")
    keys = sorted(k for k in list(bucket.things) if k.startswith(query.get("prefix", "")) and k > after)
    most = _most(query, "max-keys")
    cut = len(keys) > most
    token = _row("NextContinuationToken", keys[most - 1].encode().hex()) if cut else ""
    coded = query.get("encoding-type") == "url"
    rows = "".join(_thing(quote(k) if coded else k, bucket.things[k]) for k in keys[:most])
    head = _row("EncodingType", "url") if coded else ""
    return _xml("ListBucketResult", head + _row("IsTruncated", str(cut).lower()) + token + rows)


def list_multiparts(bucket: Bucket, request: Request) -> Answer:
    found = sorted((m for m in list(bucket.multiparts.values())), key=lambda m: (m.key, m.id))
    found = [m for m in found if m.key.startswith(request.query.get("prefix", ""))]
    if len(found) > MOST_LISTED or "key-marker" in request.query:
        raise Refusal("NotImplemented", "This server lists at most 1000 multipart uploads, on one page")
    return _xml("ListMultipartUploadsResult", _row("IsTruncated", "false") + "".join(_multipart(m) for m in found))


ACTIONS: Final[dict[str, Callable[[Bucket, Request], Answer]]] = {
    "HeadBucket": head_bucket,
    "PutObject": put_object,
    "GetObject": get_object,
    "HeadObject": get_object,
    "DeleteObject": delete_object,
    "CreateMultipartUpload": create_multipart,
    "UploadPart": upload_part,
    "CompleteMultipartUpload": complete_multipart,
    "AbortMultipartUpload": abort_multipart,
    "ListParts": list_parts,
    "ListObjectsV2": list_objects,
    "ListMultipartUploads": list_multiparts,
}


def _meta(headers: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k.startswith("x-amz-meta-") or k == "content-type"}


def _only_new(headers: dict[str, str]) -> bool:
    wanted = headers.get("if-none-match")
    if wanted not in (None, "*"):
        raise Refusal("NotImplemented", "If-None-Match on a write takes * only")
    return wanted == "*"


def _described(thing: Thing) -> dict[str, str]:
    told = {
        "ETag": f'"{thing.etag}"',
        "Last-Modified": format_datetime(thing.at, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    return told | thing.meta


def _overridden(query: dict[str, str]) -> dict[str, str]:
    return {k.removeprefix("response-").title(): v for k, v in query.items() if k.startswith("response-")}


def _span(asked: str, size: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(asked)
    if not found or found.groups() == ("", ""):
        raise Refusal("InvalidArgument", "The range is not one that this server reads")
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
    else:
        first, last = max(0, size - int(found[2])), size - 1
    if first > last:
        raise Refusal("InvalidRange", "The requested range is not satisfiable")
    return first, last


def _told_parts(file: Path) -> list[tuple[int, str]]:
    text = file.read_bytes()
    file.unlink()
    try:
        if b"<!DOCTYPE" in text:
            raise ValueError("no document types here")
        root = ElementTree.fromstring(text)  # noqa: S314 - without a DTD no entity is expanded
        return [
            (int(p.findtext("{*}PartNumber") or ""), p.findtext("{*}ETag") or "") for p in root.iter() if _is_part(p)
        ]
    except (ElementTree.ParseError, ValueError) as cause:
        raise Refusal("MalformedXML", f"The XML you provided was not well-formed: {cause}") from None


def _is_part(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "Part"


def _most(query: dict[str, str], name: str) -> int:
    return max(1, min(MOST_LISTED, int(query.get(name) or MOST_LISTED)))


def _xml(name: str, inner: str) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{NAMESPACE}">{inner}</{name}>'
    return Answer(headers={"Content-Type": "application/xml"}, body=text.encode())


def _row(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _part(number: int, part: Body) -> str:
    inner = _row("PartNumber", str(number)) + _row("ETag", f'"{part.md5}"') + _row("Size", str(part.size))
    return f"<Part>{inner}</Part>"


def _thing(key: str, thing: Thing) -> str:
    rows = {"Key": key, "LastModified": _iso(thing.at), "ETag": f'"{thing.etag}"', "Size": str(thing.size)}
    return f"<Contents>{''.join(_row(k, v) for k, v in rows.items())}</Contents>"


def _multipart(made: Multipart) -> str:
    rows = {"Key": made.key, "UploadId": made.id, "Initiated": _iso(made.begun)}
    return f"<Upload>{''.join(_row(k, v) for k, v in rows.items())}</Upload>"
