"""Uploaded backups are judged by their own bytes: what they say is told, and what is useless says why."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from media.backup import BUDGET, Ending, read_media
from media.configuration import BackupType
from media.recognition import ASK_OF_BACKUP, Recognition, Target, recognise
from media.sniff import Kind
from media.window import Window
from tests.unit.media.files import WHEN, Backup, Counting, Tape, block, filemark, stream, with_checksum

pytestmark = pytest.mark.req("DC-7")


def judged(data: bytes, name: str = "erp.bak", target: Target | None = None) -> Recognition:
    return recognise(io.BytesIO(data), name=name, size=len(data), target=target or Target())


def codes(recognition: Recognition) -> list[str]:
    return [fault.code for fault in recognition.refusals]


def test_a_whole_full_backup_is_accepted_and_the_server_is_still_asked() -> None:
    recognition = judged(Tape().write(), "D:\\upload\\ERP.BAK")
    assert (recognition.kind, recognition.accepted, recognition.ask) == (Kind.PLAIN_BACKUP, True, ASK_OF_BACKUP)
    assert recognition.remarks == ()


def test_a_backup_tells_database_server_version_and_dates() -> None:
    media = judged(Tape().write()).media
    assert media is not None
    assert (media.software, media.families, media.family, media.ending) == (
        "Microsoft SQL Server", 1, 1, Ending.COMPLETE,
    )  # fmt: skip
    (only,) = media.sets
    told = only.configuration
    assert told is not None
    assert (only.number, only.name, only.user, only.machine) == (1, "nightly", "erp\\dba", "SQL01")
    assert (told.type, told.database, told.server) == (BackupType.FULL, "账套一", "SQL01\\ERP")
    assert (told.software, told.database_version, told.compatibility) == ((13, 0, 5081), 852, 100)
    assert (told.started, told.finished) == (WHEN, WHEN.replace(minute=9))
    assert (told.first_lsn, told.database_backup_lsn) == ("21000000015300037", "21000000007400037")
    assert told.has_checksums is True
    assert [(f.number, f.logical, f.physical, f.size) for f in told.files] == [
        (1, "erp", "D:\\data\\erp.mdf", 8 << 20),
        (2, "log", "D:\\erp.ldf", 1 << 20),
    ]


def without_configuration(data: bytes) -> bytes:
    return data.replace(b"SCIN", b"SCIX")


HOSTILE: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "a log backup": (lambda: Tape(sets=[Backup(type="L")]).write(), ["log-backup"]),
    "a differential backup": (lambda: Tape(sets=[Backup(type="I", attributes=8)]).write(), ["differential-backup"]),
    "a file backup": (lambda: Tape(sets=[Backup(type="F")]).write(), ["partial-backup"]),
    "a partial backup": (lambda: Tape(sets=[Backup(type="P")]).write(), ["partial-backup"]),
    "a type nobody knows": (lambda: Tape(sets=[Backup(type="?")]).write(), ["type-unknown"]),
    "no configuration": (lambda: without_configuration(Tape().write()), ["type-unknown"]),
    "a stripe alone": (lambda: Tape(families=3, family=2).write(), ["stripe"]),
    "a second volume": (lambda: Tape(sequence=2).write(), ["later-volume"]),
    "a media password": (lambda: Tape(password="geheim").write(), ["password"]),
    "a set password": (lambda: Tape(sets=[Backup(password="geheim")]).write(), ["password"]),
    "a damaged source": (lambda: Tape(sets=[Backup(flags=0x230)]).write(), ["made-despite-errors"]),
    "another program's tape": (lambda: Tape(software="NTBackup").write(), ["not-sql-server"]),
    "a label without sets": (lambda: Tape(sets=[]).write(), ["truncated"]),
    "an end without a set": (
        lambda: Tape(sets=[]).write() + block(b"ESET", bytes(36)) + filemark(),
        ["no-set"],
    ),
    "half a file": (lambda: Tape().write()[:9_000], ["truncated"]),
    "all but the last filemark": (lambda: Tape().write()[:-512], ["truncated"]),
    "one byte less": (lambda: Tape().write()[:-1], ["truncated"]),
    "a label cut short": (lambda: Tape().write()[:300], ["truncated"]),
    "four bytes": (lambda: b"TAPE", ["truncated"]),
    "text after the word TAPE": (lambda: b"TAPE" + b"x" * 5_000, ["damaged-header"]),
    "a bit of the label turned": (lambda: flipped(Tape().write(), 10), ["damaged-header"]),
    "a bit of the set's block turned": (lambda: flipped(Tape().write(), 1_024 + 10), ["damaged"]),
    "a note at the end": (lambda: Tape().write() + b"restored by Li" * 9, ["trailing-bytes"]),
    "a stream beyond the end": (lambda: longer_stream(Tape().write(), b"MQDA"), ["truncated"]),
    "a stream of 2^64 - 1 bytes": (lambda: longer_stream(Tape().write(), b"MQCI", 2**64 - 1), ["truncated"]),
    "nothing": (lambda: b"", ["empty"]),
    "zeros": (lambda: bytes(70_000), ["zeros"]),
}  # fmt: skip


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


def longer_stream(data: bytes, kind: bytes, size: int = 1 << 40) -> bytes:
    """The first stream of that kind claims to be `size` bytes long, with a checksum that holds."""
    at = data.index(kind)
    head = struct.pack("<4sHHQHH", kind, 0, 0, size, 0, 0)
    return data[:at] + with_checksum(head) + data[at + 22 :]


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_restored_alone_is_refused_with_its_reason(what: str) -> None:
    write, expected = HOSTILE[what]
    recognition = judged(write())
    assert codes(recognition) == expected
    assert recognition.ask == ()
    for fault in recognition.refusals:
        assert fault.path == "file"
        assert fault.text.zh
        assert fault.text.en.endswith(".")
        assert "{" not in fault.text.zh + fault.text.en


def test_the_reason_names_the_database_in_both_languages() -> None:
    (fault,) = judged(Tape(sets=[Backup(type="L")]).write()).refusals
    assert fault.text.zh.startswith("这是数据库“账套一”的日志备份")
    assert fault.text.en.startswith('This is a log backup of "账套一"')
    assert "BACKUP DATABASE" in fault.text.zh


def test_every_reason_is_told_not_only_the_first() -> None:
    recognition = judged(
        Tape(families=2, password="p", sets=[Backup(type="L", version=957)]).write(),
        target=Target(database_version=904),
    )
    assert codes(recognition) == ["stripe", "password", "log-backup", "newer-version"]


@pytest.mark.parametrize(("newest", "expected"), [(None, []), (852, []), (904, []), (851, ["newer-version"])])
def test_a_backup_from_a_newer_server_is_refused_by_its_internal_version(
    newest: int | None, expected: list[str]
) -> None:
    assert codes(judged(Tape().write(), target=Target(database_version=newest))) == expected


def test_of_several_sets_the_newest_full_one_counts() -> None:
    sets = [Backup(version=661), Backup(database="二"), Backup(type="I", attributes=8), Backup(type="L")]
    recognition = judged(Tape(sets=sets).write())
    assert recognition.accepted
    assert recognition.media is not None
    assert [s.type for s in recognition.media.sets] == list("DDIL")
    assert [r.en for r in recognition.remarks] == ["There are 4 sets; number 2 would be restored."]


def test_zeros_up_to_the_block_size_of_a_device_belong_to_the_backup() -> None:
    assert judged(Tape().write() + bytes(65_536)).accepted


@pytest.mark.parametrize("larger", [1_024, 4_096, 65_536])
def test_a_device_with_larger_blocks_has_longer_filemarks(larger: int) -> None:
    data = Tape().write().replace(filemark(), filemark().ljust(larger, b"\0"))
    assert judged(data).accepted


def test_what_the_file_does_not_tell_is_said() -> None:
    recognition = judged(Tape(sets=[Backup(database="", server="", version=0)]).write())
    assert recognition.accepted
    assert recognition.media is not None
    told = recognition.media.sets[0].configuration
    assert told is not None
    assert (told.database, told.server, told.database_version, told.software) == (None, None, None, None)
    assert recognition.remarks[0].en == "The file does not tell: the database, the server, the version."


def test_a_backup_with_more_streams_than_we_follow_is_judged_by_its_tail() -> None:
    many = Tape().write().replace(stream(b"MQDA"), stream(b"MQDA") * 20_033)
    recognition = judged(many)
    assert recognition.accepted
    assert [r.en for r in recognition.remarks] == ["Not all backup sets could be read."]
    assert codes(judged(many[:-512])) == ["end-unknown"]


def test_a_backup_without_checksums_is_accepted_with_a_remark() -> None:
    recognition = judged(Tape(sets=[Backup(flags=0x200)]).write())
    assert recognition.accepted
    assert "no checksums" in recognition.remarks[0].en


def test_a_good_backup_under_a_wrong_name_is_refused() -> None:
    recognition = judged(Tape().write(), "erp.bacpac")
    assert codes(recognition) == ["in-disguise"]
    assert "内容却是SQL Server 备份" in recognition.refusals[0].text.zh


DISGUISED: dict[str, tuple[bytes, Kind, str]] = {
    "gzip": (b"\x1f\x8b\x08" + bytes(99), Kind.GZIP, "in-disguise"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), Kind.SEVEN_ZIP, "in-disguise"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(99), Kind.RAR, "in-disguise"),
    "xz": (b"\xfd7zXZ\0" + bytes(99), Kind.OTHER_ARCHIVE, "in-disguise"),
    "a program": (b"MZ\x90\0" + bytes(99), Kind.EXECUTABLE, "in-disguise"),
    "a data file": (b"\x01\x0f\0\0".ljust(16_384, b"\0"), Kind.DATABASE_FILE, "in-disguise"),
    "a script": ("-- 备份\nSELECT 1".encode(), Kind.TEXT, "in-disguise"),
    "a script in GBK": ("-- 备份\nSELECT 1".encode("gbk"), Kind.TEXT, "in-disguise"),
    "a pointer to large storage": (b"version https://git-lfs.github.com/spec/v1\n", Kind.TEXT, "in-disguise"),
    "noise": (bytes(range(256)) * 40, Kind.UNKNOWN, "not-a-backup"),
}  # fmt: skip


@pytest.mark.parametrize("what", DISGUISED)
def test_other_files_named_bak_are_called_what_they_are(what: str) -> None:
    data, kind, code = DISGUISED[what]
    recognition = judged(data)
    assert (recognition.kind, codes(recognition)) == (kind, [code])
    assert recognition.called.zh in recognition.refusals[0].text.zh


def test_a_compressed_backup_is_left_to_the_server_and_that_is_said() -> None:
    recognition = judged(b"MSSQLBAK" + struct.pack("<II", 2, 1) + bytes(8_000))
    assert (recognition.kind, recognition.accepted, recognition.ask) == (Kind.COMPRESSED_BACKUP, True, ASK_OF_BACKUP)
    assert "only a server can tell" in recognition.remarks[0].en
    assert codes(judged(b"MSSQLBAK" + bytes(100))) == ["truncated"]


def test_a_chain_without_end_stops_at_our_limits_and_is_refused() -> None:
    data = Tape(sets=[]).write() + filemark() * 5_000
    recognition = judged(data)
    assert codes(recognition) == ["end-unknown"]
    assert recognition.media is not None
    assert not recognition.media.all_sets_seen


def test_a_long_chain_with_its_end_in_place_counts_as_complete() -> None:
    middle = filemark() * 5_000
    whole = Tape().write()
    media = read_media(Window(io.BytesIO(whole + middle + whole[-1_536:]), len(whole + middle) + 1_536, BUDGET))
    assert media.ending is Ending.COMPLETE


def test_a_large_backup_costs_a_few_kilobytes_of_reading() -> None:
    data = Tape(sets=[replace(Backup(), data=bytes(20_000_000))]).write()
    file = Counting(data)
    assert recognise(file, name="erp.bak", size=len(data)).accepted
    assert file.taken < 40_000
