"""What a scanned paper is, by its own bytes: a PDF or a picture that is there from its beginning to its end.

The name of the file is not asked. Nothing is drawn or unpacked here: what is checked is that the file is of one of the
kinds, and that none of it is missing.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from domain.text import Text

_TAIL: Final = 2048  # a PDF says within so many bytes from its end where its table of contents is
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_XREF: Final = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*$")
_XREF: Final = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)")


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A kind of scan: its media type, and the endings that its name may have."""

    media_type: str
    endings: tuple[str, ...]


PDF: Final = Scan(media_type="application/pdf", endings=(".pdf",))
JPEG: Final = Scan(media_type="image/jpeg", endings=(".jpg", ".jpeg"))
GIF: Final = Scan(media_type="image/gif", endings=(".gif",))
PNG: Final = Scan(media_type="image/png", endings=(".png",))


@dataclass(frozen=True, kw_only=True)
class NoScan:
    """Why a file is not taken for a scan."""

    code: str  # unknown-kind | broken | encrypted
    text: Text


def scan_in(content: bytes) -> Scan | NoScan:
    """Which kind of scan these bytes are, or why they are none."""
    for start, kind, check in _KINDS:
        if content.startswith(start):
            return check(content) or kind
    zh, en = "不是 PDF、JPG、GIF 或 PNG 文件（按内容判断）", "By its content this is no PDF, JPG, GIF or PNG file"
    return NoScan(code="unknown-kind", text=Text(zh, en))


def _pdf(content: bytes) -> NoScan | None:
    found = _START_XREF.search(content[-_TAIL:])
    if not found or not _XREF.match(content, int(found[1])):
        return _broken("PDF 不完整：结尾没有交叉引用表", "The PDF is not whole: its end names no cross-reference table")
    if b"/Encrypt" in content:
        zh, en = "PDF 已加密，审核人员无法查看；请上传未加密的文件", "The PDF is encrypted, and nobody could review it"
        return NoScan(code="encrypted", text=Text(zh, en))
    return None


def _png(content: bytes) -> NoScan | None:
    """Every chunk is there, with its checksum: the header first, image data, the end last."""
    at, kinds = len(_PNG), []
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        body, end = content[at + 4 : at + 8 + length], at + 12 + length
        if end > len(content) or zlib.crc32(body) != int.from_bytes(content[end - 4 : end], "big"):
            return _cut("PNG")
        kinds.append(body[:4])
        at = end
    whole = kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"] and b"IDAT" in kinds
    return None if whole and _is_drawn(content[16:20], content[20:24]) else _cut("PNG")


def _jpeg(content: bytes) -> NoScan | None:
    """A frame with a size, then a scan of it, then the end of the image."""
    at, framed = 2, False
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            framed = _is_drawn(content[at + 5 : at + 7], content[at + 7 : at + 9])
        if marker == 0xDA:
            return None if framed and b"\xff\xd9" in content[at + length :] else _cut("JPG")
        at += 1 if marker == 0xFF else 2 if marker in _BARE else 2 + length
    return _cut("JPG")


def _gif(content: bytes) -> NoScan | None:
    """Blocks up to the trailer, at least one of them an image."""
    at, drawn = 13 + _colours(content[10:11]), False
    while at < len(content):
        if content[at] == 0x3B:
            return None if drawn else _cut("GIF")
        if content[at] == 0x21:
            at = _after_parts(content, at + 2)
        elif content[at] == 0x2C:
            drawn = _is_drawn(content[at + 5 : at + 7], content[at + 7 : at + 9])
            at = _after_parts(content, at + 11 + _colours(content[at + 9 : at + 10]))
        else:
            break
    return _cut("GIF")


def _colours(flags: bytes) -> int:
    """The bytes of a GIF's table of colours."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _after_parts(content: bytes, at: int) -> int:
    """Where a chain of a GIF's sub-blocks ends; the end of the file if it does not."""
    while at < len(content) and content[at]:
        at += 1 + content[at]
    return at + 1


def _is_drawn(*sides: bytes) -> bool:
    """Whether a picture has a width and a height."""
    return all(any(side) for side in sides)


def _cut(kind: str) -> NoScan:
    return _broken(f"{kind} 图片不完整或已损坏", f"The {kind} picture is damaged, or part of it is missing")


def _broken(zh: str, en: str) -> NoScan:
    return NoScan(code="broken", text=Text(zh, en))


_KINDS: Final[tuple[tuple[bytes, Scan, Callable[[bytes], NoScan | None]], ...]] = (
    (b"%PDF-", PDF, _pdf),
    (b"\xff\xd8\xff", JPEG, _jpeg),
    (b"GIF87a", GIF, _gif),
    (b"GIF89a", GIF, _gif),
    (_PNG, PNG, _png),
)
