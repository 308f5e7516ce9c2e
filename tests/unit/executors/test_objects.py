"""Byte ranges, keys and part sizes, for any numbers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import ArtifactKey, OutOfRange, Range
from domain.errors import Mistake
from executors.objects_pieces import MOST_PARTS, part_bytes, pieces_of

MIB = 1024 * 1024
NUMBERS = st.integers(0, 300)


@pytest.mark.req("DC-4")
@given(first=st.none() | NUMBERS, last=st.none() | NUMBERS, size=NUMBERS)
def test_a_range_is_the_slice_that_http_means(first: int | None, last: int | None, size: int) -> None:
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        with pytest.raises(Mistake):
            Range.parse(header)
        return
    data = list(range(size))
    wanted = data[max(0, size - (last or 0)) :] if first is None else data[first : None if last is None else last + 1]
    if not wanted:
        with pytest.raises(OutOfRange) as caught:
            Range.parse(header).of(size)
        assert caught.value.facts == {"size": size, "content_range": f"bytes */{size}"}
        return
    start, length = Range.parse(header).of(size)
    assert data[start : start + length] == wanted


@given(st.text())
def test_any_other_header_is_a_mistake_and_nothing_else(header: str) -> None:
    try:
        Range.parse(header)
    except Mistake:
        return
    assert header.lower().startswith("bytes=")


@pytest.mark.parametrize(
    "header", ["bytes=0-1,3-4", "bytes=-", "items=0-1", "bytes=a-b", "bytes=1--2", "", "bytes=²-3"]
)
def test_several_ranges_and_nonsense_are_refused(header: str) -> None:
    with pytest.raises(Mistake):
        Range.parse(header)


@pytest.mark.parametrize(
    "part", ["", ".", "..", "a/b", "a\\b", "A", "a.", ".a", "nul", "con.bak", "a b", "账套", "a\n", "a" * 101, "c:"]
)
def test_a_key_with_a_part_that_is_no_safe_file_name_is_a_mistake(part: str) -> None:
    with pytest.raises(Mistake):
        ArtifactKey(tenant="acme", kind="backup", run="1", name=part)
    with pytest.raises(Mistake):
        ArtifactKey.parse(f"{part}/backup/1/a.bak")


def test_a_key_is_not_longer_than_two_hundred() -> None:
    assert len(str(ArtifactKey(tenant="a" * 97, kind="b", run="1", name="c" * 98))) == 200
    with pytest.raises(Mistake):
        ArtifactKey(tenant="a" * 99, kind="b", run="1", name="c" * 98)


@given(st.from_regex(r"[a-z0-9]{1,20}/[a-z]{1,10}/[0-9]{1,9}/[a-z0-9][a-z0-9_.-]{0,20}[a-z0-9]", fullmatch=True))
def test_a_key_is_read_as_it_is_written(text: str) -> None:
    try:
        parsed = ArtifactKey.parse(text)
    except Mistake:  # the names that Windows keeps
        assert any(word in text for word in ("con", "prn", "aux", "nul", "com", "lpt"))
        return
    assert str(parsed) == text


@given(st.integers(0, 100 * 1024**4))
def test_parts_of_a_known_size_are_few_and_large_enough(size: int) -> None:
    part = part_bytes(size, 1, 16 * MIB)
    assert part == max(16 * MIB, (size + 8999) // 9000)
    assert -(-size // part) <= 9000


def test_parts_of_an_unknown_size_reach_the_largest_object_within_the_rules() -> None:
    sizes = [part_bytes(None, number, 16 * MIB) for number in range(1, MOST_PARTS + 1)]
    total, used = 0, 0
    while total < 5 * 1024**4:
        total, used = total + sizes[used], used + 1
    assert used <= MOST_PARTS
    assert max(sizes[:used]) <= 5 * 1024**3


@given(chunks=st.lists(st.binary(max_size=50)), told=st.booleans(), least=st.integers(1, 40))
def test_pieces_are_the_stream_and_all_but_the_last_are_full(chunks: list[bytes], told: bool, least: int) -> None:
    data, got = b"".join(chunks), []
    for piece in pieces_of(chunks, len(data) if told else None, least, Path("/nowhere")):  # never spooled: too small
        with piece.file:
            got.append(piece.file.read())
        assert piece.number == len(got)
        assert piece.full == (piece.size == least)
    assert b"".join(got) == data
    assert all(len(g) == least for g in got[:-1])
