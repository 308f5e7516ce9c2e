"""A scan is known by its own bytes, and only if none of them is missing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.scan import NoScan, Scan, scan_in
from tests.scans import GIF, JPEG, PDF, PNG, chunk

pytestmark = pytest.mark.req("LET-1")
KINDS = {"application/pdf": PDF, "image/jpeg": JPEG, "image/gif": GIF, "image/png": PNG}
each_kind = pytest.mark.parametrize(("media_type", "content"), KINDS.items(), ids=KINDS)
IHDR, IDAT = PNG[:33], PNG[33:-12]


def _elsewhere(at: int) -> bytes:
    """The PDF with another place for its table of contents."""
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % at, PDF)


def refused(content: bytes) -> str:
    found = scan_in(content)
    assert isinstance(found, NoScan)
    assert found.text.zh
    assert found.text.en
    return found.code


@each_kind
def test_a_whole_file_is_what_its_bytes_say(media_type: str, content: bytes) -> None:
    found = scan_in(content)
    assert isinstance(found, Scan)
    assert found.media_type == media_type


@each_kind
def test_a_file_that_lacks_its_end_is_broken_wherever_it_was_cut(media_type: str, content: bytes) -> None:
    whole = len(content.rstrip()) if media_type == "application/pdf" else len(content)
    assert {refused(content[:length]) for length in range(10, whole)} == {"broken"}


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00", b"<html>", b"PK\x03\x04", b"TAPE", b" " + PDF, b"BM\x00\x00", b"II*\x00", b"RIFF\0\0\0\0WEBP"],
)
def test_what_begins_as_none_of_them_is_no_scan(content: bytes) -> None:
    assert refused(content) == "unknown-kind"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_elsewhere(7), id="a table of contents that is not there"),
        pytest.param(_elsewhere(9_999_999_999), id="one beyond the end"),
        pytest.param(PDF + b"<script>alert(1)</script>" * 200, id="a page behind the end of a PDF"),
        pytest.param(PNG[:29] + b"\0\0\0\0" + PNG[33:], id="a header with a wrong checksum"),
        pytest.param(IHDR + PNG[-12:], id="a PNG without a picture"),
        pytest.param(PNG[:8] + IDAT + PNG[-12:], id="a PNG without a header"),
        pytest.param(PNG + chunk(b"tEXt", b"more"), id="something behind the end of a PNG"),
        pytest.param(PNG[:8] + chunk(b"IHDR", bytes(13)) + PNG[33:], id="a PNG of no size"),
        pytest.param(JPEG.replace(b"\x08\x00\x01\x00\x01", b"\x08\x00\x00\x00\x01"), id="a JPEG of no height"),
        pytest.param(JPEG[:20] + JPEG[33:], id="a JPEG without a frame"),
        pytest.param(GIF[:27] + b";", id="a GIF without an image"),
        pytest.param(GIF.replace(b",\0\0\0\0\1\0", b",\0\0\0\0\0\0"), id="a GIF of no width"),
    ],
)
def test_a_damaged_file_is_broken(content: bytes) -> None:
    assert refused(content) == "broken"


def test_an_encrypted_pdf_is_refused_since_nobody_could_review_it() -> None:
    assert refused(PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 9 0 R")) == "encrypted"


@each_kind
@given(data=st.data())
def test_no_bytes_make_the_check_fail(media_type: str, content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(3, len(content)))
    found = scan_in(content[:at] + data.draw(st.binary(max_size=60)) + content[at:])
    assert isinstance(found, Scan | NoScan)
