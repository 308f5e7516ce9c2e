"""What a file is by its first bytes, whatever its name says."""

from enum import StrEnum

from domain.text import Text

HEAD = 8_192
PAGE = 8_192


class Kind(StrEnum):
    """What an uploaded file turned out to be."""

    PLAIN_BACKUP = "plain-backup"
    COMPRESSED_BACKUP = "compressed-backup"
    BACPAC = "bacpac"
    DACPAC = "dacpac"
    DATABASE_FILE = "mdf"
    ZIP = "zip"
    GZIP = "gzip"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    OTHER_ARCHIVE = "archive"
    EXECUTABLE = "executable"
    TEXT = "text"
    EMPTY = "empty"
    ZEROS = "zeros"
    UNKNOWN = "unknown"


CALLED: dict[Kind, Text] = {
    Kind.PLAIN_BACKUP: Text("SQL Server 备份", "a SQL Server backup"),
    Kind.COMPRESSED_BACKUP: Text("压缩的 SQL Server 备份", "a compressed SQL Server backup"),
    Kind.BACPAC: Text("BACPAC 包", "a BACPAC package"),
    Kind.DACPAC: Text("DACPAC 包", "a DACPAC package"),
    Kind.DATABASE_FILE: Text("数据库数据文件 (.mdf/.ndf)", "a data file of a database (.mdf/.ndf)"),
    Kind.ZIP: Text("ZIP 压缩包", "a zip archive"),
    Kind.GZIP: Text("gzip 压缩文件", "a gzip file"),
    Kind.SEVEN_ZIP: Text("7z 压缩包", "a 7z archive"),
    Kind.RAR: Text("RAR 压缩包", "a RAR archive"),
    Kind.OTHER_ARCHIVE: Text("压缩文件", "a compressed file"),
    Kind.EXECUTABLE: Text("可执行程序", "an executable program"),
    Kind.TEXT: Text("文本文件", "a text file"),
    Kind.EMPTY: Text("空文件", "an empty file"),
    Kind.ZEROS: Text("开头全是零的文件", "a file that begins with nothing but zeros"),
    Kind.UNKNOWN: Text("无法识别的文件", "a file of no kind we know"),
}

_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"TAPE", Kind.PLAIN_BACKUP),
    (b"MSSQLBAK", Kind.COMPRESSED_BACKUP),
    (b"PK\3\4", Kind.ZIP),
    (b"PK\5\6", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"BZh", Kind.OTHER_ARCHIVE),
    (b"\xfd7zXZ\0", Kind.OTHER_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.OTHER_ARCHIVE),
    (b"MSCF", Kind.OTHER_ARCHIVE),
    (b"MZ", Kind.EXECUTABLE),
    (b"\x7fELF", Kind.EXECUTABLE),
)


def sniff(head: bytes, size: int) -> Kind:
    """The kind that the first bytes (up to `HEAD`) of a file of `size` bytes give away; a zip may yet be a package."""
    if not size:
        return Kind.EMPTY
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    # Page 0 of a data file: page header version 1, page type 15 (file header).
    if head.startswith(b"\x01\x0f") and size % PAGE == 0:
        return Kind.DATABASE_FILE
    if not any(head):
        return Kind.ZEROS
    return Kind.TEXT if _is_text(head) else Kind.UNKNOWN


def _is_text(head: bytes) -> bool:
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return any(_reads_as(head, encoding) for encoding in (("utf-16",) if wide else ("utf-8-sig", "gb18030")))


def _reads_as(head: bytes, encoding: str) -> bool:
    # The cut may fall into a character: its last bytes are no reason to doubt the rest.
    text = head.decode(encoding, "replace").removesuffix("\ufffd")
    return bool(text) and not any(c == "\ufffd" or (c < " " and c not in "\t\r\n\f\x1b") for c in text)
