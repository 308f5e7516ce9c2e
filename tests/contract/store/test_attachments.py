"""Files of a request are kept byte for byte, within their limits, and told in the audit trail."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import Conflict, Mistake, NotFound
from domain.event import Kind
from domain.job import Job, State
from intake.attach import MAX_BYTES, MOST, attach, attachments, read_attachment
from intake.desk import Desk
from intake.read import events_of, head, verify_audit
from intake.submit import submit
from tests.stage import CHEN, LI, OPERATOR, HandClock, wish

AtOnce = Callable[[list[Callable[[], object]]], list[object]]
EVERY_BYTE = bytes(range(256)) * 3


@pytest.fixture
def number(desk: Desk) -> int:
    return submit(desk, LI, wish("free")).number


@pytest.mark.req("INT-2")
def test_a_file_comes_back_as_it_was_sent_from_any_process(desk: Desk, twin_desk: Desk, number: int) -> None:
    added = attach(desk, LI, number, "授权书 🗎.pdf", EVERY_BYTE, "application/pdf")
    found = read_attachment(twin_desk, LI, number, added.id)
    assert found.content == EVERY_BYTE
    assert found.sha256 == hashlib.sha256(EVERY_BYTE).hexdigest()
    assert (found.name, found.media_type, found.size) == ("授权书 🗎.pdf", "application/pdf", len(EVERY_BYTE))
    assert (found.added_by, found.added_at) == ("li", desk.store.clock.now())


@pytest.mark.req("INT-2")
def test_a_file_of_exactly_five_mebibytes_is_kept_and_one_byte_more_is_not(desk: Desk, number: int) -> None:
    whole = EVERY_BYTE[:256] * (MAX_BYTES // 256)
    added = attach(desk, LI, number, "dump.bin", whole)
    assert read_attachment(desk, LI, number, added.id).content == whole
    with pytest.raises(Mistake) as mistake:
        attach(desk, LI, number, "dump.bin", whole + b"!")
    assert [f.code for f in mistake.value.faults] == ["too-large"]
    assert len(attachments(desk, LI, number)) == 1


def test_files_are_listed_in_the_order_in_which_they_came_without_content(
    desk: Desk, number: int, clock: HandClock
) -> None:
    for name in ("c.txt", "a.txt", "b.txt"):
        attach(desk, LI, number, name, b"words")
        clock.move(seconds=1)
    listed = attachments(desk, LI, number)
    assert [(a.name, a.content) for a in listed] == [("c.txt", b""), ("a.txt", b""), ("b.txt", b"")]


@pytest.mark.req("INT-2")
def test_an_event_tells_of_each_file_and_the_chain_is_whole(desk: Desk, number: int) -> None:
    added = attach(desk, LI, number, "a.txt", b"words")
    event = events_of(desk, LI, number)[-1]
    assert (event.kind, event.actor) == (Kind.ATTACHED, "li")
    assert event.facts == {"id": added.id, "name": "a.txt", "size": 5, "sha256": added.sha256}
    assert verify_audit(desk).broken_at is None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": "../../etc/passwd"}, "name"),
        ({"name": "C:\\x.txt"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": ".."}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "harmless\u202efdp.exe"}, "name"),
        ({"name": "half \ud83d"}, "name"),
        ({"content": b""}, "content"),
        ({"media_type": "png"}, "media_type"),
        ({"media_type": "text/" + "x" * 96}, "media_type"),
        ({"media_type": "text/html; charset=utf-8"}, "media_type"),
    ],
)
def test_a_wrong_file_is_refused_and_leaves_no_trace(
    desk: Desk, number: int, changes: dict[str, Any], path: str
) -> None:
    before = head(desk)
    with pytest.raises(Mistake) as mistake:
        attach(desk, LI, number, **{"name": "a.txt", "content": b"words", **changes})
    assert [f.path for f in mistake.value.faults] == [path]
    assert (head(desk), attachments(desk, LI, number)) == (before, [])


def test_every_fault_of_a_file_is_told_at_once(desk: Desk, number: int) -> None:
    with pytest.raises(Mistake) as mistake:
        attach(desk, LI, number, "a/b", b"", "?")
    assert [f.path for f in mistake.value.faults] == ["name", "content", "media_type"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (office := "application/vnd.openxmlformats-officedocument.presentationml.presentation", office),
        ("Image/PNG", "image/png"),
        ("text/" + "x" * 95, "text/" + "x" * 95),
    ],
)
def test_long_media_types_and_names_fit(desk: Desk, number: int, given: str, kept: str) -> None:
    added = attach(desk, LI, number, "名" * 200, b"words", given)
    assert read_attachment(desk, LI, number, added.id).media_type == kept


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED, State.REJECTED])
def test_a_request_that_has_ended_takes_no_files(desk: Desk, put_job: Callable[..., Job], state: State) -> None:
    with pytest.raises(Conflict):
        attach(desk, LI, put_job(state=state).number, "a.txt", b"words")


def test_however_many_come_at_once_only_ten_are_kept(desk: Desk, twin_desk: Desk, number: int, at_once: AtOnce) -> None:
    works = [lambda d=d, n=n: attach(d, LI, number, f"{n}.txt", b"words") for n, d in enumerate((desk, twin_desk) * 8)]
    answers = at_once(works)
    assert [isinstance(a, Conflict) for a in answers].count(True) == len(works) - MOST, answers
    assert len(attachments(desk, LI, number)) == MOST


@pytest.mark.req("INT-2")
def test_files_of_anothers_request_do_not_exist_and_the_provider_sees_all(desk: Desk, number: int) -> None:
    added = attach(desk, LI, number, "a.txt", b"words")
    for look in (
        lambda: attach(desk, CHEN, number, "b.txt", b"words"),
        lambda: attachments(desk, CHEN, number),
        lambda: read_attachment(desk, CHEN, number, added.id),
    ):
        with pytest.raises(NotFound):
            look()
    assert read_attachment(desk, OPERATOR, number, added.id).content == b"words"


@pytest.mark.parametrize("wrong", ["0" * 16, "", "a\x00b", "\udcff", "' OR 1=1 --"])
def test_a_file_that_is_none_is_not_found(desk: Desk, number: int, wrong: str) -> None:
    other = submit(desk, LI, wish("free")).number
    added = attach(desk, LI, other, "a.txt", b"words")
    for unknown in (wrong, added.id):  # of another request: not here
        with pytest.raises(NotFound):
            read_attachment(desk, LI, number, unknown)
