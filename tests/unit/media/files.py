"""Writes the files that the tests judge: tape-format backups as SQL Server lays them out, and packages of DacFx."""

import hashlib
import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import xor

WHEN = datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001  the format has no zone
NAMESPACE = "http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02"


class Counting(io.BytesIO):
    """A file that knows how many bytes were read from it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def packed(when: datetime) -> bytes:
    bits = when.year << 26 | when.month << 22 | when.day << 17 | when.hour << 12 | when.minute << 6 | when.second
    return bits.to_bytes(5, "big")


def with_checksum(raw: bytes) -> bytes:
    """The header with the exclusive or of its words as its last word."""
    return raw + struct.pack("<H", reduce(xor, struct.unpack(f"<{len(raw) // 2}H", raw)))


def stream(kind: bytes, data: bytes = b"") -> bytes:
    raw = with_checksum(struct.pack("<4sHHQHH", kind, 0, 0, len(data), 0, 0)) + data
    return raw + bytes(-len(raw) % 4)


def block(kind: bytes, fields: bytes = b"", texts: Mapping[int, str] | None = None, streams: bytes = b"") -> bytes:
    """A descriptor block: `fields` follow the common header; `texts` go behind them, addressed at the given offsets."""
    raw = bytearray(52) + fields
    for at, text in (texts or {}).items():
        data = text.encode("utf-16-le")
        struct.pack_into("<HH", raw, at, len(data), len(raw))
        raw += data
    raw += bytes(-len(raw) % 4)
    head = struct.pack("<4sIHBBQQQIIHHBB", kind, 0, len(raw), 14, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0)
    raw[:52] = with_checksum(head)
    whole = bytes(raw) + streams
    room = -(len(whole) + 22) % 512
    return whole + with_checksum(struct.pack("<4sHHQHH", b"SPAD", 0, 0, room, 0, 0)) + bytes(room)


def filemark() -> bytes:
    head = struct.pack("<4sIHBBQQQIIHHBB", b"SFMB", 1 << 31, 512, 14, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    return with_checksum(head).ljust(512, b"\0")


@dataclass(kw_only=True)
class Backup:
    """One backup set as SQL Server would describe it."""

    type: str = "D"
    database: str = "账套一"
    server: str = "SQL01\\ERP"
    machine: str = "SQL01"
    software: tuple[int, int, int] = (13, 0, 5081)
    version: int = 852
    flags: int = 0x210
    password: str = ""
    name: str = "nightly"
    attributes: int = 4
    data: bytes = b"\1" * 9_000
    files: tuple[tuple[str, str, int], ...] = (("erp", "D:\\data\\erp.mdf", 8 << 20), ("log", "D:\\erp.ldf", 1 << 20))


@dataclass(kw_only=True)
class Tape:
    """A device with its sets."""

    sets: list[Backup] = field(default_factory=lambda: [Backup()])
    software: str = "Microsoft SQL Server"
    password: str = ""
    sequence: int = 1
    families: int = 1
    family: int = 1

    def write(self) -> bytes:
        return self.head() + b"".join(_set(s, n) for n, s in enumerate(self.sets, 1))

    def head(self) -> bytes:
        fields = bytearray(42)
        struct.pack_into("<IIHHHH", fields, 0, 0xBEEF, 5, self.sequence, 0, 1, 3)
        struct.pack_into("<HH5sB", fields, 32, 1024, 0x1200, packed(WHEN), 1)
        texts = {80: self.software} | ({76: self.password} if self.password else {})
        raid = bytes(range(16)) + struct.pack("<IHHHHI", 0xF00000AD, self.families, 1, self.family, 0, 0x10000)
        return block(b"TAPE", bytes(fields), texts, stream(b"RAID", raid)) + filemark()


def _set(backup: Backup, number: int) -> bytes:
    fields = bytearray(46)
    struct.pack_into("<IHHHH", fields, 0, backup.attributes, 0, 0, 0x1200, number)
    fields[36:41] = packed(WHEN)
    texts = {64: backup.name, 76: "erp\\dba"} | ({72: backup.password} if backup.password else {})
    start = block(b"SSET", bytes(fields), texts)
    volume = block(b"VOLB", bytes(21), {56: "D:", 64: backup.machine})
    opening = block(b"MSCI", bytes(4), None, stream(b"MQCI", configuration(backup, finished=False)))
    data = block(b"MSDA", bytes(8), None, stream(b"APAD", b"\0" * 30) + stream(b"MQDA", backup.data) + stream(b"MQDA"))
    log = block(b"MSTL", bytes(8), None, stream(b"MQTL", b"\2" * 700))
    closing = block(b"MSLS", bytes(4), None, stream(b"MQCI", configuration(backup, finished=True)))
    pages = b"" if backup.type == "L" else data
    end = block(b"ESET", bytes(36)) + block(b"ESET", bytes(36))
    return start + volume + opening + pages + log + closing + filemark() + end + filemark()


def configuration(backup: Backup, *, finished: bool) -> bytes:
    names = [backup.database.encode("utf-16-le"), backup.server.encode("utf-16-le")]
    scin = bytearray(364) + names[0] + names[1]
    struct.pack_into("<4sII", scin, 0, b"SCIN", len(scin), backup.flags)
    struct.pack_into("<HBB", scin, 24, backup.software[2], backup.software[1], backup.software[0])
    for place, number in enumerate((153, 169, 153, 74)):
        struct.pack_into("<IIH", scin, 32 + 10 * place, 21, number, 37)
    scin[72:82] = packed(WHEN) * 2
    scin[82:87] = packed(WHEN.replace(minute=9)) if finished else bytes(5)
    scin[87:88] = backup.type.encode()
    scin[91] = 100
    struct.pack_into("<H", scin, 94, backup.version)
    struct.pack_into("<HHHH", scin, 104, len(names[0]), 364, len(names[1]), 364 + len(names[0]))
    files = b"".join(_file(n, *f) for n, f in enumerate(backup.files, 1))
    return bytes(scin) + struct.pack("<4sI", b"SFGI", 12) + bytes(4) + files


def _file(number: int, logical: str, physical: str, size: int) -> bytes:
    texts = [logical.encode("utf-16-le"), physical.encode("utf-16-le")]
    raw = bytearray(100) + texts[0] + texts[1]
    struct.pack_into("<4sI12xI16xQHHHH", raw, 0, b"SFIN", len(raw), number, size, 0, 0, 0, 0)
    struct.pack_into("<HHHH", raw, 48, len(texts[0]), 100, len(texts[1]), 100 + len(texts[0]))
    return bytes(raw)


MODEL = f"""<?xml version="1.0" encoding="utf-8"?>
<DataSchemaModel FileFormatVersion="1.2" SchemaVersion="2.9"
 DspName="Microsoft.Data.Tools.Schema.Sql.Sql130DatabaseSchemaProvider" xmlns="{NAMESPACE}">
<Model><Element Type="SqlTable" Name="[dbo].[账]"><Element Type="SqlSimpleColumn" Name="[dbo].[账].[id]" />
</Element>@</Model></DataSchemaModel>"""


def model(more: str = "") -> bytes:
    return MODEL.replace("@", more).encode()


@dataclass(kw_only=True)
class Dac:
    """A package; the extra parts come last and may overwrite the usual ones."""

    model: bytes = field(default_factory=model)
    contains_data: str = "true"
    checksum: str | None = None
    rows: int = 2
    data: Mapping[str, bytes] = field(
        default_factory=lambda: {"Data/dbo.%E8%B4%A6/TableData-000-00000.BCP": b"\1" * 99}
    )
    without: tuple[str, ...] = ()
    more: Mapping[str, bytes] = field(default_factory=dict)

    def parts(self) -> dict[str, bytes]:
        parts = {
            "[Content_Types].xml": b"<Types/>",
            "DacMetadata.xml": b"<DacType xmlns='x'><Name>erp</Name><Version>1.0</Version></DacType>",
            "Origin.xml": self.origin(),
            "model.xml": self.model,
            **self.data,
            **self.more,
        }
        return {name: data for name, data in parts.items() if name not in self.without}

    def origin(self) -> bytes:
        checksum = hashlib.sha256(self.model).hexdigest().upper() if self.checksum is None else self.checksum
        sums = f'<Checksums><Checksum Uri="/model.xml">{checksum}</Checksum></Checksums>' if checksum else ""
        return (
            f"<DacOrigin xmlns='{NAMESPACE}'><PackageProperties><Version>3.1.0.0</Version>"
            f"<ContainsExportedData>{self.contains_data}</ContainsExportedData></PackageProperties>"
            "<Operation><ProductName>Microsoft.SqlServer.Dac</ProductName><ProductVersion>162.2.111.2</ProductVersion>"
            "</Operation><Server><ServerVersion>Microsoft SQL Server 2016</ServerVersion></Server>"
            f"<ExportStatistics><SourceDatabaseSize>2048</SourceDatabaseSize><TableRowCountTotalTag>{self.rows}"
            f"</TableRowCountTotalTag></ExportStatistics>{sums}</DacOrigin>"
        ).encode()

    def write(self) -> bytes:
        return zipped(self.parts())


def zipped(parts: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return file.getvalue()
