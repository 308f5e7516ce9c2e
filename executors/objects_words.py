"""What every artifact store says when it refuses, and the checks that all of them make while bytes pass by."""

import hashlib
from collections.abc import Iterable, Iterator

from domain.artifact import ArtifactKey, Said, Stop, Stored
from domain.errors import Conflict, Mistake, NotFound, Stopped
from domain.text import Text


def checked_sha256(sha256: str | None) -> str | None:
    """A hash in lower-case hexadecimal, or None. Raises Mistake."""
    if sha256 is None:
        return None
    word = sha256.lower()
    if len(word) != 64 or set(word) - set("0123456789abcdef"):
        raise Mistake(Text("SHA-256 须为 64 位十六进制", "A SHA-256 is 64 hexadecimal digits"))
    return word


class Meter:
    """Passes chunks on: counts and hashes them, tells the progress, stops when asked, refuses bytes over the size."""

    def __init__(self, key: ArtifactKey, size: int | None, most: int, said: Said, stop: Stop) -> None:
        self.size = 0
        self.said = 0
        self._key, self._told, self._most, self._said, self._stop = key, size, most, said, stop
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._stop():
                raise Stopped(
                    Text(f"{self._key}：传输已按请求停止", f"{self._key}: stopped on request"), key=str(self._key)
                )
            self.size += len(chunk)
            if self._told is not None and self.size > self._told:
                raise wrong_size(self._key, self._told, self.size)
            if self.size > self._most:
                raise too_large(self._key, self._most)
            self._hash.update(chunk)
            yield chunk

    def say(self, size: int) -> None:
        """So many bytes are stored."""
        self.said = size
        self._said(size)

    def check(self, sha256: str | None) -> None:
        """At the end: size and hash are what was told. Raises Mistake."""
        if self._told is not None and self.size != self._told:
            raise wrong_size(self._key, self._told, self.size)
        check_hash(self._key, sha256, self.sha256)


def check_hash(key: ArtifactKey, told: str | None, found: str) -> None:
    if told is not None and told != found:
        en = f"{key}: the SHA-256 is {found}, not {told} as told: the bytes changed on their way; send them again"
        text = Text(f"{key}：SHA-256 为 {found}，与声明的 {told} 不符：传输中内容有变，请重新发送", en)
        raise Mistake(text, key=str(key), told=told, found=found)


def wrong_size(key: ArtifactKey, told: int, found: int) -> Mistake:
    en = f"{key}: {found} bytes came, {told} were told: send it again, or tell the right size"
    return Mistake(
        Text(f"{key}：收到 {found} 字节，声明为 {told} 字节：请重新发送", en), key=str(key), told=told, found=found
    )


def too_large(key: ArtifactKey, most: int) -> Mistake:
    text = Text(f"{key}：超过上限 {most} 字节", f"{key}: larger than the limit of {most} bytes")
    return Mistake(text, key=str(key), most=most)


def check_told_size(key: ArtifactKey, size: int | None, most: int) -> None:
    """Raises Mistake for a size that cannot be taken, before any byte moves."""
    if size is not None and size < 0:
        raise wrong_size(key, size, 0)
    if size is not None and size > most:
        raise too_large(key, most)


def no_artifact(key: ArtifactKey) -> NotFound:
    return NotFound(Text(f"没有这个文件：{key}", f"There is no such artifact: {key}"), key=str(key))


def no_upload(id_: str) -> NotFound:
    zh, en = f"没有这个上传：{id_[:80]!r}：请重新开始", f"There is no such upload: {id_[:80]!r}: begin anew"
    return NotFound(Text(zh, en), upload=id_[:80])


def taken(stored: Stored) -> Conflict:
    en = f"{stored.key} is finished with other bytes, and is never overwritten: use another run or name"
    text = Text(f"{stored.key} 已存在且内容不同，不会被覆盖：请换一个运行号或文件名", en)
    return Conflict(text, key=str(stored.key), size=stored.size, sha256=stored.sha256)


def same_or_taken(there: Stored, size: int, sha256: str) -> Stored:
    """The artifact that is there, if it has these very bytes. Raises Conflict."""
    if (there.size, there.sha256) != (size, sha256):
        raise taken(there)
    return there


def compared(there: Stored, meter: Meter, stream: Iterable[bytes], sha256: str | None) -> Stored:
    """A put on a key that is taken: nothing is written, the bytes are only compared. Raises Conflict, Mistake."""
    if sha256 is not None and sha256 != there.sha256:
        raise taken(there)
    if sha256 is None:
        for _ in meter.passing(stream):
            meter.say(meter.size)
        meter.check(None)
        return same_or_taken(there, meter.size, meter.sha256)
    return there


def wrong_offset(key: ArtifactKey, asked: int, offset: int) -> Conflict:
    en = f"{key}: the upload is at byte {offset}, not {asked}: go on from there"
    return Conflict(
        Text(f"{key}：上传进度在第 {offset} 字节，而非 {asked}：请从该处继续", en), key=str(key), offset=offset
    )


def busy(key: ArtifactKey) -> Conflict:
    en = f"{key}: another request is writing to this upload: wait for it, then ask for the offset"
    return Conflict(Text(f"{key}：另一请求正在写入该上传：请稍候并重新查询进度", en), key=str(key))


def incomplete(key: ArtifactKey, offset: int, size: int | None) -> Conflict:
    en = f"{key}: the upload has {offset} of {size} bytes: send the rest first"
    return Conflict(Text(f"{key}：已上传 {offset}/{size} 字节：请先传完", en), key=str(key), offset=offset, size=size)
