"""Bytes from a host become lines, text within a budget, and facts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executors.winrm_output import PIECE_BYTES, Clip, Lines, Transcript, decode

WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    parts = []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]


def transcript(max_bytes: int = 10_000) -> tuple[Transcript, list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    return Transcript(lambda stream, line: said.append((stream, line)), max_bytes), said


@given(st.lists(WORDS, max_size=8), st.lists(st.integers(0, 12), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_lines_come_out_whole_wherever_the_bytes_were_cut(words: list[str], sizes: list[int], end: str) -> None:
    lines = Lines()
    got = [line for part in cut("".join(w + end for w in words).encode(), sizes) for line in lines.feed(part)]
    assert [*got, *lines.end()] == words


@pytest.mark.parametrize("text", ["正在停止服务", "账套测试", "Internet 服务已成功重新启动", "plain"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_is_read_in_utf8_and_in_gbk(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_bytes_of_no_encoding_are_shown_with_marks_instead_of_failing() -> None:
    assert decode(b"ok \xff\xff") == "ok ��"


def test_a_line_without_end_is_shown_in_pieces_and_none_splits_a_character() -> None:
    lines = Lines()
    text = "界" * PIECE_BYTES
    got = lines.feed(text.encode()) + lines.end()
    assert len(got) > 2
    assert "".join(got) == text


@given(st.lists(st.text("ab界", max_size=30), max_size=60), st.integers(0, 300))
def test_a_clip_keeps_head_and_tail_within_its_bytes(lines: list[str], max_bytes: int) -> None:
    clip = Clip(max_bytes)
    for line in lines:
        clip.add(line)
    kept = [line for line in clip.text().split("\n") if "bytes left out" not in line]
    total = sum(len(line.encode()) + 1 for line in lines)
    assert sum(len(line.encode()) + 1 for line in kept) <= max(max_bytes, 1)
    assert (clip.dropped_bytes > 0) == (total > max_bytes or clip.text() != "\n".join(lines))


def test_a_clip_that_is_full_still_shows_the_last_line() -> None:
    clip = Clip(100)
    for number in range(1000):
        clip.add(f"line {number}")
    assert clip.text().startswith("line 0\n")
    assert clip.text().endswith("line 999")


def test_our_marked_lines_are_understood_and_not_said() -> None:
    heard, said = transcript()
    heard.take("stdout", b'@@yunwei:pid {"pid":7,"started":"2024-01-01T00:00:00Z"}\r\nbegun\r\n@@yunwei:fa')
    heard.take("stdout", b'cts {"acted":true}\r\n')
    assert heard.process == {"pid": 7, "started": "2024-01-01T00:00:00Z"}
    assert heard.facts == {"acted": True}
    assert said == [("stdout", "begun")]
    assert heard.text("stdout") == "begun"


def test_the_first_pid_counts_so_that_no_script_can_name_another() -> None:
    heard, _ = transcript()
    heard.take("stdout", b'@@yunwei:pid {"pid":1}\n@@yunwei:pid {"pid":2}\n')
    assert heard.process == {"pid": 1}


def test_a_mark_cut_short_is_output_and_no_fact() -> None:
    heard, said = transcript()
    heard.take("stdout", b'@@yunwei:facts {"acted":tr\n')
    assert not heard.has_facts
    assert said == [("stdout", '@@yunwei:facts {"acted":tr')]


def test_facts_longer_than_any_ordinary_line_arrive_whole() -> None:
    heard, _ = transcript()
    facts = {"text": "界" * 50_000}
    for part in cut(b"@@yunwei:facts " + json.dumps(facts, ensure_ascii=False).encode() + b"\n", [3_000] * 60):
        heard.take("stdout", part)
    assert heard.facts == facts


def test_lines_are_said_until_the_budget_is_spent_and_then_a_note_once() -> None:
    heard, said = transcript(max_bytes=100)
    heard.take("stdout", b"0123456789\n" * 1000)
    assert [stream for stream, _ in said] == ["stdout"] * 9 + ["note"]
    assert heard.truncated


def test_progress_records_on_the_error_stream_are_neither_said_nor_kept() -> None:
    heard, said = transcript()
    record = '<Objs Version="1.1.0.1"><Obj S="progress"><AV>Preparing modules for first use.</AV></Obj></Objs>'
    heard.take("stderr", f"#< CLIXML\r\n{record}".encode())
    heard.end()
    assert said == []
    assert heard.text("stderr") == ""
