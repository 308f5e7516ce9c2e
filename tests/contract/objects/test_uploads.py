"""Resumable uploads: the offset is what is durable, and what was acknowledged is never lost."""

import os
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.artifact import ArtifactStore, Upload
from domain.errors import Conflict, Mistake, NotFound
from tests.contract.objects.conftest import PART, Room, key, sha
from tests.contract.objects.test_artifacts import assert_nothing, content, cut, read


def broken(data: bytes, at: int) -> Iterator[bytes]:
    """A sender whose line breaks after `at` bytes."""
    yield from cut(data[:at], 700)
    raise ConnectionError("the browser went away")


def carried(room: Room, other: ArtifactStore, upload: Upload, data: bytes, chance: random.Random) -> int:
    """Send all of it over a line that breaks at random bytes; how often it broke."""
    breaks = 0
    while (offset := room.store.offset(upload)) < len(data):
        stop = chance.randint(0, len(data) - offset)
        if breaks < 5 and chance.random() < 0.8:
            with pytest.raises(ConnectionError):
                room.store.append(upload, offset, broken(data[offset:], stop))
            breaks += 1
            assert other.offset(upload) == offset + stop
        else:
            assert room.store.append(upload, offset, cut(data[offset : offset + stop])) == offset + stop
    return breaks


@pytest.mark.req("DC-7")
def test_two_hundred_uploads_interrupted_at_random_bytes_arrive_whole(room: Room) -> None:
    chance, breaks, other = random.Random(7), 0, room.again()
    for number in range(200):
        data = chance.randbytes(chance.randint(0, 3 * PART))
        upload = room.store.begin(key(str(number)), len(data))
        breaks += carried(room, other, upload, data, chance)
        assert other.finish(other.upload(upload.id), sha(data)).sha256 == sha(data)
        assert read(room, key(str(number))) == data
    assert breaks > 200
    assert len(list(room.store.list())) == 200
    assert room.leftovers() == []


@pytest.mark.req("DC-7")
def test_an_append_elsewhere_than_at_the_offset_is_refused_and_tells_it(room: Room) -> None:
    upload = room.store.begin(key("1"), 10)
    assert room.store.append(upload, 0, [b"abcd"]) == 4
    for wrong in (0, 3, 5):
        with pytest.raises(Conflict) as caught:
            room.store.append(upload, wrong, [b"x"])
        assert caught.value.facts["offset"] == 4
    assert room.store.offset(upload) == 4


def test_bytes_over_the_size_are_refused_and_what_came_before_stays(room: Room) -> None:
    upload = room.store.begin(key("1"), 5)
    with pytest.raises(Mistake):
        room.store.append(upload, 0, [b"abc", b"def"])
    assert room.store.offset(upload) == 3
    assert room.store.append(upload, 3, [b"de"]) == 5
    assert room.store.finish(upload).sha256 == sha(b"abcde")


def test_an_incomplete_upload_is_not_finished_and_can_go_on(room: Room) -> None:
    upload = room.store.begin(key("1"), 5)
    room.store.append(upload, 0, [b"abc"])
    with pytest.raises(Conflict):
        room.store.finish(upload)
    with pytest.raises(NotFound):
        room.store.head(key("1"))
    room.store.append(upload, 3, [b"de"])
    assert room.store.finish(upload).size == 5


@pytest.mark.req("DC-7")
@pytest.mark.parametrize("size", [5, 3 * PART])
def test_an_upload_with_another_hash_than_told_leaves_nothing(room: Room, size: int) -> None:
    upload = room.store.begin(key("1"), size)
    room.store.append(upload, 0, [content(size)])
    with pytest.raises(Mistake):
        room.store.finish(upload, "0" * 64)
    assert_nothing(room)
    with pytest.raises(NotFound):
        room.store.offset(upload)


@pytest.mark.parametrize("size", [0, 5, 3 * PART])
def test_finishing_twice_gives_the_same_answer(room: Room, size: int) -> None:
    upload = room.store.begin(key("1"), size)
    room.store.append(upload, 0, [content(size)])
    first = room.store.finish(upload)
    assert room.again().finish(upload, first.sha256).at == first.at
    with pytest.raises(NotFound):
        room.store.finish(upload, "0" * 64)


@pytest.mark.req("DC-7")
def test_an_abandoned_upload_is_gone(room: Room) -> None:
    upload = room.store.begin(key("1"), 5)
    room.store.append(upload, 0, [b"abc"])
    room.store.abandon(upload)
    room.store.abandon(upload)
    for ask in (room.store.offset, room.store.finish, lambda u: room.store.append(u, 3, [b"de"])):
        with pytest.raises(NotFound):
            ask(upload)
    assert_nothing(room)


@pytest.mark.parametrize("id_", ["", "..", "../artifacts", "0" * 32, "x" * 5000, "a/b"])
def test_an_id_that_is_none_is_not_found_and_is_no_path(room: Room, id_: str) -> None:
    with pytest.raises(NotFound):
        room.store.upload(id_)


def test_stale_uploads_are_told_and_fresh_ones_are_not(room: Room) -> None:
    upload = room.store.begin(key("1"), 5)
    room.store.append(upload, 0, [b"abc"])
    assert list(room.store.stale(timedelta(hours=1))) == []
    assert [u.id for u in room.store.stale(timedelta(0))] == [upload.id]
    for found in room.store.stale(timedelta(0)):
        room.store.abandon(found)
    assert room.leftovers() == []


def test_two_writers_of_one_upload_are_told_apart_and_a_sweeper_lets_them_be(durable: Room) -> None:
    upload = durable.store.begin(key("1"), 10)
    inside, go = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"abc"
        inside.set()
        assert go.wait(20)
        yield b"def"

    first = threading.Thread(target=lambda: durable.store.append(upload, 0, slow()))
    first.start()
    assert inside.wait(20)
    with pytest.raises(Conflict):
        durable.again().append(upload, 3, [b"xyz"])
    assert list(durable.again().stale(timedelta(0))) == []
    go.set()
    first.join()
    assert durable.store.offset(upload) == 6


def test_old_rubbish_of_a_crash_is_swept_and_young_is_left(durable: Room) -> None:
    assert durable.folder is not None
    old, young = durable.folder / "staging" / ".old", durable.folder / "staging" / ".young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "data").write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    assert list(durable.store.stale(timedelta(hours=1))) == []
    assert not old.exists()
    assert young.exists()
