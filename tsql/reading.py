"""What a script's bytes say: text, or a refusal. Never a replacement character: a guess could change the data.

A byte order mark decides; without one it is UTF-8 or what the sender declared. Nothing is guessed from frequencies.
"""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, Literal

from domain.errors import Fault, Mistake
from domain.text import Text

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "gb18030", "windows-1252"]
ENCODINGS: Final[tuple[Encoding, ...]] = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "windows-1252")

# The mark of UTF-32 (little endian) begins like that of UTF-16: it is looked at first, and refused.
_MARKS: Final[tuple[tuple[bytes, Encoding | None], ...]] = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENOUGH: Final = 1024
_UTF_32: Final = Text("不支持 UTF-32；请另存为 UTF-8", "UTF-32 is not supported: save the file as UTF-8")
_NO_MARK: Final = Text(
    "文件含有空字节：可能是没有标记的 UTF-16，或者不是文本；请声明编码（utf-16-le、utf-16-be），或另存为 UTF-8",
    "The file holds NUL bytes: it may be UTF-16 without its mark, or no text at all. "
    "Declare the encoding (utf-16-le, utf-16-be), or save it as UTF-8",
)


def decode(chunks: Iterable[bytes], declared: Encoding | None = None, *, path: str = "script") -> Iterator[str]:
    """The script's text, chunk by chunk and without its byte order mark.

    Raises Mistake at `path`: bytes that are not text in that encoding (with the byte's position), a mark that
    contradicts what was declared, UTF-32, or UTF-16 without mark or declaration.
    """
    coming = iter(chunks)
    head = _head(coming)
    encoding, mark = _encoding(head, declared, path)
    decoder, read = codecs.getincrementaldecoder(encoding)("strict"), mark
    for chunk in chain([head[mark:]], coming):
        yield _decoded(decoder, chunk, read, encoding, path)
        read += len(chunk)
    yield _decoded(decoder, b"", read, encoding, path, final=True)


def _head(coming: Iterator[bytes]) -> bytes:
    """The first bytes, at least as many as tell the encoding, if there are so many."""
    head = b""
    while len(head) < _ENOUGH and (chunk := next(coming, None)) is not None:
        head += chunk
    return head


def _encoding(head: bytes, declared: Encoding | None, path: str) -> tuple[Encoding, int]:
    """The encoding, and the length of the byte order mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            if encoding is None:
                raise _refusal(path, "utf-32", _UTF_32)
            if declared not in (None, encoding):
                raise _refusal(path, "encoding-contradicted", _contradiction(str(declared), encoding))
            return encoding, len(mark)
    if declared is None and b"\0" in head[:_ENOUGH]:
        raise _refusal(path, "encoding-unknown", _NO_MARK)
    return declared or "utf-8", 0


def _decoded(
    decoder: codecs.IncrementalDecoder, chunk: bytes, read: int, encoding: Encoding, path: str, *, final: bool = False
) -> str:
    held = len(decoder.getstate()[0])
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        raise _refusal(path, "encoding-wrong", _wrong(encoding, read - held + error.start)) from None


def _refusal(path: str, code: str, text: Text) -> Mistake:
    return Mistake(text, (Fault(path, text, code),))


def _contradiction(declared: str, found: str) -> Text:
    return Text(
        f"声明的编码是 {declared}，但文件头标记是 {found}；请不要声明编码，或另存文件",
        f"The declared encoding is {declared}, but the file's mark says {found}: declare none, or save the file anew",
    )


def _wrong(encoding: str, at: int) -> Text:
    others = ", ".join(e for e in ENCODINGS if e != encoding)
    return Text(
        f"第 {at} 字节起不是 {encoding} 文本；请声明文件的编码（{others}），或另存为 UTF-8",
        f"From byte {at} on this is no {encoding} text: declare the file's encoding ({others}), or save it as UTF-8",
    )
