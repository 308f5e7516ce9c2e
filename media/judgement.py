"""Refusals and remarks that follow from what a backup or a package tells about itself."""

from domain.errors import Fault
from domain.text import Text
from media.backup import BackupSet, Ending, Media
from media.bacpac import Package
from media.configuration import BackupType
from media.sentences import refusal

KINDS = {
    BackupType.LOG: "log-backup",
    BackupType.DIFFERENTIAL: "differential-backup",
    BackupType.FULL: "",
    None: "type-unknown",
}

WANTED = {
    "database": Text("数据库", "the database"),
    "server": Text("服务器", "the server"),
    "database_version": Text("版本", "the version"),
    "finished": Text("完成时间", "when it was finished"),
}


RUNS_WHEN_LOADED = {
    "SqlAssembly": Text("CLR 程序集", "CLR assemblies"),
    "SqlDatabaseDdlTrigger": Text("数据库级 DDL 触发器", "DDL triggers of the database"),
    "SqlServerDdlTrigger": Text("服务器级触发器", "triggers of the server"),
}


def refusals_of_media(media: Media, size: int, newest: int | None) -> tuple[Fault, ...]:
    """Everything that keeps this device from being restored alone, most fundamental first."""
    if media.software and "SQL Server" not in media.software:
        return (refusal("not-sql-server", software=media.software),)
    found = [*_of_ending(media, size), *_of_place(media)]
    if media.password or any(s.password for s in media.sets):
        found.append(refusal("password"))
    if not media.sets:
        return (*found, refusal("no-set")) if media.ending is Ending.COMPLETE else tuple(found)
    chosen = to_restore(media) or media.sets[-1]
    if chosen.configuration is None and media.ending is not Ending.COMPLETE:
        return tuple(found)  # what the set is stands in the part that is missing
    return (*found, *_of_set(chosen, newest))


def to_restore(media: Media) -> BackupSet | None:
    """The newest full backup on the device: the one that `RESTORE DATABASE … WITH FILE = number` would take."""
    return next((s for s in reversed(media.sets) if s.type is BackupType.FULL and s.ended), None)


def _of_ending(media: Media, size: int) -> list[Fault]:
    if media.trailing:
        return [refusal("trailing-bytes", count=media.trailing)]
    if media.ending is Ending.TRUNCATED:
        return [refusal("truncated", size=size)]
    if media.ending is Ending.DAMAGED:
        return [refusal("damaged", offset=media.sound_bytes)]
    return [refusal("end-unknown")] if media.ending is Ending.UNKNOWN else []


def _of_place(media: Media) -> list[Fault]:
    found = []
    if media.families and media.families > 1:
        found.append(refusal("stripe", families=media.families, family=media.family))
    if media.sequence > 1:
        found.append(refusal("later-volume", sequence=media.sequence))
    return found


def _of_set(chosen: BackupSet, newest: int | None) -> list[Fault]:
    configuration = chosen.configuration
    database = configuration.database if configuration else None
    found = []
    code = KINDS.get(chosen.type, "partial-backup")
    if code:
        found.append(refusal(code, database=database or "?"))
    if configuration and configuration.damaged:
        found.append(refusal("made-despite-errors"))
    version = configuration.database_version if configuration else None
    if newest is not None and version is not None and version > newest:
        software = ".".join(map(str, configuration.software or ())) if configuration else "?"
        found.append(refusal("newer-version", software=software, version=version, newest=newest))
    return found


def remarks_on_media(media: Media) -> tuple[Text, ...]:
    """What does not keep the file out, but should be known before it is restored."""
    found = []
    chosen = to_restore(media)
    if chosen and len(media.sets) > 1:
        zh = f"文件中有 {len(media.sets)} 个备份集；将还原第 {chosen.number} 个。"
        found.append(Text(zh, f"There are {len(media.sets)} sets; number {chosen.number} would be restored."))
    if chosen and chosen.configuration and chosen.configuration.has_checksums is False:
        zh = "备份不含校验和：VERIFYONLY 无法验证数据页。"
        found.append(Text(zh, "The backup has no checksums: VERIFYONLY cannot prove its pages."))
    if not media.all_sets_seen:
        found.append(Text("未能读完全部备份集。", "Not all backup sets could be read."))
    if chosen and (silent := _not_told(chosen)):
        zh = f"文件没有说明：{'、'.join(t.zh for t in silent)}。"
        found.append(Text(zh, f"The file does not tell: {', '.join(t.en for t in silent)}."))
    return tuple(found)


def _not_told(chosen: BackupSet) -> list[Text]:
    told = chosen.configuration
    return [text for name, text in WANTED.items() if told is None or getattr(told, name) is None]


def refusals_of_package(package: Package, newest: int | None) -> tuple[Fault, ...]:
    found = []
    if package.checksum_holds is None:
        found.append(refusal("no-checksum"))
    elif not package.checksum_holds:
        found.append(refusal("wrong-checksum"))
    if package.contains_exported_data is None:
        found.append(refusal("origin-unclear"))
    if package.is_bacpac and package.rows and not package.data_files:
        found.append(refusal("bacpac-without-data", rows=package.rows))
    platform = package.model.platform
    if newest is not None and platform is not None and platform > newest:
        found.append(refusal("newer-platform", platform=platform, newest=newest))
    return tuple(found)


def refusals_of_import(package: Package) -> tuple[Fault, ...]:
    """What must not be loaded into a server: whatever would run with the rights of the one who loads it."""
    found = [refusal("scripts-inside", scripts=", ".join(package.scripts))] if package.scripts else []
    runs = [text for kind, text in RUNS_WHEN_LOADED.items() if kind in package.model.elements]
    if runs:
        names = Text("、".join(t.zh for t in runs), ", ".join(t.en for t in runs))
        found.append(refusal("code-inside", elements=names))
    if not package.is_bacpac and not package.data_files:
        found.append(refusal("schema-only"))
    return tuple(found)


def remarks_on_package(package: Package) -> tuple[Text, ...]:
    """How it can be used, and what an Azure-style export or import would stumble over."""
    found = [_use(package)]
    if not package.model.tables:
        found.append(Text("模型中没有任何表。", "There is no table in the model."))
    if package.scripts:
        names = ", ".join(package.scripts)
        zh = f"含发布时会执行的脚本：{names}；发布前须审核。"
        found.append(Text(zh, f"Has scripts that run when it is published: {names}. Review them first."))
    found += [
        Text(
            f"含{feature.zh}：按 Azure SQL 规则校验时会被拒绝。", f"Has {feature.en}: refused under Azure SQL's rules."
        )
        for feature in package.model.refused_by_azure
    ]
    return tuple(found)


def _use(package: Package) -> Text:
    if package.is_bacpac:
        return Text("可用 Import 导入新的空数据库。", "Can be imported (Import) into a new, empty database only.")
    if package.data_files:
        zh = "含表数据的 DACPAC（ExtractAllTableData）：可用 Publish 发布。"
        return Text(zh, "A DACPAC with table data (ExtractAllTableData): can be published (Publish).")
    return Text(
        "DACPAC 只含结构，不含数据，不能作为备份。", "This DACPAC has the schema only, no data: it is no backup."
    )
