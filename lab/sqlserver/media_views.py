"""RESTORE VERIFYONLY, HEADERONLY, FILELISTONLY, LABELONLY: what a backup file says of itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lab.sqlserver.backup_words import Words, words_of
from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import kind_of, send
from lab.sqlserver.media import Found, data_of, sets_in
from lab.sqlserver.restore import chosen
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.sqlserver.store import PAGE
from lab.sqlserver.texts import say
from lab.tds.answers import Answer, Columns, Done, Message, Row, Verb

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

_G, _N, _D = "uniqueidentifier", "nvarchar(128)", "numeric(25,0)"
_HEADER = (
    f"BackupName {_N}|BackupDescription nvarchar(255)|BackupType smallint|ExpirationDate datetime|Compressed tinyint|"
    f"Position smallint|DeviceType tinyint|UserName {_N}|ServerName {_N}|DatabaseName {_N}|DatabaseVersion int|"
    f"DatabaseCreationDate datetime|BackupSize numeric(20,0)|FirstLSN {_D}|LastLSN {_D}|CheckpointLSN {_D}|"
    f"DatabaseBackupLSN {_D}|BackupStartDate datetime|BackupFinishDate datetime|SortOrder smallint|CodePage smallint|"
    "UnicodeLocaleId int|UnicodeComparisonStyle int|CompatibilityLevel tinyint|SoftwareVendorId int|"
    "SoftwareVersionMajor int|SoftwareVersionMinor int|SoftwareVersionBuild int|"
    f"MachineName {_N}|Flags int|BindingID {_G}|RecoveryForkID {_G}|Collation {_N}|FamilyGUID {_G}|"
    "HasBulkLoggedData bit|IsSnapshot bit|IsReadOnly bit|IsSingleUser bit|HasBackupChecksums bit|IsDamaged bit|"
    f"BeginsLogChain bit|HasIncompleteMetaData bit|IsForceOffline bit|IsCopyOnly bit|FirstRecoveryForkID {_G}|"
    f"ForkPointLSN {_D}|RecoveryModel nvarchar(60)|DifferentialBaseLSN {_D}|DifferentialBaseGUID {_G}|"
    f"BackupTypeDescription nvarchar(60)|BackupSetGUID {_G}|CompressedBackupSize bigint|Containment tinyint|"
    "KeyAlgorithm nvarchar(32)|EncryptorThumbprint varbinary(20)|EncryptorType nvarchar(32)"
)
_FILES = (
    f"LogicalName {_N}|PhysicalName nvarchar(260)|Type varchar(1)|FileGroupName {_N}|Size numeric(20,0)|"
    f"MaxSize numeric(20,0)|FileId bigint|CreateLSN {_D}|DropLSN {_D}|UniqueId {_G}|ReadOnlyLSN {_D}|"
    f"ReadWriteLSN {_D}|BackupSizeInBytes bigint|SourceBlockSize int|FileGroupId int|LogGroupGUID {_G}|"
    f"DifferentialBaseLSN {_D}|DifferentialBaseGUID {_G}|IsReadOnly bit|IsPresent bit|TDEThumbprint varbinary(32)|"
    "SnapshotUrl nvarchar(360)"
)
_LABEL = (
    f"MediaName {_N}|MediaSetId {_G}|FamilyCount int|FamilySequenceNumber int|MediaFamilyId {_G}|"
    "MediaSequenceNumber int|MediaLabelPresent tinyint|MediaDescription nvarchar(255)|SoftwareName nvarchar(128)|"
    "SoftwareVendorId int|MediaDate datetime|Mirror_Count int|IsCompressed bit"
)
_VENDOR = 4608


def look(session: "LabSession", scope: Scope, statement: Plain) -> Iterator[Answer]:
    """Raises SqlError 3201, 3203, 3241, 3187, 3021-free: reading is allowed in a transaction too."""
    words = words_of(statement, scope, *_READ)
    try:
        if not session.server.rights.may_restore(session.account, None):
            raise SqlError(262, "CREATE DATABASE", "master")
        yield from _READ[words.verb](session, words)
    except SqlError as error:
        short = "VERIFY DATABASE" if words.verb.endswith("VERIFYONLY") else words.verb.replace("ONLY", " ONLY")
        short = {"RESTORE HEADER ONLY": "RESTORE HEADERONLY"}.get(short, short)
        raise error.within(short) from error


def _verify(session: "LabSession", words: Words) -> Iterator[Answer]:
    path, found = chosen(session, words)
    if "CHECKSUM" in words.flags and not found.said.checksums:
        raise SqlError(3187)
    data_of(path, words.disk, found)
    session.record("verify", found.said.database, file=words.disk, position=found.position)
    text = say(session.language, 3262, found.position)
    yield Message(number=3262, severity=0, state=1, text=text)
    yield Done()


def _header(session: "LabSession", words: Words) -> Iterator[Answer]:
    found = sets_in(session.server.disk.path(words.disk), words.disk)
    yield from _result(_HEADER, [_header_row(f) for f in found])


def _header_row(found: Found) -> dict[str, Any]:
    said = found.said
    return {
        "BackupName": said.name or None, "BackupDescription": said.description or None, "BackupType": 1,
        "Compressed": int(said.compressed), "Position": found.position, "DeviceType": 2, "UserName": said.user,
        "ServerName": said.server, "DatabaseName": said.database, "DatabaseVersion": said.database_version,
        "DatabaseCreationDate": said.created, "BackupSize": said.size, "BackupStartDate": said.started,
        "BackupFinishDate": said.finished, "CompatibilityLevel": said.compatibility, "SoftwareVendorId": _VENDOR,
        "SoftwareVersionMajor": said.version[0], "SoftwareVersionMinor": said.version[1],
        "SoftwareVersionBuild": said.version[2], "MachineName": said.server, "Flags": 512, "Collation": said.collation,
        "FamilyGUID": said.family, "IsSingleUser": int(said.access == "SINGLE_USER"),
        "HasBackupChecksums": int(said.checksums), "IsCopyOnly": int(said.copy_only), "RecoveryModel": said.recovery,
        "BackupTypeDescription": "Database", "BackupSetGUID": said.uuid, "CompressedBackupSize": found.stored,
        "HasBulkLoggedData": 0, "IsSnapshot": 0, "IsReadOnly": 0, "IsDamaged": 0, "BeginsLogChain": 0,
        "HasIncompleteMetaData": 0, "IsForceOffline": 0, "Containment": 0, "BindingID": said.family,
        "RecoveryForkID": said.family, "FirstRecoveryForkID": said.family,
    }  # fmt: skip


def _file_list(session: "LabSession", words: Words) -> Iterator[Answer]:
    _, found = chosen(session, words)
    rows = []
    for number, file in enumerate(found.said.files, start=1):
        data = file["type"] == "ROWS"
        size = found.said.size if data else PAGE
        rows.append(
            {
                "LogicalName": file["logical"],
                "PhysicalName": file["physical"],
                "Type": "D" if data else "L",
                "FileGroupName": "PRIMARY" if data else None,
                "Size": size,
                "MaxSize": 35184372080640,
                "FileId": number,
                "BackupSizeInBytes": size if data else 0,
                "SourceBlockSize": 512,
                "FileGroupId": int(data),
                "IsReadOnly": 0,
                "IsPresent": 1,
            }
        )
    yield from _result(_FILES, rows)


def _label(session: "LabSession", words: Words) -> Iterator[Answer]:
    found = sets_in(session.server.disk.path(words.disk), words.disk)[0]
    row = {
        "MediaSetId": found.said.media, "FamilyCount": 1, "FamilySequenceNumber": 1, "MediaFamilyId": found.said.media,
        "MediaSequenceNumber": 1, "MediaLabelPresent": 0, "SoftwareName": "yunwei lab", "SoftwareVendorId": _VENDOR,
        "MediaDate": found.said.started, "Mirror_Count": 1, "IsCompressed": int(found.said.compressed),
    }  # fmt: skip
    yield from _result(_LABEL, [row])


def _result(columns: str, rows: list[dict[str, Any]]) -> Iterator[Answer]:
    pairs = [part.split(" ") for part in columns.split("|")]
    kinds = [kind_of(kind) for _, kind in pairs]
    yield Columns(columns=tuple(k.column(name) for (name, _), k in zip(pairs, kinds, strict=True)))
    for row in rows:
        yield Row(tuple(send(row.get(name), k) for (name, _), k in zip(pairs, kinds, strict=True)))
    yield Done(verb=Verb.SELECT, count=len(rows))


_READ = {
    "RESTORE VERIFYONLY": _verify,
    "RESTORE HEADERONLY": _header,
    "RESTORE FILELISTONLY": _file_list,
    "RESTORE LABELONLY": _label,
}
