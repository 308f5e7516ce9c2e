"""The lab's S3 server against plain boto3: it accepts what is right, also over TLS with trailers, and nothing else."""

import io
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.certificates import Authority
from lab.s3 import Rules, S3Server

SECRET = "SK"


@pytest.fixture(params=["http", "https"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[S3Server]:
    authority, context = Authority.make(), None
    authority.write(tmp_path / "ca.pem")
    if request.param == "https":
        authority.issue("s3", tmp_path / "cert.pem", tmp_path / "key.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    (tmp_path / "bucket").mkdir()
    server = S3Server(tmp_path / "bucket", keys={"AK": SECRET}, tls=context)
    yield server
    server.close()


def client(
    lab: S3Server, folder: Path, secret: str = SECRET, region: str = "us-east-1", signed: bool = False, **more: Any
) -> Any:
    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path", "payload_signing_enabled": signed},
        proxies={},
        **more,
    )
    return boto3.client(
        "s3",
        endpoint_url=lab.endpoint,
        region_name=region,
        aws_access_key_id="AK",
        aws_secret_access_key=secret,
        verify=str(folder / "ca.pem"),
        config=config,
    )


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(Bucket="lab", **parameters)
    return str(caught.value.response["Error"]["Code"])


def test_plain_boto_puts_gets_lists_and_deletes(lab: S3Server, tmp_path: Path) -> None:
    s3 = client(lab, tmp_path)
    seen: list[str] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(str(request.headers)))
    s3.put_object(Bucket="lab", Key="a b/中+文.txt", Body=b"hello" * 100, Metadata={"x": "y"})
    s3.put_object(Bucket="lab", Key="b", Body=io.BytesIO(b"x" * 3_000_000), ChecksumAlgorithm="SHA256")
    s3.upload_fileobj(io.BytesIO(b"z" * 20_000_000), "lab", "big")
    assert ("STREAMING-UNSIGNED-PAYLOAD-TRAILER" in "".join(seen)) == lab.endpoint.startswith("https")
    assert s3.get_object(Bucket="lab", Key="a b/中+文.txt")["Body"].read() == b"hello" * 100
    assert s3.head_object(Bucket="lab", Key="a b/中+文.txt")["Metadata"] == {"x": "y"}
    assert s3.get_object(Bucket="lab", Key="big", Range="bytes=-3")["Body"].read() == b"zzz"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lab", PaginationConfig={"PageSize": 2})
    assert [row["Key"] for page in pages for row in page["Contents"]] == ["a b/中+文.txt", "b", "big"]
    s3.delete_object(Bucket="lab", Key="b")
    assert code_of(s3.get_object, Key="b") == "NoSuchKey"


def test_a_wrong_secret_or_region_is_refused_in_headers_and_in_links(lab: S3Server, tmp_path: Path) -> None:
    client(lab, tmp_path).put_object(Bucket="lab", Key="a", Body=b"1")
    for wrong in (client(lab, tmp_path, secret="no"), client(lab, tmp_path, region="eu-west-1")):
        assert code_of(wrong.put_object, Key="b", Body=b"1") == "SignatureDoesNotMatch"
        link = wrong.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": "a"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(link, context=ssl.create_default_context(cafile=tmp_path / "ca.pem"))  # noqa: S310 - loopback
        caught.value.close()
        assert caught.value.code in (400, 403)
    assert list(lab.bucket.things) == ["a"]


@pytest.mark.parametrize("what", ["body", "method", "header"])
def test_a_request_changed_after_it_was_signed_is_refused(lab: S3Server, tmp_path: Path, what: str) -> None:
    s3 = client(lab, tmp_path)
    s3.put_object(Bucket="lab", Key="a", Body=b"one")

    def change(request: Any, **_: Any) -> None:
        if what == "body":
            request.body = (
                io.BytesIO(b"two") if isinstance(request.body, bytes) else io.BytesIO(raw(request.body, b"two"))
            )
        elif what == "method":
            request.method = "DELETE"
        else:
            request.headers["x-amz-meta-more"] = "unsigned"

    s3.meta.events.register("before-send.s3", change)
    with pytest.raises(ClientError):
        s3.put_object(Bucket="lab", Key="a", Body=b"one")
    assert lab.bucket.things["a"].file.read_bytes() == b"one"


def raw(body: Any, other: bytes) -> bytes:
    """The body with other bytes of the same length; a trailing checksum stays as it was."""
    return bytes(body.read()).replace(b"one", other)


def test_a_signed_payload_without_any_checksum_is_checked_by_its_hash(lab: S3Server, tmp_path: Path) -> None:
    s3 = client(lab, tmp_path, request_checksum_calculation="when_required", signed=True)

    def change(request: Any, **_: Any) -> None:
        assert not [name for name in request.headers if name.lower().startswith("x-amz-checksum")]
        request.body = io.BytesIO(b"two")

    s3.put_object(Bucket="lab", Key="a", Body=b"one")
    s3.meta.events.register("before-send.s3", change)
    assert code_of(s3.put_object, Key="a", Body=b"one") == "XAmzContentSHA256Mismatch"
    assert lab.bucket.things["a"].file.read_bytes() == b"one"


def test_the_rules_on_parts_are_kept(lab: S3Server, tmp_path: Path) -> None:
    s3 = client(lab, tmp_path)
    assert lab.bucket.rules == Rules(least_part=5 * 1024 * 1024, most_parts=10_000)
    id_ = s3.create_multipart_upload(Bucket="lab", Key="m")["UploadId"]
    told = {"Key": "m", "UploadId": id_}
    assert code_of(s3.upload_part, **told, PartNumber=10_001, Body=b"x") == "InvalidArgument"
    etags = [s3.upload_part(Bucket="lab", **told, PartNumber=n, Body=b"x")["ETag"] for n in (1, 2)]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    wrong = [{"PartNumber": 1, "ETag": '"0"'}]
    assert code_of(s3.complete_multipart_upload, **told, MultipartUpload={"Parts": parts}) == "EntityTooSmall"
    assert code_of(s3.complete_multipart_upload, **told, MultipartUpload={"Parts": wrong}) == "InvalidPart"
    assert code_of(s3.complete_multipart_upload, **told, MultipartUpload={"Parts": parts[::-1]}) == "InvalidPartOrder"
    assert [p["PartNumber"] for p in s3.list_parts(Bucket="lab", **told)["Parts"]] == [1, 2]
    s3.abort_multipart_upload(Bucket="lab", **told)
    assert code_of(s3.list_parts, **told) == "NoSuchUpload"
    assert list(lab.bucket.folder.iterdir()) == []


def test_what_it_does_not_know_it_says(lab: S3Server, tmp_path: Path) -> None:
    s3 = client(lab, tmp_path)
    assert code_of(s3.list_objects_v2, Delimiter="/") == "NotImplemented"
    assert code_of(s3.get_object_tagging, Key="a") == "NotImplemented"
