"""The code page behind a collation's five bytes."""

from typing import Final

UTF8: Final = 1 << 26
LCID: Final = 0xFFFFF
DEFAULT: Final = "cp1252"
CODEPAGES: Final = {
    0x0404: "cp950",
    0x0411: "cp932",
    0x0412: "cp949",
    0x0419: "cp1251",
    0x0804: "gbk",
    0x0C04: "cp950",
    0x1004: "gbk",
}


def codec(collation: bytes) -> str:
    """The Python codec of varchar text under this collation."""
    bits = int.from_bytes(collation[:4], "little")
    return "utf-8" if bits & UTF8 else CODEPAGES.get(bits & LCID, DEFAULT)
