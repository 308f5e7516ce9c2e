"""Whatever the bytes are: a recognition, no exception, and no more reading than is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.backup import BUDGET
from media.recognition import Recognition, recognise
from media.sniff import HEAD
from tests.unit.media.files import Backup, Counting, Dac, Tape

pytestmark = [pytest.mark.req("DC-7"), pytest.mark.req("DC-8")]
TAPE = Tape(sets=[Backup(), Backup(type="L")]).write()
DAC = Dac().write()
names = st.sampled_from(["a.bak", "a.bacpac", "a.dacpac", "a", "账套.BAK", ""])
heads = st.sampled_from(
    [b"", b"TAPE", b"MSSQLBAK", b"PK\3\4", b"PK\5\6", b"\x01\x0f", TAPE[:1_100], DAC[:99], DAC[-99:]]
)


def judged(data: bytes, name: str, size: int | None = None) -> Recognition:
    file = Counting(data)
    recognition = recognise(file, name=name, size=len(data) if size is None else size)
    assert file.taken <= min(BUDGET, 3 * len(data) + 200_000) + HEAD
    assert recognition.accepted == (not recognition.refusals)
    assert all(fault.text.zh and fault.text.en for fault in recognition.refusals)
    return recognition


@given(heads, st.binary(max_size=3_000), names)
def test_random_bytes_get_a_recognition(head: bytes, rest: bytes, name: str) -> None:
    judged(head + rest, name)


@given(st.integers(0, len(TAPE) - 1))
def test_no_cut_backup_is_accepted(cut: int) -> None:
    recognition = judged(TAPE[:cut], "a.bak")
    # A cut right after the first of two sets leaves a device with one whole backup.
    assert not recognition.accepted or (recognition.media is not None and len(recognition.media.sets) == 1)


@given(st.integers(0, len(DAC) - 1))
def test_no_cut_package_is_accepted(cut: int) -> None:
    assert not judged(DAC[:cut], "a.bacpac").accepted


@given(st.lists(st.tuples(st.integers(0, len(TAPE) - 1), st.integers(0, 255)), min_size=1, max_size=8), names)
def test_changed_bytes_of_a_backup_get_a_recognition(changes: list[tuple[int, int]], name: str) -> None:
    judged(changed(TAPE, changes), name)


@given(st.lists(st.tuples(st.integers(0, len(DAC) - 1), st.integers(0, 255)), min_size=1, max_size=8), names)
def test_changed_bytes_of_a_package_get_a_recognition(changes: list[tuple[int, int]], name: str) -> None:
    judged(changed(DAC, changes), name)


@given(st.integers(0, 1_023), st.integers(0, 7))
def test_no_bit_of_the_labels_header_can_turn_unnoticed(at: int, bit: int) -> None:
    data = changed(TAPE, [(at, TAPE[at] ^ 1 << bit)])
    if at < 52:
        assert not judged(data, "a.bak").accepted


@given(st.integers(0, 1 << 70), names)
def test_a_size_that_is_not_the_files_gets_a_recognition(size: int, name: str) -> None:
    judged(TAPE, name, size)


def changed(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    mutable = bytearray(data)
    for at, value in changes:
        mutable[at] = value
    return bytes(mutable)
