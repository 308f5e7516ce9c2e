"""A script's bytes become its very text, or a refusal; never a replacement character."""

import codecs
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Mistake
from tsql.reading import ENCODINGS, Encoding, decode

pytestmark = pytest.mark.req("SQL-2")

SCRIPT = "SELECT N'甲乙' -- 'ü'\r\nGO\r\n"


def text(data: bytes, declared: Encoding | None = None) -> str:
    return "".join(decode([data], declared))


def code(data: bytes, declared: Encoding | None = None) -> str:
    with pytest.raises(Mistake) as caught:
        text(data, declared)
    (fault,) = caught.value.faults
    assert fault.path == "script"
    return fault.code


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (SCRIPT.encode(), None),
        (codecs.BOM_UTF8 + SCRIPT.encode(), None),
        (codecs.BOM_UTF16_LE + SCRIPT.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + SCRIPT.encode("utf-16-be"), None),
        (SCRIPT.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_LE + SCRIPT.encode("utf-16-le"), "utf-16-le"),
        (SCRIPT.encode("gb18030"), "gb18030"),
    ],
)
def test_a_mark_or_a_declaration_says_what_the_bytes_are(data: bytes, declared: Encoding | None) -> None:
    assert text(data, declared) == SCRIPT


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        (SCRIPT.encode("gb18030"), None, "encoding-wrong"),
        ("ü".encode("windows-1252"), None, "encoding-wrong"),
        (SCRIPT.encode("utf-16-le"), None, "encoding-unknown"),
        (b"\x00\x01\x02", None, "encoding-unknown"),
        (SCRIPT.encode("utf-32"), None, "utf-32"),
        (codecs.BOM_UTF8 + SCRIPT.encode(), "gb18030", "encoding-contradicted"),
        (b"abc", "utf-16-le", "encoding-wrong"),
        (b"SELECT '\xed\xa0\xbd'", None, "encoding-wrong"),
        (codecs.BOM_UTF16_LE + b"\x3d\xd8a\x00", None, "encoding-wrong"),
    ],
    ids=["gb18030", "1252", "utf-16", "binary", "utf-32", "contradicted", "odd", "surrogate-8", "surrogate-16"],
)
def test_what_is_no_text_in_that_encoding_is_refused(data: bytes, declared: Encoding | None, expected: str) -> None:
    assert code(data, declared) == expected


def test_the_refusal_says_from_which_byte_on_and_what_to_do() -> None:
    with pytest.raises(Mistake) as caught:
        "".join(decode([b"\xef\xbb\xbf" + b"x" * 2000, "甲".encode()[:2], b"!"]))
    assert "byte 2003 " in caught.value.text.en
    assert "gb18030" in caught.value.text.en


@given(st.text(), st.sampled_from(ENCODINGS), st.lists(st.integers(0, 400), max_size=6))
def test_how_the_bytes_are_cut_into_chunks_changes_nothing(script: str, encoding: Encoding, cuts: list[int]) -> None:
    try:
        data = script.encode(encoding)
    except UnicodeEncodeError:
        return
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    chunks = [data[a:b] for a, b in itertools.pairwise(edges)]
    marked = any(data.startswith(m) for m in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    marked = marked or data.startswith(codecs.BOM_UTF32_BE)
    assert marked or "".join(decode(chunks, encoding)) == script
