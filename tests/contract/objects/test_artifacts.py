"""What every artifact store keeps to, whatever it is made of."""

import random
import threading
from collections.abc import Iterator

import pytest

from domain.artifact import ArtifactKey, OutOfRange, Range
from domain.errors import Conflict, Mistake, NotFound, Stopped
from tests.contract.objects.conftest import PART, Room, key, sha

SIZES = [0, 1, PART - 1, PART, PART + 1, 5 * PART, 5 * PART + 7]


def content(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def cut(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def read(room: Room, at: ArtifactKey, range_: Range | None = None) -> bytes:
    with room.store.open(at, range_) as opened:
        return b"".join(opened)


@pytest.mark.req("DC-2")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("told", [True, False])
def test_what_was_put_is_read_back_with_its_hash(room: Room, size: int, told: bool) -> None:
    data = content(size)
    stored = room.store.put(
        key("1"), cut(data), size=size if told else None, sha256=sha(data).upper() if told else None
    )
    assert (stored.key, stored.size, stored.sha256) == (key("1"), size, sha(data))
    assert room.again().head(key("1")) == room.store.head(key("1"))
    assert room.store.head(key("1")).sha256 == sha(data)
    assert read(room, key("1")) == data
    assert room.leftovers() == []


def test_progress_grows_to_the_whole_size(room: Room) -> None:
    said: list[int] = []
    room.store.put(key("1"), cut(content(5 * PART)), said=said.append)
    assert said == sorted(said)
    assert said[-1] == 5 * PART
    assert len(said) > 1


@pytest.mark.req("DC-4")
@pytest.mark.parametrize("header", ["bytes=0-0", "bytes=10-20", "bytes=20000-", "bytes=-5", "bytes=4095-4097"])
def test_a_range_is_those_bytes(room: Room, header: str) -> None:
    data = content(5 * PART + 7)
    room.store.put(key("1"), cut(data))
    first, length = Range.parse(header).of(len(data))
    with room.store.open(key("1"), Range.parse(header)) as opened:
        assert (opened.first, opened.length) == (first, length)
        assert opened.content_range == f"bytes {first}-{first + length - 1}/{len(data)}"
        assert b"".join(opened) == data[first : first + length]


@pytest.mark.req("DC-4")
def test_a_range_outside_is_refused_with_the_size(room: Room) -> None:
    room.store.put(key("1"), [b"abc"])
    with pytest.raises(OutOfRange) as caught:
        room.store.open(key("1"), Range.parse("bytes=3-"))
    assert caught.value.facts == {"size": 3, "content_range": "bytes */3"}


def test_what_is_not_there_is_not_found(room: Room) -> None:
    for ask in (room.store.head, room.store.open):
        with pytest.raises(NotFound):
            ask(key("1"))
    assert room.store.delete(key("1")) is False


def test_a_deleted_artifact_is_gone_and_its_name_is_free(room: Room) -> None:
    room.store.put(key("1"), cut(content(3 * PART)))
    assert room.store.delete(key("1")) is True
    assert list(room.store.list()) == []
    assert room.store.put(key("1"), [b"new"]).size == 3
    assert room.leftovers() == []


def test_a_list_is_in_the_order_of_the_keys_and_a_prefix_is_whole_parts(room: Room) -> None:
    wanted = [
        key("1", tenant="acme"),
        key("1", tenant="acme-2"),
        key("10", "b.bak"),
        key("2", "a.bak"),
        key("2", "a-1.bak"),
    ]
    for one in wanted:
        room.store.put(one, [b"12"])
    assert [str(f.key) for f in room.store.list()] == sorted(map(str, wanted))
    assert {f.key.tenant for f in room.store.list("acme")} == {"acme"}
    assert [str(f.key) for f in room.store.list("acme/backup/2")] == ["acme/backup/2/a-1.bak", "acme/backup/2/a.bak"]
    assert {f.size for f in room.store.list("acme/backup")} == {2}
    assert list(room.store.list("acm")) == []
    for wrong in ("../x", "acme/../..", "a/b/c/d", "/etc"):
        with pytest.raises(Mistake):
            room.store.list(wrong)


@pytest.mark.req("DC-2", "DC-7")
@pytest.mark.parametrize("size", [10, 5 * PART + 7])
@pytest.mark.parametrize(("told_size", "told_hash"), [(1, None), (-1, None), (0, "0" * 64), (None, "0" * 64)], ids=repr)
def test_a_wrong_size_or_hash_leaves_nothing(
    room: Room, size: int, told_size: int | None, told_hash: str | None
) -> None:
    told = None if told_size is None else size + told_size
    with pytest.raises(Mistake):
        room.store.put(key("1"), cut(content(size)), size=told, sha256=told_hash)
    assert_nothing(room)


@pytest.mark.req("DC-2")
@pytest.mark.parametrize("size", [10, 5 * PART])
def test_a_source_that_breaks_leaves_nothing_and_its_own_error_comes_through(room: Room, size: int) -> None:
    def source() -> Iterator[bytes]:
        yield from cut(content(size))
        raise OSError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        room.store.put(key("1"), source())
    assert_nothing(room)


def test_a_put_that_is_asked_to_stop_leaves_nothing(room: Room) -> None:
    seen: list[bytes] = []

    def source() -> Iterator[bytes]:
        for chunk in cut(content(5 * PART)):
            seen.append(chunk)
            yield chunk

    with pytest.raises(Stopped):
        room.store.put(key("1"), source(), stop=lambda: len(seen) > 15)
    assert len(seen) == 16
    assert_nothing(room)


def assert_nothing(room: Room) -> None:
    assert room.leftovers() == []
    assert list(room.again().list()) == []
    with pytest.raises(NotFound):
        room.again().head(key("1"))


@pytest.mark.req("DC-2")
@pytest.mark.parametrize("size", [10, 3 * PART])
def test_nobody_sees_half_an_artifact(room: Room, size: int) -> None:
    other, seen = room.again(), []

    def source() -> Iterator[bytes]:
        for chunk in cut(content(size), 1 if size < PART else 500):
            seen.append([str(f.key) for f in other.list()])
            with pytest.raises(NotFound):
                other.head(key("1"))
            yield chunk

    room.store.put(key("1"), source())
    assert len(seen) > 5
    assert seen == [[]] * len(seen)
    assert other.head(key("1")).size == size


@pytest.mark.parametrize("size", [10, 3 * PART])
def test_a_finished_artifact_is_not_overwritten_by_other_bytes(room: Room, size: int) -> None:
    first, other = content(size), content(size, seed=2)
    room.store.put(key("1"), cut(first))
    for told in (None, sha(other)):
        with pytest.raises(Conflict):
            room.store.put(key("1"), cut(other), sha256=told)
    upload = room.store.begin(key("1"), size)
    room.store.append(upload, 0, cut(other))
    with pytest.raises(Conflict):
        room.store.finish(upload, sha(other))
    assert read(room, key("1")) == first
    assert room.leftovers() == []


def test_the_same_bytes_again_are_no_conflict_and_are_not_stored_again(room: Room) -> None:
    data = content(3 * PART)
    first = room.store.put(key("1"), cut(data))
    assert room.store.put(key("1"), cut(data)).at == first.at
    assert room.store.put(key("1"), iter(()), sha256=sha(data)).at == first.at
    assert room.leftovers() == []


@pytest.mark.parametrize("size", [100, 3 * PART])
def test_of_many_who_put_different_bytes_at_once_one_wins_whole(durable: Room, size: int) -> None:
    results: list[str] = []
    gate = threading.Barrier(4)

    def run(seed: int) -> None:
        data = content(size, seed)

        def source() -> Iterator[bytes]:
            yield data[: size // 3]
            gate.wait(20)
            yield data[size // 3 :]

        try:
            results.append(durable.again().put(key("1"), source()).sha256)
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = durable.store.head(key("1"))
    assert sorted(results) == sorted(["conflict"] * 3 + [winner.sha256])
    assert sha(read(durable, key("1"))) == winner.sha256
    assert durable.leftovers() == []
