"""A .bacpac or .dacpac is opened only as far as it has proved to be safe, and is checked against its own checksum."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from media.archive import Limits
from media.recognition import Recognition, Target, recognise
from media.sniff import Kind
from media.window import Window
from tests.unit.media.files import Counting, Dac, model, zipped

pytestmark = pytest.mark.req("DC-8")
SMALL = Limits(entries=50, directory=8_192, inflated=4 << 20, ratio=20, slack=1 << 20)


def judged(data: bytes, name: str = "erp.bacpac", platform: int | None = None) -> Recognition:
    file = io.BytesIO(data)
    return recognise(file, name=name, size=len(data), target=Target(platform=platform), limits=SMALL)


def codes(recognition: Recognition) -> list[str]:
    return [fault.code for fault in recognition.refusals]


def test_a_bacpac_is_accepted_and_told_how_to_use() -> None:
    recognition = judged(Dac().write())
    assert (recognition.kind, recognition.accepted, recognition.ask) == (Kind.BACPAC, True, ())
    assert "new, empty database" in recognition.remarks[0].en
    package = recognition.package
    assert package is not None
    assert (package.name, package.rows, package.database_kb, package.product_version) == ("erp", 2, 2048, "162.2.111.2")
    assert (package.model.schema_version, package.model.platform, package.model.tables) == ("2.9", 130, 1)
    assert (package.tables_with_data, package.data_files, package.data_bytes) == (1, 1, 99)
    assert package.server_version == "Microsoft SQL Server 2016"


@pytest.mark.parametrize(("data", "expected"), [({}, "no data: it is no backup"), (None, "can be published")])
def test_a_dacpac_says_whether_it_holds_data(data: dict[str, bytes] | None, expected: str) -> None:
    dac = Dac(contains_data="false") if data is None else Dac(contains_data="false", data=data)
    recognition = judged(dac.write(), "erp.dacpac")
    assert (recognition.kind, recognition.accepted) == (Kind.DACPAC, True)
    assert expected in recognition.remarks[0].en


def test_a_bacpac_renamed_to_dacpac_is_refused() -> None:
    assert codes(judged(Dac().write(), "erp.dacpac")) == ["in-disguise"]
    assert codes(judged(Dac().write(), "erp.bak")) == ["in-disguise"]


def linked() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in Dac().parts().items():
            archive.writestr(name, data)
        info = zipfile.ZipInfo("Data/link")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def directory_of(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, data.rindex(b"PK\5\6") + 16)[0])


def encrypted() -> bytes:
    data = Dac().write()
    return patched(data, directory_of(data) + 8, struct.pack("<H", 1))


def overlapping() -> bytes:
    """The second entry of the directory points at the first one's bytes, under the first one's name."""
    data = zipped({"model.xml": b"a" * 50, "model.xmk": b"a" * 50})
    second = data.index(b"PK\1\2", directory_of(data) + 4)
    return patched(data, second + 42, bytes(4))


def many_at_one_place() -> bytes:
    """Two entries of different names and one local header, as in an overlapping bomb."""
    data = zipped({"model.xml": b"a" * 50, "model.xmk": b"a" * 50})
    second = data.index(b"PK\3\4", 4)
    return patched(data, data.index(b"PK\1\2") + 42, struct.pack("<I", second))


def lying_size() -> bytes:
    """The directory promises fewer bytes of the last entry than there are."""
    data = Dac(more={"Data/x": b"z" * 900_000}).write()
    last = data.rindex(b"PK\1\2")
    return patched(data, last + 24, struct.pack("<I", 10))


def wrong_bytes() -> bytes:
    data = zipped(Dac().parts(), method=zipfile.ZIP_STORED)
    return data.replace(b"\1" * 99, b"\1" * 98 + b"\2")


def with_mark_of_zip64() -> bytes:
    data = Dac().write()
    return patched(data, data.rindex(b"PK\5\6") + 16, b"\xff" * 4)


def moved_directory() -> bytes:
    return b"PK\3\4" + Dac().write()


def upper_case_twin() -> bytes:
    return Dac(more={"MODEL.XML": b"<DataSchemaModel/>"}).write()


def split() -> bytes:
    data = Dac().write()
    return patched(data, data.rindex(b"PK\5\6") + 4, b"\1\0")


def damaged_directory() -> bytes:
    data = Dac().write()
    return patched(data, data.rindex(b"PK\1\2"), b"XX")


def unreadable_name() -> bytes:
    data = Dac(more={"Data/é": b""}).write()
    return data.replace("Data/é".encode(), b"Data/\xff\xff")


BOMB = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;'>]><a>&c;</a>"
ODD = b"<?xml version='1.0' encoding='x-9'?><a/>"
DEEP = b"<DataSchemaModel>" + b"<a>" * 300 + b"</a>" * 300 + b"</DataSchemaModel>"

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a wrong checksum": (lambda: Dac(checksum="00" * 32).write(), "wrong-checksum"),
    "no checksum": (lambda: Dac(checksum="").write(), "no-checksum"),
    "an origin that does not say": (lambda: Dac(contains_data="maybe").write(), "origin-unclear"),
    "rows without data files": (lambda: Dac(data={}).write(), "bacpac-without-data"),
    "no model": (lambda: Dac(without=("model.xml",)).write(), "missing-parts"),
    "no content types": (lambda: Dac(without=("[Content_Types].xml",)).write(), "missing-parts"),
    "some other zip": (lambda: zipped({"erp.bak": b"TAPE"}), "in-disguise"),
    "an empty zip": (lambda: zipped({}), "in-disguise"),
    "a way up": (lambda: Dac(more={"../../evil.dll": b""}).write(), "escaping-name"),
    "a way up in disguise": (lambda: Dac(more={"Data/%2e%2e/%2e%2e/evil": b""}).write(), "escaping-name"),
    "an absolute name": (lambda: Dac(more={"/etc/cron.d/x": b""}).write(), "escaping-name"),
    "a drive": (lambda: Dac(more={"C:evil.dll": b""}).write(), "escaping-name"),
    "backslashes": (lambda: Dac(more={"Data\\..\\x": b""}).write(), "escaping-name"),
    "a line break in a name": (lambda: Dac(more={"Data/a\nb": b""}).write(), "escaping-name"),
    "a twin in capitals": (upper_case_twin, "duplicate-name"),
    "a symbolic link": (linked, "link-entry"),
    "an encrypted entry": (encrypted, "encrypted-entry"),
    "overlapping entries": (overlapping, "overlapping-entries"),
    "two names for one place": (many_at_one_place, "header-disagrees"),
    "too many entries": (lambda: Dac(more={f"Data/{n}": b"" for n in range(60)}).write(), "too-many-entries"),
    "a bomb that says so": (lambda: Dac(more={"Data/x": bytes(3 << 20)}).write(), "bomb"),
    "a bomb that lies": (lying_size, "bomb"),
    "a changed byte": (wrong_bytes, "damaged-entry"),
    "half an archive": (lambda: Dac().write()[:600], "truncated-archive"),
    "bytes behind": (lambda: Dac().write() + b"more", "bytes-after-archive"),
    "a part of an archive in front": (moved_directory, "directory-misplaced"),
    "a mark of zip64 without zip64": (with_mark_of_zip64, "zip64-inconsistent"),
    "an unknown method": (lambda: zipped(Dac().parts(), method=zipfile.ZIP_BZIP2), "unknown-compression"),
    "a part of several": (split, "split-archive"),
    "a damaged directory": (damaged_directory, "directory-damaged"),
    "a name that is no text": (unreadable_name, "unreadable-name"),
    "a long directory": (lambda: Dac(more={f"Data/{n:0200}": b"" for n in range(40)}).write(), "directory-too-large"),
    "entities": (lambda: Dac(more={"DacMetadata.xml": BOMB}).write(), "xml-doctype"),
    "entities in the model": (lambda: Dac(model=BOMB).write(), "xml-doctype"),
    "a model without bottom": (lambda: Dac(model=DEEP).write(), "xml-limits"),
    "a model cut short": (lambda: Dac(model=model()[:300]).write(), "xml-malformed"),
    "a model that is another document": (lambda: Dac(model=b"<html/>").write(), "xml-malformed"),
    "an encoding nobody knows": (lambda: Dac(model=ODD).write(), "xml-malformed"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_or_broken_package_is_refused_with_its_reason(what: str) -> None:
    write, expected = HOSTILE[what]
    recognition = judged(write())
    assert codes(recognition) == [expected]
    assert "{" not in recognition.refusals[0].text.zh + recognition.refusals[0].text.en


def test_an_attribute_without_end_is_refused_before_it_fills_memory() -> None:
    data = Dac(model=b"<DataSchemaModel a='" + b"x" * (6 << 20) + b"'/>").write()
    recognition = recognise(io.BytesIO(data), name="erp.bacpac", size=len(data))
    assert codes(recognition) == ["xml-limits"]


def test_a_model_for_a_newer_server_is_refused() -> None:
    assert codes(judged(Dac().write(), platform=120)) == ["newer-platform"]
    assert codes(judged(Dac().write(), platform=130)) == []


def test_what_azure_rules_would_refuse_is_remarked() -> None:
    more = (
        '<Element Type="SqlAssembly" Name="[clr]"/><Element Type="SqlUser" Name="[ERP\\dba]"/>'
        '<Element Type="SqlView"><References ExternalSource="master.dacpac" Name="[master].[sys].[x]"/></Element>'
    )
    recognition = judged(Dac(model=model(more)).write())
    assert recognition.accepted
    told = " ".join(r.en for r in recognition.remarks[1:])
    assert "CLR assemblies" in told
    assert "Windows users" in told
    assert "other databases" in told


def test_scripts_that_would_run_are_remarked() -> None:
    recognition = judged(Dac(contains_data="false", more={"postdeploy.sql": b"DROP LOGIN x"}).write(), "erp.dacpac")
    assert recognition.accepted
    assert "postdeploy.sql" in recognition.remarks[1].en


def test_a_model_without_tables_is_remarked() -> None:
    recognition = judged(
        Dac(contains_data="false", model=model().replace(b"SqlTable", b"SqlView")).write(), "erp.dacpac"
    )
    assert recognition.accepted
    assert "no table" in recognition.remarks[1].en


def test_a_table_with_a_strange_name_is_no_escape() -> None:
    odd = {"Data/dbo.a%5Cb%2Fc%3A..d/TableData-000-00000.BCP": b"1"}
    assert judged(Dac(data=odd).write()).accepted


def test_a_real_zip64_package_is_read() -> None:
    """As written for packages beyond four gigabytes: the end record defers to its zip64 twin."""
    data = Dac().write()
    end = data.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<8x2xHII", data, end)
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert judged(data[:end] + wide + locator + tail).accepted
    assert codes(judged(data[:end] + wide + patched(locator, 8, b"\1") + tail)) == ["zip64-inconsistent"]


def test_many_small_entries_are_not_too_costly() -> None:
    data = Dac(more={f"Data/dbo.t{n}/TableData-000-00000.BCP": b"1" for n in range(450)}).write()
    recognition = recognise(io.BytesIO(data), name="erp.bacpac", size=len(data))
    assert recognition.accepted
    assert recognition.package is not None
    assert recognition.package.tables_with_data == 451


def test_reading_beyond_the_budget_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.recognition.read_package", spending)
    assert codes(judged(Dac().write())) == ["too-costly"]


def spending(window: Window, entries: object) -> None:
    for _ in range(9):
        window.read(0, window.size)


def test_inspection_reads_each_byte_about_once() -> None:
    data = Dac(more={"Data/dbo.big/TableData-000-00000.BCP": bytes(range(256)) * 2_000}).write()
    file = Counting(data)
    assert recognise(file, name="erp.bacpac", size=len(data)).accepted
    assert file.taken <= 2 * len(data) + 3 * 8_192
