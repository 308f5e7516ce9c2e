"""Restore a data center from a backup or from another data center."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal

from domain.command import Reading
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Takes, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_place, sql_restore
from playbooks.sql_backup import Backup, drop_file
from playbooks.sql_place import ARTIFACT_ID
from playbooks.sql_restore import Restore, way_beside, way_in_place


@dataclass(frozen=True, kw_only=True)
class RestoreDataCenter(Operation):
    """Restore a data center.

    The source is a stored backup, an uploaded file, or another data center of the same enterprise. The target is backed
    up first. By default the source is restored beside the target, checked (DBCC CHECKDB), made safe, and takes the
    target's name; the old database is dropped only once the new one is proven. Everything written to the target since
    the source was backed up is lost.
    """

    name: ClassVar[str] = "restore"
    title: ClassVar[Text] = Text("恢复数据中心", "Restore")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=30),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
        quota_class="restore",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=5),
        misfire=Misfire.SKIP,
        words={
            "waiting": Text("等待恢复中", "waiting to restore"),
            "running": Text("恢复中", "restoring"),
            "succeeded": Text("恢复成功", "restored"),
            "failed": Text("恢复失败", "restore failed"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "artifact": Text("备份或上传文件的编号", "The id of a backup or an uploaded file"),
        "from_data_center": Text(
            "来源数据中心，如 acme/prod/ledger1", "The data center to copy, like acme/prod/ledger1"
        ),
        "how": Text("旁路还原后切换，或就地还原", "Beside and then swapped, or in place"),
        "backup_first": Text("先备份目标", "Back the target up first"),
    }
    example: ClassVar[dict[str, Any]] = {"artifact": "0123456789abcdef"}
    takes_artifacts: ClassVar[dict[str, Takes]] = {"artifact": Takes(kinds=frozenset({"backup", "upload"}))}

    artifact: str = field(default="", metadata={"pattern": ARTIFACT_ID})
    from_data_center: str = field(default="", metadata={"max_length": 130})
    how: Literal["beside", "in-place"] = "beside"
    backup_first: bool = True

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        if bool(self.artifact) == bool(self.from_data_center):
            zh, en = "artifact 与 from_data_center 须且只须填一个", "Give artifact or from_data_center, one of the two"
            yield Fault("params.artifact", Text(zh, en), "one-of")
        if self.how == "in-place" and not self.backup_first:
            zh, en = (
                "就地还原须先备份：这是失败时唯一的退路",
                "In place needs the backup first: it is the only way back",
            )
            yield Fault("params.backup_first", Text(zh, en), "required")
        if self.from_data_center:
            yield from self._source_faults(place)

    def _source_faults(self, place: Place) -> Iterator[Fault]:
        source = sql_place.sibling(place, self.from_data_center)
        if source is None:
            zh = "本企业没有这个数据中心，或它就是恢复目标"
            en = "There is no such data center of this enterprise, or it is the target itself"
            yield Fault("params.from_data_center", Text(zh, en), "unknown")
        else:
            yield from sql_place.no_server(source, "params.from_data_center")

    def warns(self, place: Place) -> Text:
        center = sql_place.data_center(place)
        source = self.artifact or self.from_data_center
        zh = f"{center.title}（数据库 {center.database}）将被 {source} 覆盖，此后写入的一切都会丢失。"
        en = (
            f"{center.title} (database {center.database}) is overwritten with {source}: what was written since is lost."
        )
        first, none = ("覆盖前会先备份。", "It is backed up first."), ("不会先备份！", "There is NO backup first!")
        kept = first if self.backup_first else none
        return Text(zh + kept[0], f"{en} {kept[1]}")

    def plan(self, place: Place) -> Iterator[Step]:
        restore, safety = Restore(place=place), Backup(place=place, word="safety", stays=self.how == "in-place")
        if self.backup_first:
            yield from safety.steps()
        yield from self._source(place, restore)
        yield restore.media(in_place=self.how == "in-place")
        if self.how == "beside":
            yield from way_beside(restore, iter([drop_file(place, restore.word, restore.file)]))
        else:
            files = [drop_file(place, word, f"{{work}}-{word}.bak") for word in (restore.word, safety.word)]
            yield from way_in_place(restore, safety.file, iter(files))

    def _source(self, place: Place, restore: Restore) -> Iterator[Step]:
        """Its file is in the target's exchange folder afterwards."""
        if self.artifact:
            yield restore.fetch(artifact=self.artifact)
            return
        source = sql_place.sibling(place, self.from_data_center)
        if source is None:
            raise ValueError(f"{self.from_data_center} is gone")
        if sql_place.server(source) == sql_place.server(place):
            yield from Backup(place=source, word=restore.word, stays=True).steps()
            return
        copy = Backup(place=source, word="copy")
        yield from copy.steps()
        yield restore.fetch(key=copy.key)

    def estimate(self, place: Place) -> timedelta:
        return self.traits.takes + (timedelta(minutes=15) if self.backup_first else timedelta(0))

    def judge(self, step: Step, reading: Reading) -> Judgement:
        judgement = sql_backup.judged(step, reading) or sql_restore.judged(step, reading)
        if judgement is None:
            raise ValueError(f"restore has no step {step.key!r}")
        return judgement

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return sql_restore.judged_look(step, reading)
